"""A plain onnxruntime loop in one process: PyAV -> onnxruntime -> x264 medium at CRF 20, no overlap.

    python -m contenders.plain CLIP OUTPUT MODEL STAGES THREADS

What somebody writes who exports the network and stops there: default options of onnxruntime but for the
number of threads. Sound is copied.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from contenders.stopwatch import Stopwatch


def main() -> None:
    """Paint the clip and write CPU seconds by stage as JSON to STAGES."""
    clip, output, model, stages = (Path(argument) for argument in sys.argv[1:5])
    watch = Stopwatch()
    with watch.of("start"):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(sys.argv[5])
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    with av.open(str(clip)) as source, av.open(str(output), "w") as target:
        video = source.streams.video[0]
        stream = target.add_stream(
            "libx264", rate=Fraction(video.average_rate or 25), options={"preset": "medium", "crf": "20"}
        )
        stream.width, stream.height, stream.pix_fmt = video.width, video.height, "yuv420p"
        sound = source.streams.audio[0] if source.streams.audio else None
        copied = target.add_stream_from_template(sound) if sound else None
        decoded = source.decode(video)
        for number in range(sys.maxsize):
            with watch.of("decode"):
                frame = next(decoded, None)
                picture = None if frame is None else frame.to_ndarray(format="rgb24")
            if picture is None:
                break
            with watch.of("model"):
                painted = session.run(None, {"frames": picture[None]})[0][0]
            with watch.of("encode"):
                shown = av.VideoFrame.from_ndarray(np.ascontiguousarray(painted), format="rgb24")
                shown.pts = number
                target.mux(stream.encode(shown))
        with watch.of("encode"):
            target.mux(stream.encode(None))
        with watch.of("mux"):
            if sound is not None and copied is not None:
                source.seek(0)
                for packet in source.demux(sound):
                    if packet.dts is not None:
                        packet.stream = copied
                        target.mux(packet)
    watch.write(stages)


if __name__ == "__main__":
    main()
