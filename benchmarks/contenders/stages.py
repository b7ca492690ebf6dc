"""The product's own decoder, session and encoder, each alone and on one thread, nothing overlapped.

    python -m contenders.stages CLIP STYLES STYLE PRECISION STAGES

What is left of the product's end-to-end time beyond these is its overhead: host, orchestration, proofs,
publishing, stitching, and whatever painting costs more when stages overlap.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from contenders.stopwatch import Stopwatch
from reelbrush.job import Media, Options
from reelbrush.media.container import path_opener
from reelbrush.media.decode import SegmentReader
from reelbrush.media.encode import SegmentEncoder
from reelbrush.media.limits import Limits
from reelbrush.media.split import split_video
from scoring.probe import open_session
from scoring.styles import load_style


def main() -> None:
    """Paint the clip and write CPU seconds by stage as JSON to STAGES."""
    clip, styles, stages = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[5])
    watch = Stopwatch()
    with watch.of("start"):
        session = open_session(load_style(sys.argv[3], styles).in_precision(sys.argv[4]), "cpu")
    with tempfile.TemporaryDirectory() as scratch:
        opener = path_opener(clip)
        with watch.of("split"):
            split = split_video(opener, Path(scratch), limits=Limits(), options=Options())
        encode = split.encode
        media = Media("clip", split.ordinal, split.stream_index, split.media_colour)
        with SegmentReader(opener, media, split.video, (encode.width, encode.height)) as reader:
            warm = False
            for segment in split.segments:
                times = split.timestamps[segment.first_frame : segment.first_frame + segment.frame_count]
                frames = reader.frames(segment, times)
                with SegmentEncoder(Path(scratch) / f"{segment.index}.mp4", encode) as encoder:
                    while True:
                        with watch.of("decode"):
                            frame = next(frames, None)
                        if frame is None:
                            break
                        if not warm:
                            with watch.of("start"):
                                session.paint(frame[None])
                            warm = True
                        with watch.of("model"):
                            painted = session.paint(frame[None])[0]
                        with watch.of("encode"):
                            encoder.write(painted)
                    with watch.of("encode"):
                        encoder.close()
    watch.write(stages)


if __name__ == "__main__":
    main()
