"""What the source says about itself in words: metadata, languages, chapters, the timecode."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from av.container import InputContainer

from reelbrush.media.ticks import rescale

if TYPE_CHECKING:  # PyAV names this type only in its stubs
    from av.container.core import Chapter

# Facts about the old file that would be untrue, or not repeatable, in the new one.
_STALE = re.compile(
    r"(major_brand|minor_version|compatible_brands|encoder|duration|vendor_id|software|alpha_mode|rotate"
    r"|bps|number_of_(frames|bytes)|source_id|_statistics_.*)(-[a-z]{3})?",
    re.IGNORECASE,
)
_TIMECODE = re.compile(r"\d\d:\d\d:\d\d([:;.])\d\d")


def kept_tags(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that stay true for the output; the creation time is the source's, never the clock's."""
    kept = {key: value for key, value in metadata.items() if value and not _STALE.fullmatch(key)}
    if "name" in kept:  # how MP4 calls a track's title
        kept.setdefault("title", kept.pop("name"))
    return kept


def shifted_chapters(source: InputContainer, origin: Fraction) -> list[Chapter]:
    """Return the source's chapters with `origin` (seconds) as time 0, without those that end before it."""
    chapters: list[Chapter] = []
    for chapter in source.chapters():
        tick = Fraction(1, 1_000_000)
        shift = rescale(chapter["time_base"] or tick, tick, origin)
        start, end = max(0, shift(chapter["start"])), shift(chapter["end"])
        if end > start or chapter["end"] <= chapter["start"]:
            chapters.append(
                {
                    "id": chapter["id"],
                    "start": start,
                    "end": max(start, end),
                    "time_base": tick,
                    "metadata": dict(chapter["metadata"]),
                }
            )
    return chapters


def timecode_of(source: InputContainer, video_index: int) -> str:
    """Return the timecode of the first frame as the source has it (hh:mm:ss:ff), or "" when there is none."""
    video = source.streams[video_index].metadata
    others = (stream.metadata for stream in source.streams)
    for metadata in (video, source.metadata, *others):
        timecode = metadata.get("timecode") or metadata.get("TIMECODE")
        if timecode:
            return timecode
    return ""


def fits_rate(timecode: str, rate: Fraction) -> bool:
    """Whether a track can count frames at `rate` from `timecode`; drop-frame needs a multiple of 30."""
    match = _TIMECODE.fullmatch(timecode)
    nominal = round(rate)
    return bool(match) and nominal >= 1 and (match[1] == ":" or nominal % 30 == 0)
