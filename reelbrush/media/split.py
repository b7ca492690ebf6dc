"""Splitting by index: which frames each segment holds and how to reach them, without cutting any file."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from av.error import FFmpegError

from reelbrush.errors import Refusal, SourceDamaged
from reelbrush.job.manifest import Colour, EncodeSettings, Segment, Video
from reelbrush.job.options import Options
from reelbrush.media.container import Opener, is_picture, open_input, path_opener, seeks_exactly
from reelbrush.media.encode_settings import encode_settings
from reelbrush.media.index import PacketIndex, Progress, index_packets
from reelbrush.media.intermediate import write_intermediate
from reelbrush.media.limits import Limits
from reelbrush.media.notes import loss_notes, source_notes
from reelbrush.media.pace import PacedReader
from reelbrush.media.probe import FirstLook, first_look, refuse_single_picture, require_video
from reelbrush.media.remux import REMUXED_CODECS, write_remux
from reelbrush.media.repair import rate_step, usual_step
from reelbrush.media.segments import decodes_too_much, indexed_segments, ordinal_segments, untrue_seek
from reelbrush.media.ticks import origin_of
from reelbrush.media.tracks import audio_starts, select_tracks

INTERMEDIATE_NAME = "intermediate.mkv"


@dataclass(frozen=True)
class Split:
    """Everything the manifest needs to know about the source."""

    video: Video
    encode: EncodeSettings
    stream_index: int  # of the media: the source, or the intermediate
    ordinal: bool  # the media is the intermediate
    media_colour: Colour
    intermediate: Path | None  # in the scratch folder, to be stored by the caller
    timestamps: array[
        int
    ]  # array('q'): ticks of video.time_base, strictly increasing, one per displayed frame
    last_duration: int  # ticks that the last frame is shown
    segments: tuple[Segment, ...]
    notes: tuple[str, ...]
    origin: Fraction  # seconds of the source that become time 0 of the output
    has_audio: bool  # some audio track is carried over


@dataclass(frozen=True)
class _Survey:
    index: PacketIndex
    seeks_exactly: bool
    stream_index: int
    source_bytes: int
    notes: tuple[str, ...]
    audio_starts: tuple[Fraction, ...]  # seconds
    has_audio: bool


def split_video(
    open_source: Opener,
    scratch: Path,
    *,
    limits: Limits,
    options: Options,
    careful: bool = False,
    on_progress: Progress | None = None,
) -> Split:
    """Find every displayed frame of a source and cut them into segments on the fixed grid.

    Nothing is decoded but the first frames and some key frames. `scratch` receives an intermediate where the
    source cannot be read by seeking: a copy of the packets if these are sound, else (also when interlaced or
    when asked to be `careful`) all frames decoded and stored without loss. `on_progress` gets
    (frames so far, frames in all or None). Raises Refusal with a stable code for what cannot be served.
    """
    survey = _survey(open_source, limits, on_progress)
    look = first_look(open_source, survey.stream_index)
    video = look.video
    limits.check_picture(video.width, video.height)
    limits.check_amount(survey.index.packets, video.width, video.height, survey.source_bytes)
    if video.hdr and options.hdr == "refuse":
        raise Refusal(
            "the video has high dynamic range and the job asks to refuse it",
            code="hdr",
            advice='use hdr="tonemap"',
        )
    notes = survey.notes + source_notes(look)
    reason = "a careful split was asked for" if careful else _distrust(survey.index, look)
    path = scratch / INTERMEDIATE_NAME
    if not reason:
        reason = _unreadable_in_parts(open_source, survey, video.codec, path)
    if not reason:
        timestamps = array("q", survey.index.timestamps.tobytes())
        _check_time(limits, timestamps, video)
        copied = not survey.seeks_exactly
        return Split(
            video=video,
            encode=encode_settings(video, options),
            stream_index=0 if copied else survey.stream_index,
            ordinal=copied,
            media_colour=video.colour,
            intermediate=path if copied else None,
            timestamps=timestamps,
            last_duration=survey.index.last_duration
            or usual_step(timestamps, rate_step(video.time_base, video.frame_rate)),
            segments=indexed_segments(survey.index, ordinal=copied),
            notes=notes,
            origin=origin_of([timestamps[0] * video.time_base, *survey.audio_starts], video.time_base),
            has_audio=survey.has_audio,
        )
    transcript = write_intermediate(
        open_source,
        video,
        path,
        limits=limits,
        source_bytes=survey.source_bytes,
        on_progress=on_progress,
        frames_expected=survey.index.packets,
    )
    _check_time(limits, transcript.timestamps, video)
    return Split(
        video=video,
        encode=encode_settings(video, options),
        stream_index=0,
        ordinal=True,
        media_colour=transcript.colour,
        intermediate=path,
        timestamps=transcript.timestamps,
        last_duration=transcript.last_duration,
        segments=ordinal_segments(len(transcript.timestamps)),
        notes=notes + loss_notes(reason, transcript, look),
        origin=origin_of([transcript.timestamps[0] * video.time_base, *survey.audio_starts], video.time_base),
        has_audio=survey.has_audio,
    )


def _survey(open_source: Opener, limits: Limits, on_progress: Progress | None) -> _Survey:
    """Choose the stream and read its packets, refusing what no decoding is needed to refuse."""
    with open_source() as reader:
        source_bytes = reader.seek(0, 2)
    with open_source() as reader, open_input(paced := PacedReader(reader)) as container:
        stream = require_video(container)
        codec = stream.codec_context
        tracks = select_tracks(container, stream.index)
        starts = audio_starts(container, tracks)
        if codec.width and codec.height:
            limits.check_picture(codec.width, codec.height)

        def noted(packets: int, total: int | None) -> None:
            paced.packets = packets
            if on_progress is not None:
                on_progress(packets, total)

        index = index_packets(container, stream, limits.max_frames, noted)
        if index.packets == 0:
            raise Refusal("the video stream holds no frames", code="no-frames", advice="check that it plays")
        refuse_single_picture(container, index.packets)
        limits.check_amount(index.packets, codec.width, codec.height, source_bytes)
        times = index.timestamps
        if len(times) and not index.distrust:  # else only decoding tells the true times
            limits.check_time(len(times), float(int(times[-1] - times[0]) * (stream.time_base or 0)))
        others = [other for other in container.streams.video if other is not stream and not is_picture(other)]
        notes = (
            [f"{len(others)} other video stream(s) dropped; the one that players show is repainted"]
            if others
            else []
        )
        if stream.metadata.get("alpha_mode") == "1":
            notes.append("the transparency of the video is ignored")
        has_audio = bool(tracks.of("audio"))
        exact = seeks_exactly(container)
        return _Survey(index, exact, stream.index, source_bytes, tuple(notes), starts, has_audio)


def _distrust(index: PacketIndex, look: FirstLook) -> str:
    """Say why the packet index cannot stand for the decoded frames; empty when it can."""
    if index.distrust:
        return index.distrust
    if look.video.interlaced:
        return "it is interlaced"
    if look.damaged:
        return "frames decode with errors"
    if len(look.sizes) > 1:
        return "the picture changes its size on the way"
    promised = index.timestamps[: len(look.times)].tolist()
    if list(look.times) != promised or (look.whole and len(look.times) != len(index.timestamps)):
        return "the first frames do not decode at the times that the packets promise"
    return ""


def _unreadable_in_parts(open_source: Opener, survey: _Survey, codec: str, path: Path) -> str:
    """Say why segments cannot be decoded from the source's own packets; empty when they can.

    The packets of a container that cannot be seeked exactly are first copied to `path`.
    """
    index, stream_index, media = survey.index, survey.stream_index, open_source
    if decodes_too_much(index):
        return "it has too few key frames to be read in parts"
    copied = not survey.seeks_exactly
    try:
        if copied:
            if codec not in REMUXED_CODECS:
                return "its container cannot be seeked exactly"
            reason = write_remux(open_source, stream_index, index, path)
            if reason:
                return reason
            stream_index, media = 0, path_opener(path)
            look = first_look(media, 0)
            ordinals = tuple(range(len(look.times)))
            if look.times != ordinals or (look.whole and len(ordinals) != len(index.timestamps)):
                return "its first frames do not decode from a copy"
        segments = indexed_segments(index, ordinal=copied)
        return untrue_seek(media, stream_index, segments)
    except (SourceDamaged, FFmpegError, ValueError) as error:
        return f"its packets cannot be read in parts ({error})"


def _check_time(limits: Limits, timestamps: array[int], video: Video) -> None:
    seconds = float((timestamps[-1] - timestamps[0]) * video.time_base)
    limits.check_time(len(timestamps), seconds)
