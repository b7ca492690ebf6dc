"""Bitrate, CPU time and quality of x264's presets on painted pictures: what the pinned preset is chosen by.

    python benchmarks/encoder_table.py [--size 360p] [--frames 24] [--presets LIST] [--crfs LIST]
                                       [--tunes LIST] [--threads LIST] [--json FILE]

Pictures of a clip, painted by a shipped style, are encoded as segments are (one GOP, no B-frames, the same
kernels), conversion to YUV not counted. PSNR and SSIM are of luma, against the YUV that the encoder got.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict, dataclass
from itertools import islice, product
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from contenders.clip import make_clip, sample_film  # noqa: E402
from contenders.machine import describe  # noqa: E402
from contenders.stopwatch import cpu_seconds  # noqa: E402
from video_parts.film import split_film  # noqa: E402

from reelbrush.job.manifest import EncodeSettings  # noqa: E402
from reelbrush.media.kernels import reproducible_kernels  # noqa: E402
from reelbrush.media.to_yuv import YuvConverter  # noqa: E402
from scoring.probe import open_session  # noqa: E402
from scoring.styles import load_style  # noqa: E402

Luma = NDArray[np.float64]  # (H, W)


@dataclass(frozen=True)
class Trial:
    """One way to encode, and what came of it."""

    preset: str
    crf: int
    tune: str  # "" for none
    threads: int
    cpu_ms: float = 0.0  # per frame, the fastest round
    bits: float = 0.0  # per pixel
    psnr: float = 0.0  # dB, luma, of the mean error of all frames
    ssim: float = 0.0  # luma, mean over frames


def painted(size: int, count: int, style: str, folder: Path) -> tuple[list[VideoFrame], EncodeSettings]:
    """Return `count` painted frames as the encoder gets them, and the settings of the film."""
    clip = folder / "clip.mp4"
    make_clip(clip, max(count, 25), size, sample_film(folder / "film.mp4", max(count, 25)))
    film = split_film(clip, folder)
    session = open_session(load_style(style, ROOT / "styles").in_precision("float32"), "cpu")
    converter = YuvConverter(film.manifest.encode)
    with film.reader() as reader:
        frames = [
            converter.convert(session.paint(frame[None])[0]) for frame in islice(film.frames(reader), count)
        ]
    return frames, film.manifest.encode


def encoded(frames: list[VideoFrame], settings: EncodeSettings, trial: Trial) -> list[Packet[Any]]:
    """Encode the frames as SegmentEncoder does, but for what the trial says."""
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height = settings.width, settings.height
    context.pix_fmt, context.time_base = settings.pixel_format, settings.time_base
    context.thread_count = trial.threads
    options = {"preset": trial.preset, "crf": str(trial.crf)} | ({"tune": trial.tune} if trial.tune else {})
    parameters = f"open-gop=0:bframes=0:keyint={settings.gop}"
    context.options = {**options, "x264-params": parameters + reproducible_kernels()}
    packets: list[Packet[Any]] = []
    for number, frame in enumerate(frames):
        frame.pts, frame.time_base = number, settings.time_base
        packets += context.encode(frame)
    return packets + context.encode(None)


def tried(frames: list[VideoFrame], settings: EncodeSettings, trial: Trial, rounds: int) -> Trial:
    """Return the trial with its results."""
    times: list[float] = []
    packets: list[Packet[Any]] = []
    for _ in range(rounds):
        began = cpu_seconds()
        packets = encoded(frames, settings, trial)
        times.append(1e3 * (cpu_seconds() - began) / len(frames))
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, VideoCodecContext)
    shown = [frame for packet in [*packets, None] for frame in decoder.decode(packet)]
    pairs = [(luma(one), luma(other)) for one, other in zip(frames, shown, strict=True)]
    error = float(np.mean([np.mean((one - other) ** 2) for one, other in pairs]))
    bits = 8 * sum(packet.size for packet in packets) / (len(frames) * settings.width * settings.height)
    psnr = 10 * float(np.log10(255**2 / error))
    similar = float(np.mean([ssim(one, other) for one, other in pairs]))
    return Trial(trial.preset, trial.crf, trial.tune, trial.threads, min(times), bits, psnr, similar)


def luma(frame: VideoFrame) -> Luma:
    """Return the Y plane (H, W)."""
    return frame.to_ndarray()[: frame.height].astype(np.float64)


def ssim(one: Luma, other: Luma) -> float:
    """Structural similarity (Wang et al. 2004) over blocks of 8 x 8 without overlap."""
    height, width = (side - side % 8 for side in one.shape)

    def blocks(plane: Luma) -> Luma:
        return plane[:height, :width].reshape(height // 8, 8, width // 8, 8)

    a, b = blocks(one), blocks(other)
    mean_a, mean_b = a.mean((1, 3)), b.mean((1, 3))
    spread_a, spread_b = a.var((1, 3)), b.var((1, 3))
    shared = (a * b).mean((1, 3)) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    up = (2 * mean_a * mean_b + c1) * (2 * shared + c2)
    return float((up / ((mean_a**2 + mean_b**2 + c1) * (spread_a + spread_b + c2))).mean())


def main() -> None:
    """Try all combinations and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--size", default="360p", choices=("144p", "360p", "720p"))
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--style", default="starry-night")
    parser.add_argument("--presets", default="ultrafast,superfast,veryfast,faster,medium")
    parser.add_argument("--crfs", default="18,20")
    parser.add_argument("--tunes", default=",grain", help="an empty name is none")
    parser.add_argument("--threads", default="1")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    wanted = parser.parse_args()
    machine = describe()
    print(
        f"{machine['cpu']}, {machine['cores']} cores, load {machine['load']}; {wanted.size}, {wanted.style}"
    )
    print("| preset | tune | CRF | threads | CPU ms | bit/px | PSNR dB | SSIM |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    trials: list[Trial] = []
    with tempfile.TemporaryDirectory() as folder:
        size = int(wanted.size.removesuffix("p"))
        frames, settings = painted(size, wanted.frames, wanted.style, Path(folder))
        lists: list[list[str]] = [
            text.split(",") for text in (wanted.presets, wanted.crfs, wanted.tunes, wanted.threads)
        ]
        for preset, crf, tune, threads in product(*lists):
            one = tried(frames, settings, Trial(preset, int(crf), tune, int(threads)), wanted.rounds)
            trials.append(one)
            print(
                f"| {one.preset} | {one.tune} | {one.crf} | {one.threads} | {one.cpu_ms:.1f} "
                f"| {one.bits:.2f} | {one.psnr:.2f} | {one.ssim:.4f} |",
                flush=True,
            )
    if wanted.json:
        told = {"machine": machine, "size": wanted.size, "trials": [asdict(trial) for trial in trials]}
        wanted.json.write_text(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
