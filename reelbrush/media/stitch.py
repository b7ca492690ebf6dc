"""Stitching: painted segments and the source's other tracks become one file, nothing is encoded again."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from av.container import InputContainer
from av.error import ArgumentError, FFmpegError, InvalidDataError, PatchWelcomeError
from av.packet import Packet

from reelbrush.errors import StitchError
from reelbrush.job.manifest import Manifest
from reelbrush.media.carry import Lane, carrier
from reelbrush.media.concat import OpenSegment, opened_encoded, segment_packets
from reelbrush.media.container import Opener, opened
from reelbrush.media.interleave import carried_packets, interleaved
from reelbrush.media.output import Output, open_output
from reelbrush.media.room import full_disk_named
from reelbrush.media.subtitles import cues_fit_mp4
from reelbrush.media.tags import shifted_chapters
from reelbrush.media.tally import Tally
from reelbrush.media.ticks import origin_of
from reelbrush.media.timeline import Timeline
from reelbrush.media.tracks import Selection, audio_starts, codec_of, select_tracks
from reelbrush.media.verify import verify_output
from reelbrush.media.witness import check_dropped, witnessed
from reelbrush.media.wrapper import Extension, choose_wrapper

Progress = Callable[[int, int], None]
"""Called with (frames stitched, frames in all), both counted from the first frame."""

_REFUSALS = (
    InvalidDataError,
    ArgumentError,
    PatchWelcomeError,
)  # what muxers say of a packet, not of the disk


@dataclass(frozen=True)
class Stitched:
    """The finished file and what is in it."""

    path: Path
    extension: Extension
    frame_count: int
    size: int  # bytes
    sha256: str
    segments: tuple[str, ...]  # what the file holds of each; see reelbrush.media.prove
    audio_tracks: int
    subtitle_tracks: int
    notes: tuple[str, ...]  # what was dropped or converted, one sentence each


def stitch(
    open_source: Opener,
    manifest: Manifest,
    timestamps: array[int],
    open_segment: OpenSegment,
    folder: Path,
    *,
    on_progress: Progress | None = None,
) -> Stitched:
    """Write `folder`/stitched.EXTENSION and verify it.

    The video's packets are those of the segments, at the manifest's `timestamps` (int64 ticks of
    `manifest.video.time_base`, one per frame); audio, subtitles, chapters, cover art and tags are the
    source's. The earliest of video and audio starts at 0; all tracks move together. Memory is bounded by one
    segment and the muxer's index, not by the length of the video. The bytes depend on the arguments only.

    Raises StitchError when a segment is not what the manifest promises or the result does not verify, and
    ReelbrushError `disk-full` when the disk cannot hold it; nothing is left in the folder then.
    """
    written = _write(open_source, manifest, timestamps, open_segment, folder, on_progress)
    with _removed_on_failure(written.path):
        with ThreadPoolExecutor(1) as beside:  # both read all of it: the disk is asked once
            digest = beside.submit(_sha256, written.path)
            segments = verify_output(
                written.path,
                manifest,
                timestamps,
                written.origin,
                audio=written.audio,
                subtitles=written.subtitles,
            )
        sha256 = digest.result()
    return Stitched(
        path=written.path,
        extension=written.extension,
        frame_count=len(timestamps),
        size=written.path.stat().st_size,
        sha256=sha256,
        segments=segments,
        audio_tracks=len(written.audio),
        subtitle_tracks=len(written.subtitles),
        notes=written.notes,
    )


@dataclass(frozen=True)
class _Written:
    """A file that nobody has looked at yet; tallies are those of its tracks, in their order."""

    path: Path
    extension: Extension
    origin: Fraction  # seconds of the source that are its time 0
    audio: tuple[Tally, ...]
    subtitles: tuple[Tally, ...]
    notes: tuple[str, ...]


def _write(
    open_source: Opener,
    manifest: Manifest,
    timestamps: array[int],
    open_segment: OpenSegment,
    folder: Path,
    on_progress: Progress | None,
) -> _Written:
    notes: list[str] = []
    with opened(open_source) as source:
        selection = select_tracks(source, manifest.video.stream_index)
        origin = _origin(source, selection, manifest, timestamps[0])
        chapters = shifted_chapters(source, origin)
        wrapper = choose_wrapper(
            source, selection, chapters, lambda tracks: cues_fit_mp4(open_source, tracks)
        )
        notes += [*selection.notes, *wrapper.notes]
        path = folder / f"stitched.{wrapper.extension}"
        with _removed_on_failure(path):
            with opened_encoded(open_segment, manifest.segments[0].index) as (_, stream):
                extradata = bytes(stream.codec_context.extradata or b"")
                output = open_output(path, source, open_source, wrapper, manifest, timestamps, stream, origin)
            notes += output.notes
            _check_dropped(source, output, manifest, notes)
            with output.container:
                video = _video(output, manifest, timestamps, open_segment, extradata, origin)
                carriers = {lane.source.index: witnessed(lane, carrier(lane)) for lane in output.lanes}
                others = carried_packets(source, carriers, notes)
                written = {lane.output.index: _tally(lane) for lane in output.lanes}
                unwritten = _mux(output, interleaved(video, others), written, len(timestamps), on_progress)
            notes += [
                f"audio track {lane.source.index} is silent: none of its sound decodes"
                for lane in output.lanes
                if lane.damage.packets and not written[lane.output.index].packets
            ]
            if unwritten:
                notes.append(f"{unwritten} damaged packets of other tracks were left out")
        audio, subtitles = (
            tuple(written[lane.output.index] for lane in output.lanes if lane.source.type == kind)
            for kind in ("audio", "subtitle")
        )
    return _Written(path, wrapper.extension, origin, audio, subtitles, tuple(notes))


def _tally(lane: Lane) -> Tally:
    return Tally(new_heads=lane.source.type == "audio" and codec_of(lane.source) == "wavpack")


def _check_dropped(source: InputContainer, output: Output, manifest: Manifest, notes: list[str]) -> None:
    kinds = [lane.source.type for lane in output.lanes]
    tracks = len(source.streams.audio) + len(source.streams.subtitles)
    carried = kinds.count("audio") + kinds.count("subtitle")
    dropped = sum(note.startswith("track ") and "was dropped" in note for note in notes)
    check_dropped(carried, tracks, dropped, manifest.has_audio, kinds.count("audio"))


def _origin(source: InputContainer, selection: Selection, manifest: Manifest, first: int) -> Fraction:
    if manifest.origin is not None:
        return manifest.origin
    starts = [first * manifest.video.time_base, *audio_starts(source, selection)]
    return origin_of(starts, manifest.video.time_base)


def _video(
    output: Output,
    manifest: Manifest,
    timestamps: array[int],
    open_segment: OpenSegment,
    extradata: bytes,
    origin: Fraction,
) -> Iterator[Packet[Any]]:
    tick = output.video.time_base
    assert tick is not None  # the muxer sets it when it writes the header
    timeline = Timeline.of(manifest, timestamps, tick, origin)
    for packet in segment_packets(open_segment, manifest, timeline, extradata):
        packet.stream = output.video
        packet.time_base = tick
        yield packet


def _mux(
    output: Output,
    packets: Iterator[Packet[Any]],
    written: Mapping[int, Tally],
    frames: int,
    on_progress: Progress | None,
) -> int:
    """Count what is `written` of the other tracks, by stream index of the output.

    Return how many of their packets the muxer refused; one of the video, and a disk that fails, raise
    FFmpegError.
    """
    done = refused = 0
    for packet in packets:
        is_video = packet.stream_index == output.video.index
        try:
            output.container.mux(packet)
        except FFmpegError as error:
            if is_video or not isinstance(error, _REFUSALS):
                raise
            refused += 1
            continue
        if is_video:
            done += 1
            if on_progress:
                on_progress(done, frames)
        else:
            written[packet.stream_index].count(packet)
    return refused


@contextmanager
def _removed_on_failure(path: Path) -> Generator[None]:
    try:
        try:
            with full_disk_named(path):
                yield
        except (FFmpegError, ValueError) as error:
            raise StitchError(f"the output cannot be written: {error}") from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
