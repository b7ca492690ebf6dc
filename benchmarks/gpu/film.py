"""A film from decoding to encoding: every stage alone, and all at once as the product overlaps them."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

from gpu.ours import Product
from gpu.peers import Frames
from reelbrush.job import Media, Options
from reelbrush.media.container import path_opener
from reelbrush.media.decode import SegmentReader
from reelbrush.media.encode import SegmentEncoder
from reelbrush.media.limits import Limits
from reelbrush.media.split import split_video
from reelbrush.sample import make_sample
from scoring.pipeline import ordered_map

GRAIN = 5.0
"""Spread of the noise that is added, in levels: an enlarged film is easier for x264 than real ones."""

NVDEC = "h264_cuvid"


@dataclass(frozen=True)
class Stages:
    """Seconds per frame, by the wall: of each stage alone, and of all together."""

    decode: float
    transfer: float
    model: float  # of one stream
    encode: float
    together: float

    @property
    def slowest(self) -> float:
        """Of the stages alone."""
        return max(self.decode, self.transfer, self.model, self.encode)


def make_film(path: Path, frames: int, size: tuple[int, int]) -> Path:
    """Write `frames` frames of the sample film with grain, `size` (width, height): in H.264."""
    with tempfile.TemporaryDirectory() as folder:
        sample = Path(folder) / "sample.mp4"
        make_sample(sample, -(-frames // 25))
        random = np.random.default_rng(0)
        with av.open(str(sample)) as source, av.open(str(path), "w") as target:
            video = target.add_stream("libx264", 25, options={"preset": "veryfast", "crf": "18", "g": "50"})
            video.width, video.height, video.pix_fmt = *size, "yuv420p"
            for number, frame in enumerate(source.decode(video=0)):
                if number == frames:
                    break
                picture = frame.reformat(*size, format="rgb24").to_ndarray()
                noise = random.normal(0, GRAIN, (*picture.shape[:2], 1)).astype(np.float32)
                noisy = np.clip(picture + noise, 0, 255).astype(np.uint8)
                target.mux(video.encode(av.VideoFrame.from_ndarray(noisy, format="rgb24")))
            target.mux(video.encode(None))
    return path


def run(path: Path, product: Product, threads: int, per_call: int) -> Stages:
    """Paint the film at `path` with `product` in `threads` streams, `per_call` frames at a time."""
    opener = path_opener(path)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        split = split_video(opener, scratch, limits=Limits(), options=Options())
        media, settings = Media("film", split.ordinal, split.stream_index, split.media_colour), split.encode

        def groups() -> object:
            with SegmentReader(opener, media, split.video, (settings.width, settings.height)) as reader:
                for segment in split.segments:
                    times = split.timestamps[segment.first_frame : segment.first_frame + segment.frame_count]
                    held: list[Frames] = []
                    for frame in reader.frames(segment, times):
                        held.append(frame)
                        if len(held) == per_call:
                            yield np.stack(held)
                            held = []
                    if held:
                        yield np.stack(held)

        def encode(painted: object) -> int:
            count = 0
            with SegmentEncoder(scratch / f"{time.monotonic_ns()}.mp4", settings) as encoder:
                for group in painted:  # pyright: ignore[reportGeneralTypeIssues]
                    for frame in group:
                        encoder.write(frame)
                        count += 1
                encoder.close()
            return count

        shape = (per_call, settings.height, settings.width, 3)
        compute, carry = product.alone(shape)
        began = time.perf_counter()
        kept = list(groups())  # pyright: ignore[reportArgumentType]
        decoded = time.perf_counter() - began
        count = sum(map(len, kept))

        def paint(group: Frames) -> Frames:
            filled = np.concatenate([group, np.repeat(group[-1:], per_call - len(group), axis=0)])
            return product.paint(filled)[: len(group)]

        painted = [paint(group) for group in kept]
        began = time.perf_counter()
        encode(painted)
        encoded = time.perf_counter() - began
        calls = len(kept)
        carried, computed = _timed(carry, calls), _timed(compute, calls)
        paint(kept[0])
        began = time.perf_counter()
        flow = ordered_map(groups(), paint, workers=threads, depth=4 * threads + 4)  # pyright: ignore
        assert encode(flow) == count
        whole = time.perf_counter() - began
    return Stages(*(seconds / count for seconds in (decoded, carried, computed, encoded, whole)))


def nvdec(path: Path) -> str:
    """Decode the film by the GPU's decoder, and say whether the planes are those of the CPU's."""
    try:
        began = time.perf_counter()
        hashes = [_planes(path, NVDEC), _planes(path, None)]
    except Exception as error:
        return f"not possible here ({str(error)[:120]})"
    seconds = time.perf_counter() - began
    same = "the same planes as the CPU" if hashes[0] == hashes[1] else "OTHER PLANES than the CPU"
    return f"{same}, {len(hashes[0])} frames, both in {seconds:.1f} s"


def _planes(path: Path, decoder: str | None) -> list[int]:
    found: list[int] = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        if decoder is None:
            frames = container.decode(stream)
        else:
            context: Any = av.CodecContext.create(decoder, "r")
            context.extradata = stream.codec_context.extradata
            frames = (frame for packet in container.demux(stream) for frame in context.decode(packet))
        for frame in frames:
            found.append(hash(frame.reformat(format="yuv420p").to_ndarray().tobytes()))
    return found


def _timed(work: Callable[[], object], calls: int) -> float:
    began = time.perf_counter()
    for _ in range(calls):
        work()
    return time.perf_counter() - began
