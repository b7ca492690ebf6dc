"""Films of hours in seconds: a few frames are encoded once, their packets are muxed again and again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import OutputContainer
from av.packet import Packet
from av.subtitles.stream import SubtitleStream
from av.video.frame import VideoFrame

from reelbrush.media.subtitles import ASS_HEADER

GOP = 48  # frames; the grid cuts at every key frame then
RATE = 25  # frames per second
SIZE = 32  # pixels, both ways
_SOUND_RATE = 16_000
_SOUND_FRAME = 1024  # samples
_CUE_SECONDS = 20
_TICKS = 12_800  # per second
_UNEVEN = (512, 512, 1024, 300, 724)  # ticks that frames of a film with a variable rate are shown, in turn


@dataclass(frozen=True)
class Film:
    """What is made. With `key_frames` False only the first frame is one."""

    frames: int
    container: str = "mp4"  # FFmpeg's name of the muxer
    uneven: bool = False
    key_frames: bool = True
    cues: bool = True
    options: tuple[tuple[str, str], ...] = ()  # of the muxer

    @property
    def seconds(self) -> Fraction:
        """From the first frame's start to the last one's end."""
        return Fraction(sum(self.ticks()), _TICKS)

    def ticks(self) -> Iterator[int]:
        """Yield how long each frame is shown, in 1/12800 s."""
        for index in range(self.frames):
            yield _UNEVEN[index % len(_UNEVEN)] if self.uneven else _TICKS // RATE


def picture(number: int = 0) -> np.ndarray:
    """Return the one picture of all films, (H, W, 3) uint8 RGB, but for a dot that moves with the frame."""
    ground = np.add.outer(np.arange(SIZE) * 3, np.arange(SIZE) * 4).astype(np.uint8)
    frame = np.repeat(ground[:, :, None], 3, 2)
    frame[4:8, 4 + number % 16 : 8 + number % 16] = 250
    return frame


def make(path: Path, film: Film) -> Path:
    """Write a film with sound and subtitles."""
    with av.open(str(path), "w", format=film.container, options=dict(film.options)) as output:
        video = output.add_stream("libx264", rate=RATE)
        video.width = video.height = SIZE
        video.pix_fmt = "yuv420p"
        gop = GOP if film.key_frames else film.frames
        video.options = {"g": str(gop), "keyint_min": str(gop), "sc_threshold": "0", "bf": "0", "crf": "30"}
        sound = output.add_stream("aac", rate=_SOUND_RATE, layout="mono")
        cues = _cue_track(output, film) if film.cues else None
        output.start_encoding()
        pictures = [bytes(packet) for packet in _encoded(video, GOP if film.key_frames else film.frames)]
        blocks = [bytes(packet) for packet in _sounds(sound)]
        merged = [_pictures(film, video, pictures), _blocks(film, sound, blocks)]
        if cues is not None:
            merged.append(_cues(film, cues))
        _mux(output, merged)
    return path


def _cue_track(output: OutputContainer, film: Film) -> SubtitleStream:
    if film.container != "mp4":
        return output.add_mux_stream("subrip", time_base=Fraction(1, 1000))
    track = output.add_stream("mov_text")
    track.codec_context.subtitle_header = ASS_HEADER
    return track


def _encoded(video: av.VideoStream, count: int) -> Iterator[Packet[av.VideoStream]]:
    for number in range(count):
        frame = VideoFrame.from_ndarray(picture(number), format="rgb24")
        frame.pts, frame.time_base = number, Fraction(1, RATE)
        yield from video.encode(frame)
    yield from video.encode(None)


def _sounds(sound: av.AudioStream) -> Iterator[Packet[av.AudioStream]]:
    wave = (np.sin(np.arange(_SOUND_FRAME * 8) / 20) * 0.2).astype(np.float32)[None, :]
    for at in range(0, wave.shape[1], _SOUND_FRAME):
        frame = AudioFrame.from_ndarray(
            np.ascontiguousarray(wave[:, at : at + _SOUND_FRAME]), format="fltp", layout="mono"
        )
        frame.sample_rate, frame.pts = _SOUND_RATE, at
        yield from sound.encode(frame)


def _pictures(film: Film, stream: av.VideoStream, packets: list[bytes]) -> Iterator[Packet[av.VideoStream]]:
    time = 0
    for index, ticks in enumerate(film.ticks()):
        packet = Packet(packets[index % len(packets)])
        packet.stream, packet.time_base = stream, Fraction(1, _TICKS)
        packet.pts = packet.dts = time
        packet.duration = ticks
        packet.is_keyframe = index % len(packets) == 0
        yield packet
        time += ticks


def _blocks(film: Film, stream: av.AudioStream, blocks: list[bytes]) -> Iterator[Packet[av.AudioStream]]:
    for index in range(int(film.seconds * _SOUND_RATE) // _SOUND_FRAME):
        packet = Packet(blocks[index % len(blocks)])
        packet.stream, packet.time_base = stream, Fraction(1, _SOUND_RATE)
        packet.pts = packet.dts = index * _SOUND_FRAME
        packet.duration = _SOUND_FRAME
        packet.is_keyframe = True
        yield packet


def _cues(film: Film, stream: SubtitleStream) -> Iterator[Packet[SubtitleStream]]:
    for index in range(int(film.seconds) // _CUE_SECONDS):
        text = f"cue {index}".encode()
        packet = Packet(len(text).to_bytes(2) + text if film.container == "mp4" else text)
        packet.stream, packet.time_base = stream, Fraction(1, 1000)
        packet.pts = packet.dts = index * _CUE_SECONDS * 1000
        packet.duration = 5000
        yield packet


def _mux(output: OutputContainer, merged: list[Iterator[Packet]]) -> None:
    """Interleave by time: the next packet of the track that is furthest behind."""
    heads = [(next(track, None), track) for track in merged]
    waiting = [[float(head.dts * head.time_base), head, track] for head, track in heads if head is not None]
    while waiting:
        first = min(waiting, key=lambda each: each[0])
        output.mux(first[1])
        following = next(first[2], None)
        if following is None:
            waiting.remove(first)
        else:
            first[0], first[1] = float(following.dts) * float(following.time_base), following
