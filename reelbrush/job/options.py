"""The options of a job: what a user may choose besides the style, and which choices there are."""

from __future__ import annotations

import reprlib
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from reelbrush.job.codec import to_json
from reelbrush.job.names import STYLE_NAME

HDR_CHOICES = ("tonemap", "refuse")
HIGHEST_CRF = 51
PRECISIONS = ("float32", "int8")

_FIRST_FIELDS = ("hdr", "crf")  # hashed always; later ones only where wished, so that older ids stay


@dataclass(frozen=True)
class Options:
    """What a user may choose besides the style. Everything here changes the output's bytes.

    A painted frame is made in this order: the styles are mixed, the source's colours are put back, the source
    is blended in. Shares are fractions of 0..1 inclusive.
    """

    hdr: str = "tonemap"  # "tonemap" to SDR BT.709, or "refuse"
    crf: int = 18  # x264 constant rate factor, 0..51 inclusive; lower is better
    strength: Fraction = Fraction(1)  # 0 is the source exactly, 1 the painting exactly
    preserve_color: bool = False  # the painting's light with the source's colours
    mix: str | None = None  # a second style
    mix_share: Fraction = Fraction(0)  # of the second style; at the end of the fade if there is one
    fade_start_ms: int | None = None  # milliseconds after the first frame, until which the share is 0
    fade_end_ms: int | None = None  # and from which it is mix_share; linear between the two
    precision: str = "float32"  # or "int8": the styles' quantised variants


def canonical_options(options: Options) -> dict[str, Any]:
    """Return the JSON object that job ids are made of, with later releases' fields only where wished."""
    plain = to_json(Options())
    document: dict[str, Any] = to_json(options)
    return {
        name: value
        for name, value in document.items()
        if name in _FIRST_FIELDS or name not in plain or value != plain[name]
    }


def option_problems(options: Options) -> list[str]:
    """Return every reason why a job cannot have these options; an empty list when it can."""
    found = value_problems(options)
    start, end = options.fade_start_ms, options.fade_end_ms
    if options.mix is None and (options.mix_share or start is not None or end is not None):
        found.append("mix_share, fade_start and fade_end need a second style in mix")
    if (start is None) != (end is None):
        found.append("fade_start and fade_end go together")
    if start is not None and end is not None and end < start:
        found.append("fade_end is before fade_start")
    return found


def value_problems(options: Options) -> list[str]:
    """Return what is wrong with single values, whether or not they go together."""
    found: list[str] = []
    if options.hdr not in HDR_CHOICES:
        found.append(f"hdr is {' or '.join(HDR_CHOICES)}, not {shown(options.hdr)}")
    if type(options.crf) is not int or not 0 <= options.crf <= HIGHEST_CRF:
        found.append(f"crf is an integer 0..{HIGHEST_CRF}, not {shown(options.crf)}")
    if type(options.preserve_color) is not bool:
        found.append(f"preserve_color is true or false, not {shown(options.preserve_color)}")
    if options.precision not in PRECISIONS:
        found.append(f"precision is {' or '.join(PRECISIONS)}, not {shown(options.precision)}")
    if options.mix is not None and not STYLE_NAME.fullmatch(options.mix):
        found.append(f"mix is the name of a style, not {shown(options.mix)}")
    for name, share in (("strength", options.strength), ("mix_share", options.mix_share)):
        if not 0 <= share <= 1:
            found.append(f"{name} is a number 0..1, not {shown(str(share))}")
    for name, time in (("fade_start", options.fade_start_ms), ("fade_end", options.fade_end_ms)):
        if time is not None and time < 0:
            found.append(f"{name} is before the first frame")
    return found


def shown(value: Any) -> str:
    """Return a value as messages show it, at most 40 characters, however long or deep it is."""
    return reprlib.repr(value)[:40]
