"""The last look at a stitched file: every frame once, in order, at its time, and every promised track."""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

from av.container import InputContainer
from av.stream import Stream
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream

from reelbrush.errors import ReelbrushError, StitchError
from reelbrush.job.manifest import Manifest
from reelbrush.media.boxes import index_first, stands_upright
from reelbrush.media.container import main_video, opened, path_opener
from reelbrush.media.prove import packets_proof
from reelbrush.media.tally import Tally
from reelbrush.media.ticks import output_times, rescale
from reelbrush.media.witness import NOTICED


def verify_output(
    path: Path,
    manifest: Manifest,
    timestamps: Sequence[int],
    origin: Fraction,
    *,
    audio: Sequence[Tally],
    subtitles: Sequence[Tally],
) -> tuple[str, ...]:
    """Check the file at `path` by reading its packets once, decoding nothing; return what it holds of each
    segment, as `packets_proof` writes it.

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
        _compare_picture(stream, manifest)
        tracks = {
            **dict(zip((track.index for track in container.streams.audio), audio, strict=True)),
            **dict(zip((track.index for track in container.streams.subtitles), subtitles, strict=True)),
        }
        lengths = [segment.frame_count for segment in manifest.segments]
        shown, tallies, proofs = _read(container, stream, tracks, lengths)
    expected = output_times(timestamps, rescale(manifest.video.time_base, tick, origin))
    # Matroska cannot say a time before 0: where sound starts with samples to skip, its muxer moves all tracks
    moved = shown[0] - expected[0] if path.suffix == ".mkv" and shown else 0
    _compare(shown, expected, moved)
    _compare_tracks(tracks, tallies, float(moved * tick))
    if path.suffix != ".mkv" and not stands_upright(path):
        raise StitchError("a track of the stitched file is turned")
    if path.suffix != ".mkv" and not index_first(path):
        raise StitchError("the index of the stitched file is not in front of the data")
    return proofs


def _read(
    container: InputContainer, video: Stream, tracks: Iterable[int], lengths: Sequence[int]
) -> tuple[array[int], dict[int, Tally], tuple[str, ...]]:
    """Return the times of the video's packets, what the tracks of these stream indices hold, and what each
    segment of so many frames holds.
    """
    shown = array("q")
    checksum, left, proofs = 0, list(reversed(lengths)), list[str]()
    end = left[-1] if left else -1  # frames at which the segment ends
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
        checksum = zlib.crc32(packet, checksum)  # pyright: ignore[reportArgumentType]  # it is a buffer
        if len(shown) == end:
            proofs.append(packets_proof(left.pop(), checksum))
            checksum, end = 0, end + left[-1] if left else -1
    return shown, tallies, tuple(proofs)


def _compare_picture(stream: VideoStream, manifest: Manifest) -> None:
    """Hold what a player is told about the picture to the manifest."""
    told, wanted = stream.codec_context, manifest.encode.colour
    found = (told.colorspace, told.color_primaries, told.color_trc, told.color_range == ColorRange.JPEG)
    if found != (wanted.matrix, wanted.primaries, wanted.transfer, wanted.full_range):
        raise StitchError(f"the stitched video is tagged with the colours {found} instead of {wanted}")


def _compare_tracks(written: Mapping[int, Tally], found: Mapping[int, Tally], moved: float) -> None:
    """Hold the tracks `found` to what was `written`, all `moved` by seconds."""
    for index, tally in written.items():
        if not found[index].holds(tally):
            raise StitchError(
                f"track {index} of the stitched file holds {found[index].packets} packets "
                f"instead of {tally.packets}"
            )
        if not found[index].same_bytes(tally):
            raise StitchError(f"track {index} of the stitched file holds other bytes than were written")
        if found[index].moved(tally, moved) > NOTICED:
            raise StitchError(f"track {index} of the stitched file is not at its time")


def _compare(shown: Sequence[int], expected: Sequence[int], moved: int) -> None:
    if len(shown) != len(expected):
        raise StitchError(f"the stitched file shows {len(shown)} frames instead of {len(expected)}")
    for index, (time, promised) in enumerate(zip(shown, expected, strict=True)):
        if time != promised + moved:
            raise StitchError(
                f"frame {index} of the stitched file is shown at tick {time} instead of {promised}"
            )
