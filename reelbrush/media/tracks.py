"""The source's other tracks: which of them can be carried, and why the rest cannot."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, cast

from av.audio.stream import AudioStream
from av.codec.context import CodecContext
from av.container import InputContainer
from av.stream import AttachmentStream, Disposition, Stream
from av.video.stream import VideoStream

Kind = Literal["audio", "subtitle", "picture", "attachment"]

PICTURE_CODECS = frozenset({"mjpeg", "png", "bmp"})  # what MP4 can name in its cover atom
_CHAPTER_CODEC = "bin_data"  # how FFmpeg shows the text track that holds an MP4's chapters


@dataclass(frozen=True)
class Track:
    """A track of the source beside the main video."""

    index: int  # of the stream in the source
    kind: Kind
    codec: str  # FFmpeg's canonical codec name; "" for attachments


@dataclass(frozen=True)
class Selection:
    """The tracks that are carried over, in the source's order, and a sentence for each that is not."""

    tracks: tuple[Track, ...]
    notes: tuple[str, ...]

    def of(self, kind: Kind) -> tuple[Track, ...]:
        """Return the carried tracks of one kind."""
        return tuple(track for track in self.tracks if track.kind == kind)


def select_tracks(source: InputContainer, video_index: int) -> Selection:
    """Return what to carry from `source` beside the video stream `video_index`; reads no packets."""
    tracks: list[Track] = []
    notes: list[str] = []
    chapters = bool(source.chapters())
    for stream in source.streams:
        if stream.index == video_index or _is_replaced(stream, chapters):
            continue
        track = _carried(stream)
        if isinstance(track, Track):
            tracks.append(track)
        else:
            notes.append(f"track {stream.index} was dropped: {track}")
    return Selection(tuple(tracks), tuple(notes))


def audio_starts(source: InputContainer, selection: Selection) -> tuple[Fraction, ...]:
    """Return when the carried audio tracks start, in seconds, those that tell; before any packet is read."""
    streams = [source.streams[track.index] for track in selection.of("audio")]
    return tuple(
        stream.start_time * stream.time_base
        for stream in streams
        if stream.start_time is not None and stream.time_base is not None
    )


def codec_of(stream: Stream) -> str:
    """Return FFmpeg's canonical name of the stream's codec, or "" where FFmpeg does not know it."""
    context = cast("CodecContext | None", stream.codec_context)  # None where FFmpeg has no decoder
    return context.codec.canonical_name if context is not None else ""


def _is_replaced(stream: Stream, chapters: bool) -> bool:
    """Whether the stream returns in another form: chapters and the timecode are written anew."""
    if stream.type != "data":
        return False
    return "timecode" in stream.metadata or (chapters and stream.name == _CHAPTER_CODEC)


def _carried(stream: Stream) -> Track | str:
    if isinstance(stream, AttachmentStream):
        return Track(stream.index, "attachment", "") if stream.data else "an empty attachment"
    codec = codec_of(stream)
    if isinstance(stream, VideoStream):
        if not stream.disposition & Disposition.attached_pic:
            return "only the main video is painted"
        return (
            Track(stream.index, "picture", codec)
            if codec in PICTURE_CODECS
            else f"cover art in {codec or 'unknown'}"
        )
    if isinstance(stream, AudioStream):
        if not codec:
            return "audio in an unknown codec"
        if stream.codec_context.sample_rate <= 0 or stream.codec_context.layout.nb_channels <= 0:
            return f"{codec} audio without a sample rate or channels"
        return Track(stream.index, "audio", codec)
    if stream.type == "subtitle":
        return Track(stream.index, "subtitle", codec) if codec else "subtitles in an unknown codec"
    # PyAV gives a stream of a kind that it does not know neither
    name, kind = getattr(stream, "name", ""), getattr(stream, "type", "") or "a stream"
    what = stream.metadata.get("handler_name") or name or "unknown"
    return f"{kind} ({what}) has no place in the output"
