"""Options as users write them, in a side-car, in a request's body or on the command line."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from reelbrush.job.options import Options, option_problems, shown, value_problems

_TIMECODE = re.compile(r"(?:(?:(\d{1,3}):)?([0-5]?\d):([0-5]?\d)|(\d{1,6}))(?:\.(\d{1,3}))?", re.ASCII)
_SHARE = re.compile(r"\d{1,4}(\.\d{0,40})?|\.\d{1,40}|\d{1,4}/[1-9]\d{0,3}", re.ASCII)


def parse_options(wishes: Mapping[str, Any]) -> Options:
    """Return the options that a user's JSON object or command line asks for.

    `hdr`, `crf`, `preserve_color`, `mix` and `precision` are as in Options. `strength` and `mix_share` are
    numbers, or texts of such, and rounded to thousandths; without `mix_share` a second style gets 1/2, with
    a fade all.
    `fade_start` and `fade_end` are timecodes (see `milliseconds`) or seconds. None counts as not wished.
    Raises ValueError that tells every problem at once.
    """
    unknown = [name for name in wishes if name not in _READERS]
    problems = [f"there is no option {shown(name)}" for name in unknown]
    if unknown:
        problems.append(f"known are {', '.join(sorted(_READERS))}")
    values: dict[str, Any] = {}
    unread = False
    for name, (field, read) in _READERS.items():
        if wishes.get(name) is not None:
            try:
                values[field] = read(wishes[name])
            except ValueError as error:
                problems.append(f"{name} {error}")
                unread = True
    if "mix" in values and wishes.get("mix_share") is None:
        values["mix_share"] = Fraction(1) if "fade_end_ms" in values else Fraction(1, 2)
    options = Options(**values)
    # what could not be read is not missing as well
    problems += value_problems(options) if unread else option_problems(options)
    if problems:
        raise ValueError("; ".join(problems))
    return options


def wishes_of(options: Options) -> dict[str, Any]:
    """Return the JSON object from which `parse_options` makes `options` again (shares in thousandths)."""
    wishes: dict[str, Any] = {"hdr": options.hdr, "crf": options.crf}
    if options.strength != 1:
        wishes["strength"] = str(options.strength)
    if options.preserve_color:
        wishes["preserve_color"] = True
    if options.mix is not None:
        wishes |= {"mix": options.mix, "mix_share": str(options.mix_share)}
    for name, time in (("fade_start", options.fade_start_ms), ("fade_end", options.fade_end_ms)):
        if time is not None:
            wishes[name] = timecode(time)
    if options.precision != "float32":
        wishes["precision"] = options.precision
    return wishes


def chosen_wishes(options: Options) -> dict[str, Any]:
    """Return those of `wishes_of` that a user had to ask for, shares as numbers; {} for a plain job."""
    plain = wishes_of(Options())
    chosen = {name: value for name, value in wishes_of(options).items() if value != plain.get(name)}
    shares = {name: float(Fraction(chosen[name])) for name in ("strength", "mix_share") if name in chosen}
    return chosen | shares


def milliseconds(text: str) -> int:
    """Return the whole milliseconds of a timecode: "90", "1:30", "00:01:30.500".

    Raises ValueError when `text` is none: minutes and seconds beside a larger unit are below 60, hours below
    1000, and there are at most three decimals.
    """
    found = _TIMECODE.fullmatch(text)
    if found is None:
        raise ValueError(f"is a time like 90, 1:30 or 00:01:30.500, not {shown(text)}")
    hours, minutes, seconds, alone, decimals = found.groups(default="0")
    whole = 3600 * int(hours) + 60 * int(minutes) + int(seconds) + int(alone)
    return 1000 * whole + int(decimals.ljust(3, "0"))


def timecode(time: int) -> str:
    """Return `time`, milliseconds from 0 on, as "00:01:30.500"."""
    seconds, thousandths = divmod(time, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{thousandths:03d}"


def _share(value: Any) -> Fraction:
    text = _text(value)
    if not _SHARE.fullmatch(text) or Fraction(text) > 1:
        raise ValueError(f"is a number 0..1, not {shown(value)}")
    return Fraction((2000 * Fraction(text) + 1) // 2, 1000)


def _time(value: Any) -> int:
    return milliseconds(_text(value))


def _text(value: Any) -> str:
    """A number or text as text; the shortest decimals of a JSON number are those that its author wrote."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError(f"is a number or a text, not {shown(value)}")
    text = format(Decimal(repr(value)), "f") if isinstance(value, float) else str(value)
    return text.strip()[:64]


def _style(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"is the name of a style, not {shown(value)}")
    return value


def _as_is(value: Any) -> Any:
    return value


_READERS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "hdr": ("hdr", _as_is),
    "crf": ("crf", _as_is),
    "strength": ("strength", _share),
    "preserve_color": ("preserve_color", _as_is),
    "mix": ("mix", _style),
    "mix_share": ("mix_share", _share),
    "fade_start": ("fade_start_ms", _time),
    "fade_end": ("fade_end_ms", _time),
    "precision": ("precision", _as_is),
}
