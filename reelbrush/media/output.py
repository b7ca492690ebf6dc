"""The output container with all its streams, tags and chapters, header written, ready for packets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer, OutputContainer
from av.stream import AttachmentStream, Disposition, Stream
from av.video.stream import VideoStream

from reelbrush.job.manifest import Manifest
from reelbrush.media.carry import Lane
from reelbrush.media.container import Opener, opened
from reelbrush.media.subtitles import ASS_HEADER
from reelbrush.media.tags import fits_rate, kept_tags, shifted_chapters, timecode_of
from reelbrush.media.ticks import movie_timescale
from reelbrush.media.timeline import video_timescale
from reelbrush.media.wrapper import Action, Wrapper

LONGEST_TRUE = (
    1 << 32
) // 90000  # seconds; longer is a clock that jumped, by half of what an MPEG clock counts


@dataclass(frozen=True)
class Output:
    """An open container; the time bases of its streams are final."""

    container: OutputContainer
    video: Stream
    lanes: tuple[Lane, ...]
    notes: tuple[str, ...]


def open_output(
    path: Path,
    source: InputContainer,
    open_source: Opener,
    wrapper: Wrapper,
    manifest: Manifest,
    timestamps: Sequence[int],
    encoded: VideoStream,
    origin: Fraction,
) -> Output:
    """Create `path` and write its header.

    Nothing is read from `source`, which stays at its beginning; `open_source` opens it again for a cover.
    `encoded` is the video stream of any segment (all have the same parameter sets); `origin`, in seconds of
    the source, becomes 0. Raises FFmpegError or ValueError when the muxer refuses a track.
    """
    notes: list[str] = []
    container = av.open(
        f"file:{path}",
        "w",
        format=wrapper.format,
        container_options=_options(source, wrapper, manifest, timestamps),
    )
    video = container.add_stream_from_template(encoded, opaque=True)
    video.metadata.update(kept_tags(source.streams[manifest.video.stream_index].metadata))
    video.metadata.pop("timecode", None)
    video.disposition = Disposition.default
    if _constant(timestamps):
        video.codec_context.framerate = manifest.video.frame_rate
    lanes: list[Lane] = []
    for index, action in wrapper.actions.items():
        stream = source.streams[index]
        if _attached(container, wrapper, open_source, stream):
            continue
        lanes.append(Lane(stream, _add_track(container, stream, action), action, origin))
    container.metadata.update(kept_tags(source.metadata))
    container.metadata.pop("timecode", None)
    container.set_chapters(shifted_chapters(source, origin))
    timecode = timecode_of(source, manifest.video.stream_index)
    if timecode and wrapper.extension == "mkv":
        container.metadata["timecode"] = timecode
    elif timecode and fits_rate(timecode, manifest.video.frame_rate):
        video.codec_context.framerate = manifest.video.frame_rate
        video.metadata["timecode"] = timecode
    elif timecode:
        notes.append(f"the timecode {timecode} was dropped: it cannot count this frame rate")
    container.start_encoding()
    return Output(container, video, tuple(lanes), tuple(notes))


def _options(
    source: InputContainer, wrapper: Wrapper, manifest: Manifest, timestamps: Sequence[int]
) -> dict[str, str]:
    if wrapper.extension == "mkv":
        return {"fflags": "+bitexact", "cues_to_front": "1"}
    scale = video_timescale(manifest, timestamps)
    rates = [
        stream.codec_context.sample_rate for stream in source.streams.audio if stream.index in wrapper.actions
    ]
    return {
        "fflags": "+bitexact",
        "movflags": "+faststart",
        "video_track_timescale": str(scale),
        # edits that delay a track are written in ticks of the movie
        "movie_timescale": str(movie_timescale([scale, *rates], _seconds(source, manifest, timestamps))),
    }


def _seconds(source: InputContainer, manifest: Manifest, timestamps: Sequence[int]) -> int:
    video = (timestamps[-1] - timestamps[0] + manifest.last_duration) * manifest.video.time_base
    known = (source.duration or 0) // av.time_base + 1
    return max(math.ceil(video), known if known < LONGEST_TRUE else 0)


def _constant(timestamps: Sequence[int]) -> bool:
    """Whether all frames are shown equally long, within one tick."""
    if len(timestamps) < 2:
        return True
    shortest = longest = timestamps[1] - timestamps[0]
    for before, after in pairwise(timestamps):
        shortest, longest = min(shortest, after - before), max(longest, after - before)
    return longest - shortest <= 1


def _attached(container: OutputContainer, wrapper: Wrapper, open_source: Opener, stream: Stream) -> bool:
    """Write what Matroska keeps in its header as attachments: fonts and cover art."""
    if wrapper.extension != "mkv":
        return False
    if isinstance(stream, AttachmentStream):
        name, kind = stream.name or f"attachment{stream.index}", stream.mimetype or "application/octet-stream"
        container.add_attachment(name, kind, stream.data)
        return True
    if isinstance(stream, VideoStream):
        suffix = {"mjpeg": ("jpg", "jpeg"), "png": ("png", "png"), "bmp": ("bmp", "bmp")}
        name, kind = suffix[stream.codec_context.codec.canonical_name]
        container.add_attachment(f"cover.{name}", f"image/{kind}", _picture(open_source, stream.index))
        return True
    return False


def _picture(open_source: Opener, index: int) -> bytes:
    """Read a cover out of a container of its own: seeking back in the carried one could skip packets."""
    with opened(open_source) as again:
        return next((bytes(packet) for packet in again.demux(again.streams[index]) if packet.size), b"")


def _add_track(container: OutputContainer, stream: Stream, action: Action) -> Stream:
    if action == "copy":
        added: Any = container.add_stream_from_template(stream, opaque=True)
    elif action == "mov_text":
        added = container.add_stream("mov_text")
        added.codec_context.subtitle_header = ASS_HEADER
        added.time_base = stream.time_base
        added.codec_context.time_base = stream.time_base
    elif action == "subrip":
        added = container.add_mux_stream("subrip", time_base=stream.time_base)
    else:
        context: Any = stream.codec_context
        added = container.add_stream("flac", rate=context.sample_rate, layout=context.layout)
        added.codec_context.format = "s16" if context.format.name.startswith(("s16", "u8")) else "s32"
    added.metadata.clear()
    added.metadata.update(kept_tags(stream.metadata))
    added.disposition = stream.disposition
    return added
