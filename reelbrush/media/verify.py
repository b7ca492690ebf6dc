"""The last look at a stitched file: every frame once, in order, at its time, and every promised track."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from av.container import InputContainer
from av.stream import Stream

from reelbrush.errors import ReelbrushError, StitchError
from reelbrush.job.manifest import Manifest
from reelbrush.media.container import main_video, open_input
from reelbrush.media.ticks import output_times, rescale


def verify_output(
    path: Path,
    manifest: Manifest,
    timestamps: Sequence[int],
    origin: Fraction,
    *,
    audio_tracks: int,
    subtitle_tracks: int,
) -> None:
    """Check the file at `path` by reading its packets once, decoding nothing.

    `timestamps` are the frames' ticks of `manifest.video.time_base`; `origin`, in seconds of the source, is
    the output's time 0. Raises StitchError that names the first thing found wrong.
    """
    try:
        container = open_input(path.open("rb"))
    except ReelbrushError as error:
        raise StitchError(f"the stitched file cannot be opened: {error.message}") from error
    with container:
        found = (len(container.streams.audio), len(container.streams.subtitles))
        if found != (audio_tracks, subtitle_tracks):
            raise StitchError(
                f"the stitched file holds {found[0]} audio and {found[1]} subtitle tracks instead of "
                f"{audio_tracks} and {subtitle_tracks}"
            )
        stream = main_video(container)
        if stream is None:
            raise StitchError("the stitched file holds no video")
        tick = stream.time_base or Fraction(1)
        size = (stream.codec_context.width, stream.codec_context.height)
        if size != (manifest.encode.width, manifest.encode.height):
            raise StitchError(f"the stitched video is {size[0]}x{size[1]}")
        shown = _shown(container, stream)
    expected = output_times(timestamps, rescale(manifest.video.time_base, tick, origin))
    # Matroska cannot say a time before 0: where sound starts with samples to skip, its muxer moves all tracks
    moved = shown[0] - expected[0] if path.suffix == ".mkv" and shown else 0
    _compare(shown, expected, moved)
    if path.suffix != ".mkv" and not _index_first(path):
        raise StitchError("the index of the stitched file is not in front of the data")


def _shown(container: InputContainer, stream: Stream) -> array[int]:
    shown = array("q")
    for packet in container.demux(stream):
        if not packet.size:
            continue
        if packet.is_discard or packet.pts is None:
            raise StitchError(f"frame {len(shown)} of the stitched file would not be shown")
        if shown and packet.pts <= shown[-1]:
            raise StitchError(
                f"frame {len(shown)} of the stitched file is shown before the frame in front of it"
            )
        shown.append(packet.pts)
    return shown


def _compare(shown: Sequence[int], expected: Sequence[int], moved: int) -> None:
    if len(shown) != len(expected):
        raise StitchError(f"the stitched file shows {len(shown)} frames instead of {len(expected)}")
    for index, (time, promised) in enumerate(zip(shown, expected, strict=True)):
        if time != promised + moved:
            raise StitchError(
                f"frame {index} of the stitched file is shown at tick {time} instead of {promised}"
            )


def _index_first(path: Path) -> bool:
    """Whether an MP4's moov box comes before its mdat box."""
    with path.open("rb") as file:
        while header := file.read(8):
            size, kind = struct.unpack(">I4s", header)
            if kind in (b"moov", b"mdat"):
                return kind == b"moov"
            if size == 1:
                size = struct.unpack(">Q", file.read(8))[0] - 8
            file.seek(size - 8, 1)
    return False
