"""The last look at a stitched file: every frame once, in order, at its time, and every promised track."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

from av.container import InputContainer
from av.stream import Stream

from reelbrush.errors import ReelbrushError, StitchError
from reelbrush.job.manifest import Manifest
from reelbrush.media.container import main_video, opened, path_opener
from reelbrush.media.tally import Tally
from reelbrush.media.ticks import output_times, rescale


def verify_output(
    path: Path,
    manifest: Manifest,
    timestamps: Sequence[int],
    origin: Fraction,
    *,
    audio: Sequence[Tally],
    subtitles: Sequence[Tally],
) -> None:
    """Check the file at `path` by reading its packets once, decoding nothing.

    `timestamps` are the frames' ticks of `manifest.video.time_base`; `origin`, in seconds of the source, is
    the output's time 0; `audio` and `subtitles` say what was written of each track, in the file's order.
    Raises StitchError that names the first thing found wrong.
    """
    with ExitStack() as stack:
        try:
            container = stack.enter_context(opened(path_opener(path)))
        except ReelbrushError as error:
            raise StitchError(f"the stitched file cannot be opened: {error.message}") from error
        found = (len(container.streams.audio), len(container.streams.subtitles))
        if found != (len(audio), len(subtitles)):
            raise StitchError(
                f"the stitched file holds {found[0]} audio and {found[1]} subtitle tracks instead of "
                f"{len(audio)} and {len(subtitles)}"
            )
        stream = main_video(container)
        if stream is None:
            raise StitchError("the stitched file holds no video")
        tick = stream.time_base or Fraction(1)
        size = (stream.codec_context.width, stream.codec_context.height)
        if size != (manifest.encode.width, manifest.encode.height):
            raise StitchError(f"the stitched video is {size[0]}x{size[1]}")
        tracks = {
            **dict(zip((track.index for track in container.streams.audio), audio, strict=True)),
            **dict(zip((track.index for track in container.streams.subtitles), subtitles, strict=True)),
        }
        shown, tallies = _read(container, stream, tracks)
    _compare_tracks(tracks, tallies)
    expected = output_times(timestamps, rescale(manifest.video.time_base, tick, origin))
    # Matroska cannot say a time before 0: where sound starts with samples to skip, its muxer moves all tracks
    moved = shown[0] - expected[0] if path.suffix == ".mkv" and shown else 0
    _compare(shown, expected, moved)
    if path.suffix != ".mkv" and not _index_first(path):
        raise StitchError("the index of the stitched file is not in front of the data")


def _read(
    container: InputContainer, video: Stream, tracks: Iterable[int]
) -> tuple[array[int], dict[int, Tally]]:
    """Return the times of the video's packets and what the tracks of these stream indices hold."""
    shown = array("q")
    tallies = {index: Tally() for index in tracks}
    for packet in container.demux([video, *(container.streams[index] for index in tallies)]):
        if not packet.size:
            continue
        if packet.stream_index in tallies:
            tallies[packet.stream_index].count(packet)
            continue
        if packet.is_discard or packet.pts is None:
            raise StitchError(f"frame {len(shown)} of the stitched file would not be shown")
        if shown and packet.pts <= shown[-1]:
            raise StitchError(
                f"frame {len(shown)} of the stitched file is shown before the frame in front of it"
            )
        shown.append(packet.pts)
    return shown, tallies


def _compare_tracks(written: Mapping[int, Tally], found: Mapping[int, Tally]) -> None:
    for index, tally in written.items():
        if not found[index].holds(tally):
            raise StitchError(
                f"track {index} of the stitched file holds {found[index].packets} packets "
                f"instead of {tally.packets}"
            )


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
