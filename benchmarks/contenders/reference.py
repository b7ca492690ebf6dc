"""The reference pipeline: ffmpeg -> JPEG files -> torch, frame by frame -> JPEG files -> ffmpeg.

    python -m contenders.reference CLIP OUTPUT WEIGHTS STAGES THREADS

What is re-created: JPEGs at ffmpeg's default rate, Pillow's default quality on the way back, float32 eager
torch with one picture per call, x264 medium at CRF 20, sound copied in a last step. What is not: its fixed
rate of 30 frames per second, and the distribution over machines, which drops frames.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from contenders.clip import ffmpeg
from contenders.stopwatch import Stopwatch


def main() -> None:
    """Paint the clip and write CPU seconds by stage as JSON to STAGES."""
    clip, output, weights, stages = (Path(argument) for argument in sys.argv[1:5])
    watch = Stopwatch()
    frames, painted = output.with_suffix(".frames"), output.with_suffix(".painted")
    for folder in (frames, painted):
        folder.mkdir()
    with watch.of("decode"):
        ffmpeg("-i", clip, frames / "%05d.jpg")
    with watch.of("start"):
        import torch
        from PIL import Image

        from contenders.network import TransformerNet

        torch.set_num_threads(int(sys.argv[5]))
        torch.set_grad_enabled(False)
        net = TransformerNet().eval()
        net.load_state_dict(torch.load(weights, weights_only=True))
    for file in sorted(frames.iterdir()):
        with watch.of("decode"):
            picture = np.array(Image.open(file))
        with watch.of("model"):
            x = torch.from_numpy(picture).permute(2, 0, 1).contiguous().float().unsqueeze(0)
            stylized = net(x)[0].clamp(0, 255).numpy().transpose(1, 2, 0).astype(np.uint8)
        with watch.of("encode"):
            Image.fromarray(stylized).save(painted / file.name)
    silent = output.with_suffix(".silent.mp4")
    with watch.of("encode"):
        ffmpeg(
            *("-framerate", "25", "-i", painted / "%05d.jpg", "-c:v", "libx264", "-preset", "medium"),
            *("-profile:v", "high", "-crf", "20", "-pix_fmt", "yuv420p", silent),
        )
    with watch.of("mux"):
        ffmpeg("-i", silent, "-i", clip, "-map", "0:v", "-map", "1:a?", "-c", "copy", output)
    watch.write(stages)


if __name__ == "__main__":
    main()
