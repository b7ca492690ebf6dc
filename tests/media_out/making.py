"""Makes sources with the wheel's ffmpeg, and jobs whose segments are painted by the identity."""

from __future__ import annotations

import hashlib
import io
import subprocess
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np

from reelbrush.job.manifest import Colour, EncodeSettings, Manifest, Media, Segment, Video
from reelbrush.media.encode import SegmentEncoder
from reelbrush.media.stitch import Stitched, stitch

BT601 = Colour(6, 6, 6, False)


def ffmpeg(path: Path, *arguments: str) -> Path:
    """Run the wheel's ffmpeg with `arguments` before the output `path`."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", *arguments, f"file:{path}"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return path


def words(options: str) -> list[str]:
    """Split options that hold no spaces themselves."""
    return options.split()


def picture(size: str = "64x48", rate: str = "25", seconds: float = 2.0) -> list[str]:
    return ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={seconds}"]


def tone(frequency: int = 440, seconds: float = 2.0, rate: int = 48000) -> list[str]:
    return ["-f", "lavfi", "-i", f"sine=frequency={frequency}:duration={seconds}:sample_rate={rate}"]


def settings(width: int = 64, height: int = 48, rate: Fraction = Fraction(25)) -> EncodeSettings:
    even = width % 2 == 0 and height % 2 == 0
    form = "yuv420p" if even else "yuv444p"
    return EncodeSettings(width, height, form, BT601, Fraction(1), 1 / rate, 18)


def frames(count: int, width: int = 64, height: int = 48, seed: int = 0) -> list[np.ndarray]:
    """Frames (height, width, 3) uint8 RGB that tell their number: a bright bar moves over a smooth ground."""
    ground = np.linspace(20, 120, width, dtype=np.float32)[None, :, None]
    made: list[np.ndarray] = []
    for index in range(count):
        frame = np.broadcast_to(ground, (height, width, 3)).astype(np.uint8)
        left = (index * 3 + seed) % width
        frame[:, left : left + 6] = (230, 40 + (index * 37) % 200, 60)
        made.append(frame)
    return made


@dataclass
class Work:
    """A job's folder: encoded segments beside the manifest that promises them."""

    folder: Path
    source: Path
    manifest: Manifest
    timestamps: array[int]
    opened: list[int] = field(default_factory=list)

    def open_segment(self, index: int) -> io.BufferedReader:
        self.opened.append(index)
        return (self.folder / f"{index:05d}.mp4").open("rb")

    def stitch(self, name: str = "out") -> Stitched:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return stitch(
            lambda: self.source.open("rb"), self.manifest, self.timestamps, self.open_segment, folder
        )


def segments_of(lengths: Sequence[int]) -> tuple[Segment, ...]:
    firsts = [sum(lengths[:index]) for index in range(len(lengths))]
    return tuple(Segment(i, first, n, None) for i, (first, n) in enumerate(zip(firsts, lengths, strict=True)))


def manifest_of(
    timestamps: Sequence[int],
    last_duration: int,
    lengths: Sequence[int],
    time_base: Fraction,
    encode: EncodeSettings,
    stream_index: int = 0,
) -> Manifest:
    rate = 1 / encode.time_base
    video = Video(stream_index, "h264", encode.width, encode.height, "yuv420p", rate, time_base, BT601)
    media = Media("source", False, stream_index, BT601)
    return Manifest(
        "job", "g0", media, video, encode, len(timestamps), last_duration, "times", segments_of(lengths)
    )


def paint(folder: Path, source: Path, length: int = 20) -> Work:
    """Decode `source` and encode every frame unchanged, in segments of `length` frames."""
    timestamps = array("q")
    pictures: list[np.ndarray] = []
    last = 1
    with av.open(str(source)) as container:
        stream = container.streams.best("video")
        assert isinstance(stream, av.VideoStream)
        for frame in container.decode(stream):
            assert frame.pts is not None
            timestamps.append(frame.pts)
            last = frame.duration or 1
            pictures.append(frame.to_ndarray(format="rgb24"))
        encode = settings(stream.width, stream.height, Fraction(round(stream.average_rate or 25)))
        time_base, index = stream.time_base or Fraction(1, 1000), stream.index
    lengths = [min(length, len(pictures) - first) for first in range(0, len(pictures), length)]
    manifest = manifest_of(timestamps, last, lengths, time_base, encode, index)
    encode_segments(folder, manifest, pictures)
    return Work(folder, source, manifest, timestamps)


def encode_segments(folder: Path, manifest: Manifest, pictures: Sequence[np.ndarray]) -> None:
    for segment in manifest.segments:
        with SegmentEncoder(folder / f"{segment.index:05d}.mp4", manifest.encode) as encoder:
            for picture in pictures[segment.first_frame : segment.first_frame + segment.frame_count]:
                encoder.write(picture)


def shown(path: Path) -> list[tuple[Fraction, np.ndarray]]:
    """Return (time in seconds, RGB array) of every frame that the file shows."""
    with av.open(str(path)) as container:
        stream = container.streams.best("video")
        assert isinstance(stream, av.VideoStream) and stream.time_base is not None
        return [
            (frame.pts * stream.time_base, frame.to_ndarray(format="rgb24"))
            for frame in container.decode(stream)
            if frame.pts is not None and frame.pts >= 0
        ]


def packets(path: Path, kind: str, number: int = 0) -> list[tuple[Fraction, bytes]]:
    """Return (time in seconds, bytes) of the packets of the n-th track of a kind."""
    with av.open(str(path)) as container:
        stream = [stream for stream in container.streams if stream.type == kind][number]
        assert stream.time_base is not None
        return [
            (packet.pts * stream.time_base, bytes(packet))
            for packet in container.demux(stream)
            if packet.size and packet.pts is not None
        ]


def digests(path: Path, kind: str, number: int = 0) -> list[str]:
    """Return the MD5 of every packet of the n-th track of a kind."""
    return [hashlib.md5(data).hexdigest() for _, data in packets(path, kind, number)]
