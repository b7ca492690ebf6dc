"""Text subtitles between containers: cues that MP4's timed text can hold without loss, and the way back."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable

from av.packet import Packet
from av.stream import Discard, Stream

from reelbrush.media.container import Opener, opened, packets_of
from reelbrush.media.tracks import Track

_MARKUP = re.compile(r"<[^>]*>|\{\\[^}]*\}|&[a-z#0-9]+;|[\x00-\x08\x0b\x0c\x0e-\x1f]", re.IGNORECASE)
_WEBVTT_STATE = ("webvtt_identifier", "webvtt_settings")

# The styling that MP4's sample description must name although plain cues do not use it.
ASS_HEADER = (
    b"[Script Info]\r\nScriptType: v4.00+\r\nPlayResX: 384\r\nPlayResY: 288\r\n\r\n[V4+ Styles]\r\n"
    b"Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, "
    b"Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, "
    b"MarginL, MarginR, MarginV, Encoding\r\n"
    b"Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1\r\n\r\n"
    b"[Events]\r\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\r\n"
)


def cues_fit_mp4(open_source: Opener, tracks: Iterable[Track]) -> bool:
    """Whether every cue of these plain text tracks can become MP4 timed text exactly.

    Timed text shows one cue at a time and has no markup: overlapping cues, tags, WebVTT settings and cues
    without an end do not fit. Reads through the source once.
    """
    with opened(open_source) as source:
        ends: dict[int, int] = {track.index: -(1 << 62) for track in tracks}
        streams = [source.streams[index] for index in ends]
        for stream in source.streams:
            if stream.index not in ends:
                stream.discard = Discard.all
        for packet in packets_of(source, streams):
            if not packet.size:
                continue
            index = packet.stream.index
            if packet.pts is None or not packet.duration or packet.pts < ends[index] or not _is_plain(packet):
                return False
            ends[index] = packet.pts + packet.duration
    return True


def _is_plain(packet: Packet[Stream]) -> bool:
    if any(packet.has_sidedata(kind) for kind in _WEBVTT_STATE):
        return False
    try:
        text = bytes(packet).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return len(text.encode()) < 1 << 16 and not _MARKUP.search(text)


def to_timed_text(text: bytes) -> bytes:
    """Return an MP4 timed text sample (3GPP TS 26.245 §5.17: 16-bit length, UTF-8) of a plain cue."""
    plain = text.replace(b"\r\n", b"\n").strip(b"\n")
    return struct.pack(">H", len(plain)) + plain


def from_timed_text(sample: bytes) -> bytes:
    """Return the plain text of an MP4 timed text sample, without styles; b"" for a gap between cues."""
    if len(sample) < 2:
        return b""
    (length,) = struct.unpack_from(">H", sample)
    text = sample[2 : 2 + length]
    if text[:2] in (b"\xfe\xff", b"\xff\xfe"):
        return text.decode("utf-16", "replace").encode()
    return text
