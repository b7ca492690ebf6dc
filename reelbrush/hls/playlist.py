"""Media playlists of type EVENT: they only ever grow at their end, until they are closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

_MICRO = 1_000_000  # the decimals of EXTINF


@dataclass(frozen=True)
class Entry:
    """One segment of a playlist."""

    uri: str
    start: int  # tick at which its first frame is shown
    duration: int  # ticks


def media_playlist(entries: Sequence[Entry], scale: int, target: int, init: str, *, ended: bool) -> str:
    """Return the playlist of `entries`, which follow each other without gaps.

    `scale` is ticks per second, `target` the longest duration in whole seconds, the same in every version of
    one playlist, see `target_duration`; `init` is the URI of the initialization section. `ended` closes it.
    """
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{target}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:EVENT",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        # players of growing playlists begin near their end unless they are told
        "#EXT-X-START:TIME-OFFSET=0,PRECISE=YES",
        f'#EXT-X-MAP:URI="{init}"',
    ]
    for entry in entries:
        lines += [f"#EXTINF:{_seconds(entry, scale)},", entry.uri]
    if ended:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def target_duration(durations: Sequence[int], scale: int) -> int:
    """Return the EXT-X-TARGETDURATION, >= 1, for segments of these `durations` in ticks.

    The standard compares durations rounded to whole seconds with it.
    """
    return max(1, floor(Fraction(max(durations), scale) + Fraction(1, 2)))


def _seconds(entry: Entry, scale: int) -> str:
    """Return the duration with six decimals; both ends are rounded, so that the sum never drifts."""
    first = _micros(entry.start, scale)
    whole, micros = divmod(_micros(entry.start + entry.duration, scale) - first, _MICRO)
    return f"{whole}.{micros:06d}"


def _micros(tick: int, scale: int) -> int:
    """Return the nearest microsecond, halves rounded up."""
    return (2 * tick * _MICRO + scale) // (2 * scale)
