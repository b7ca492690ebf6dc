"""Chooses the output's container: MP4, unless a track of the source needs another."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError

from reelbrush.media.tracks import Selection, Track

if TYPE_CHECKING:  # PyAV names this type only in its stubs
    from av.container.core import Chapter

Extension = Literal["mp4", "mov", "mkv"]
Action = Literal["copy", "flac", "mov_text", "subrip"]

FORMATS: dict[Extension, str] = {"mp4": "mp4", "mov": "mov", "mkv": "matroska"}
MP4_AUDIO = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac", "mp2", "dts"})
MOV_AUDIO = MP4_AUDIO | {"amr_nb", "amr_wb", "pcm_alaw", "pcm_mulaw", "adpcm_ima_qt", "pcm_u8"}
PLAIN_TEXT = frozenset({"subrip", "webvtt", "text"})  # cues of text with a start and an end
_MOV_PCM = ("pcm_s", "pcm_f")
_FLAC_CHANNELS = 8


@dataclass(frozen=True)
class Wrapper:
    """The output's container and what happens to each carried track, by stream index of the source."""

    extension: Extension
    actions: dict[int, Action]
    notes: tuple[str, ...]

    @property
    def format(self) -> str:
        """FFmpeg's name of the muxer."""
        return FORMATS[self.extension]


def choose_wrapper(
    source: InputContainer,
    selection: Selection,
    chapters: Sequence[Chapter],
    cues_fit_mp4: Callable[[tuple[Track, ...]], bool],
) -> Wrapper:
    """Choose the container for the tracks in `selection` and the output's `chapters`.

    `cues_fit_mp4` is asked, only where the answer decides, whether these plain text subtitles can become
    MP4's timed text without any loss. Tracks that no container takes are left out of `actions`, with a note.
    """
    audio = selection.of("audio")
    subtitles = selection.of("subtitle")
    plain = tuple(track for track in subtitles if track.codec in PLAIN_TEXT)
    other = any(track.codec != "mov_text" and track.codec not in PLAIN_TEXT for track in subtitles)
    extension: Extension = "mkv"
    # MP4 keeps chapters as samples of a text track; a first one that starts late is read as starting at 0
    if not other and not (chapters and chapters[0]["start"]):
        if all(track.codec in MP4_AUDIO and _muxes(source, track, "mp4") for track in audio):
            extension = "mp4"
        elif "mov" in source.format.name and all(
            _fits_mov(track.codec) and _muxes(source, track, "mov") for track in audio
        ):
            extension = "mov"
    if extension != "mkv" and plain and not cues_fit_mp4(plain):
        extension = "mkv"
    return _with_actions(source, selection, extension)


def _fits_mov(codec: str) -> bool:
    return codec in MOV_AUDIO or codec.startswith(_MOV_PCM)


def _with_actions(source: InputContainer, selection: Selection, extension: Extension) -> Wrapper:
    actions: dict[int, Action] = {}
    notes: list[str] = []
    for track in selection.tracks:
        action = _action(source, track, extension)
        if action is None:
            notes.append(
                f"track {track.index} was dropped: {extension} has no place for {track.codec or track.kind}"
            )
            continue
        actions[track.index] = action
        if action == "flac":
            notes.append(
                f"audio track {track.index} was converted from {track.codec} to FLAC, without further loss"
            )
    if extension != "mp4":
        notes.append(f"the output is {extension.upper()} because a track or the chapters do not fit into MP4")
    return Wrapper(extension, actions, tuple(notes))


def _action(source: InputContainer, track: Track, extension: Extension) -> Action | None:
    if track.kind == "picture":
        return "copy" if extension == "mkv" or _muxes(source, track, extension) else None
    if track.kind == "attachment":
        return "copy" if extension == "mkv" else None
    if track.kind == "subtitle":
        if extension != "mkv":
            return "copy" if track.codec == "mov_text" else "mov_text"
        if track.codec == "mov_text":
            return "subrip"
        return "copy" if _muxes(source, track, extension) else None
    if extension != "mkv" or _muxes(source, track, extension):
        return "copy"
    stream = source.streams[track.index]
    assert isinstance(stream, AudioStream)
    return "flac" if stream.codec_context.layout.nb_channels <= _FLAC_CHANNELS else None


def _muxes(source: InputContainer, track: Track, extension: Extension) -> bool:
    """Whether the muxer writes a header with this track: the only complete statement of what it takes."""
    try:
        with av.open(io.BytesIO(), "w", format=FORMATS[extension]) as trial:
            stream = trial.add_stream_from_template(source.streams[track.index], opaque=True)
            stream.disposition = source.streams[track.index].disposition
            trial.start_encoding()
    except (FFmpegError, ValueError):
        return False
    return True
