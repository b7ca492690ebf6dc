"""Pairs about video: each of the product's steps over the bare library doing the least that is needed."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from guarded.job import Prepared
from guarded.pair import Pair, Work
from reelbrush.job import Manifest
from reelbrush.job.names import INPUT, WORK
from reelbrush.media.container import main_video, opened, path_opener
from reelbrush.media.decode import SegmentReader
from reelbrush.media.encode import SegmentEncoder
from reelbrush.media.index import index_packets
from reelbrush.media.kernels import reproducible_kernels
from reelbrush.media.stitch import stitch


def timestamps_of(prepared: Prepared) -> array[int]:
    """Return the presentation times of all frames."""
    return array("q", prepared.store.read_bytes(WORK, prepared.manifest.timestamps_blob))


def pictures(prepared: Prepared) -> Iterator[NDArray[np.uint8]]:
    """Yield all frames as the product decodes them, (H, W, 3) uint8."""
    manifest, times = prepared.manifest, timestamps_of(prepared)
    size = (manifest.encode.width, manifest.encode.height)
    opener = path_opener(prepared.clip)
    with SegmentReader(opener, manifest.media, manifest.video, size) as reader:
        for segment in manifest.segments:
            first = segment.first_frame
            yield from reader.frames(segment, times[first : first + segment.frame_count])


def decoding(prepared: Prepared, bound: float) -> Pair:
    """Frames as RGB over decoding them."""

    def work() -> None:
        for _ in pictures(prepared):
            pass

    def bare() -> None:
        with av.open(str(prepared.clip)) as container:
            for _ in container.decode(video=0):
                pass

    size = f"{prepared.manifest.encode.width}x{prepared.manifest.encode.height}"
    return Pair("decode", f"frames of {size} as RGB over PyAV decoding alone", work, bare, bound)


def encoding(prepared: Prepared, folder: Path, frames: int, bound: float) -> Pair:
    """A segment over x264 with the same settings, from pictures that are YUV already."""
    given = [frame for frame, _ in zip(pictures(prepared), range(frames), strict=False)]
    ready = [av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format="yuv420p") for frame in given]
    settings = prepared.manifest.encode

    def work() -> None:
        with SegmentEncoder(folder / "segment.mp4", settings) as encoder:
            for frame in given:
                encoder.write(frame)

    def bare() -> None:
        with av.open(str(folder / "bare.mp4"), "w") as container:
            x264 = f"bframes=0:keyint={settings.gop}" + reproducible_kernels()
            options = {"preset": settings.preset, "crf": str(settings.crf), "x264-params": x264}
            stream = container.add_stream("libx264", rate=25, options=options)
            stream.width, stream.height, stream.pix_fmt = settings.width, settings.height, "yuv420p"
            stream.codec_context.thread_count = settings.threads
            for number, frame in enumerate(ready):
                frame.pts, frame.time_base = number, settings.time_base
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))

    return Pair("encode", "RGB frames to a segment over x264 alone", work, bare, bound)


def indexing(clip: Path, bound: float) -> Pair:
    """The index of a long clip over reading its packets."""

    def work() -> None:
        with opened(path_opener(clip)) as container:
            stream = main_video(container)
            assert stream is not None
            assert not index_packets(container, stream, 1 << 30).distrust

    def bare() -> None:
        with av.open(str(clip)) as container:
            for _ in container.demux(video=0):
                pass

    return Pair("index", "the packet index over PyAV reading the packets", work, bare, bound)


def segments_of(prepared: Prepared, folder: Path) -> list[Path]:
    """Encode the clip's frames as published segments and return their files."""
    frames, files = pictures(prepared), list[Path]()
    for segment in prepared.manifest.segments:
        files.append(folder / f"{segment.index:05d}.mp4")
        with SegmentEncoder(files[-1], prepared.manifest.encode) as encoder:
            for _ in range(segment.frame_count):
                encoder.write(next(frames))
    return files


def stitching(prepared: Prepared, files: list[Path], folder: Path, bound: float) -> Pair:
    """Stitching, verifying and hashing over copying the same packets into one file and reading it once."""
    manifest: Manifest = prepared.manifest
    times = timestamps_of(prepared)
    out = folder / "stitched"
    out.mkdir()

    def work() -> None:
        source = prepared.job.source.name
        stitch(
            lambda: prepared.store.open(INPUT, source), manifest, times, lambda i: files[i].open("rb"), out
        )

    return Pair("stitch", "stitching, verified, over copying packets", work, _copying(files, folder), bound)


def _copying(files: list[Path], folder: Path) -> Work:
    def bare() -> None:
        path, done = folder / "copied.mp4", 0
        with av.open(str(path), "w") as output:
            stream = None
            for file in files:
                with av.open(str(file)) as container:
                    source = container.streams.video[0]
                    stream = stream or output.add_stream_from_template(source)
                    for packet in container.demux(source):
                        if packet.size:
                            packet.pts = packet.dts = done * int(1 / (25 * (packet.time_base or 1)))
                            packet.stream, done = stream, done + 1
                            output.mux(packet)
        hashlib.sha256(path.read_bytes())

    return bare
