"""Measured rates: how long one process takes per frame, by device, style, precision and frame size.

They are remembered in the store, one small document per device, style and precision, so that later jobs are
planned and quoted by what earlier ones took.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from statistics import median

from reelbrush.job import Job, LedgerPage, Options
from reelbrush.job.names import WORK
from reelbrush.pricing.remembered import FOLDER, remember, remembered
from reelbrush.store import Store

CPU = "cpu"

_SAME_SIZE = 1.25  # ratio of pixels up to which a frame counts as of the same size
_KEPT = 8  # frame sizes of one document
_LONGEST = 1e6  # seconds of a frame that anybody would measure
_FULL_WEIGHT = 200  # frames that a measurement needs to count in full
_NEWEST = 0.7  # share of the newest measurement then


@dataclass(frozen=True)
class Rate:
    """What one process takes per frame. Not `measured`: reckoned from a reference."""

    seconds_per_frame: float  # of the size asked for
    device: str = ""  # "cpu", or what CUDA calls it
    measured: bool = True
    scaled: bool = False  # from frames of another size
    pixels: int = 0  # of the frames that were measured
    frames: int = 0  # that were measured last
    at: str = ""  # when, ISO, UTC


@dataclass(frozen=True)
class _Measurement:
    pixels: int
    seconds_per_frame: float
    frames: int
    at: str

    def __post_init__(self) -> None:
        if self.pixels < 1 or self.frames < 0 or not 0 < self.seconds_per_frame < _LONGEST:
            raise ValueError(f"{self.seconds_per_frame} s for {self.pixels} pixels was never measured")


@dataclass(frozen=True)
class _Card:
    device: str
    sizes: tuple[_Measurement, ...] = ()


def painted_style(style: str, options: Options) -> str:
    """Return what rates are kept by: the style, both of a mix, "" where nothing is painted."""
    if not options.strength:
        return ""
    return style if options.mix is None else f"{style}+{options.mix}"


def note_rates(store: Store, job: Job, pixels: int, pages: Iterable[LedgerPage]) -> None:
    """Remember what the published segments of a job took; frames have `pixels` pixels each.

    Pages without times and jobs that paint nothing tell nothing. A segment counts by what it held the
    process up ("total": stages overlap), and the middle of all segments counts. Raises StoreError.
    """
    style = painted_style(job.style, job.options)
    if not style or pixels < 1:
        return
    taken: dict[tuple[str, str], list[tuple[float, int]]] = defaultdict(list)
    for page in pages:
        seconds = page.seconds.get("total", 0.0)
        if page.frame_count > 0 and 0 < seconds / page.frame_count < _LONGEST:
            device, precision = page.versions.get("device", CPU), job.options.precision
            if device == CPU:  # a GPU paints float32 in 16 bits where it may, which is not asked for by name
                precision = page.versions.get("precision", precision)
            taken[device, precision].append((seconds / page.frame_count, page.frame_count))
    now = datetime.now(UTC).isoformat(timespec="seconds")
    for (device, precision), rates in taken.items():
        measured = _Measurement(pixels, median(rate for rate, _ in rates), sum(n for _, n in rates), now)
        name = _name(device, style, precision)
        known = remembered(store, _Card, name) or _Card(device)
        card = replace(known, sizes=_with(known.sizes, measured))
        remember(store, name, card)


def rate_of(store: Store, device: str, style: str, precision: str, pixels: int) -> Rate | None:
    """Return the rate for frames of `pixels` pixels, None where nothing was measured.

    `device` is "cpu", what CUDA calls a GPU, or its model such as "T4"; "" takes any device, a GPU before a
    CPU. `style` is as `painted_style` says. Of several that fit, one of the same frame size comes first, then
    the one measured last. Raises StoreError.
    """
    wanted = _slug(device)
    ending = f"/{_file(style, precision)}"
    names = [blob.name.removeprefix(FOLDER) for blob in store.list(WORK, FOLDER)]
    cards = [
        remembered(store, _Card, name)
        for name in names
        if name.endswith(ending) and _fits(name.partition("/")[0], wanted)
    ]
    found = [_nearest(card, pixels) for card in cards if card is not None and card.sizes]
    return max(found, key=lambda rate: (rate.device != CPU, not rate.scaled, rate.at), default=None)


def _nearest(card: _Card, pixels: int) -> Rate:
    size = min(card.sizes, key=lambda size: _ratio(size.pixels, pixels))
    return Rate(
        seconds_per_frame=size.seconds_per_frame * pixels / size.pixels,
        device=card.device,
        scaled=_ratio(size.pixels, pixels) > _SAME_SIZE,
        pixels=size.pixels,
        frames=size.frames,
        at=size.at,
    )


def _with(sizes: tuple[_Measurement, ...], new: _Measurement) -> tuple[_Measurement, ...]:
    """Return the sizes with a measurement, mixed with what is known of about the same size."""
    others = [size for size in sizes if _ratio(size.pixels, new.pixels) > _SAME_SIZE]
    same = [size for size in sizes if size not in others]
    if same:
        old = min(same, key=lambda size: _ratio(size.pixels, new.pixels))
        share = _NEWEST * min(1.0, new.frames / _FULL_WEIGHT)
        before = old.seconds_per_frame * new.pixels / old.pixels
        new = replace(new, seconds_per_frame=share * new.seconds_per_frame + (1 - share) * before)
    return (new, *others)[:_KEPT]


def _ratio(one: int, other: int) -> float:
    return max(one, other) / max(1, min(one, other))


def _fits(slug: str, wanted: str) -> bool:
    return not wanted or slug == wanted or wanted in slug.split("-")


def _name(device: str, style: str, precision: str) -> str:
    return f"{_slug(device)}/{_file(style, precision)}"


def _file(style: str, precision: str) -> str:
    return f"{style}.{_slug(precision)}.json"


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60]
