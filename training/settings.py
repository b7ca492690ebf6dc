"""Every number of a training run, with its unit, in one block."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from training.net import NetShape


@dataclass(frozen=True)
class LossWeights:
    """Weight of each term of the loss; what the terms are is said in :mod:`training.losses`."""

    style: float = 1.0
    content: float = 0.18
    colour: float = 4.0
    steady: float = 8.0
    smooth: float = 0.3
    lattice: float = 300.0
    range: float = 5.0


RANGES: dict[str, tuple[float, float]] = {
    "style_size": (128, 4096),  # the extractors need 32 px, at a quarter of this
    "style_share": (0.05, 1),
    "style_median": (1, 31),
    "crop_size": (128, 1024),
    "batch": (1, 64),
    "noise": (0, 1),
    "relight": (0, 1),
    "warmup_steps": (0, 1_000_000),
    "steps": (0, 1_000_000),
    "steady_from": (0, 1_000_000),
    "learning_rate": (1e-7, 1),
    "seed": (0, 2**63 - 1),
    "threads": (1, 1024),
    "net.*": (1, 512),
    "net.blocks": (1, 64),
    "weights.*": (0, 1e6),
}
"""Least and largest value of each setting, both inclusive; those of twins, shift and colour_cell follow from
others.
"""


@dataclass(frozen=True)
class Settings:
    """A run is repeated by its settings, its painting, its photos and its extractor.

    All have limits, see RANGES.

    style_size: shorter side in px to which the painting is scaled; brush strokes grow with it.
    style_share: upper part of the painting that is learned from, as a fraction of its height.
    style_median: side in px (odd) of the median filter that takes the grain out before scaling.
    colour_cell: side in px of the squares whose mean colours must fit the palette (1..crop_size).
    crop_size: side in px of the photo crops; a multiple of 4, at least 128.
    batch: photo crops per step. twins: how many of them are painted twice to compare (1..batch).
    shift: largest displacement in px of a twin (0..crop_size / 4).
    noise: largest standard deviation of a twin's noise (0..1 scale).
    relight: largest change of a twin's brightness, as a fraction.
    warmup_steps: steps that only learn the palette. steps: steps with the whole loss.
    steady_from: steps over which the steadiness term grows from nothing to its weight.
    learning_rate: Adam's peak rate; cosine down to 3 % of it.
    """

    style_size: int = 560
    style_share: float = 1.0
    style_median: int = 1
    colour_cell: int = 12
    crop_size: int = 256
    batch: int = 2
    twins: int = 1
    shift: int = 8
    noise: float = 0.04
    relight: float = 0.04
    warmup_steps: int = 250
    steps: int = 2500
    steady_from: int = 200
    learning_rate: float = 2e-3
    seed: int = 0
    threads: int = 1
    net: NetShape = field(default_factory=NetShape)
    weights: LossWeights = field(default_factory=LossWeights)

    def __post_init__(self) -> None:
        """Raises ValueError with every setting that is outside of its range."""
        ranges = RANGES | {
            "twins": (1, self.batch),
            "shift": (0, self.crop_size / 4),
            "colour_cell": (1, self.crop_size),
        }
        values = {name: getattr(self, name) for name in ranges if "." not in name}
        values |= {f"net.{name}": value for name, value in asdict(self.net).items()}
        values |= {f"weights.{name}": value for name, value in asdict(self.weights).items()}
        problems: list[str] = []
        for name, value in values.items():
            low, high = ranges.get(name) or ranges[name.partition(".")[0] + ".*"]
            if not low <= value <= high:
                problems.append(f"{name} is {value:g}: it must be from {low:g} to {high:g}, both inclusive")
        if self.crop_size % 4:
            problems.append(f"crop_size is {self.crop_size}: it must be a multiple of 4")
        if self.style_median % 2 == 0:
            problems.append(f"style_median is {self.style_median}: it must be odd")
        if problems:
            raise ValueError("; ".join(problems))

    def as_dict(self) -> dict[str, object]:
        """All numbers by name, nested, ready for JSON."""
        return asdict(self)


def changed(changes: Sequence[str], settings: Settings | None = None) -> Settings:
    """Settings with `NAME=NUMBER` applied; `weights.NAME` and `net.NAME` reach into the blocks.

    Later ones win; ranges are looked at when all are applied. Raises ValueError for an unknown name,
    something that is no number, or a number outside of its range.
    """
    settings = settings or Settings()
    owners = {"": settings, "weights": settings.weights, "net": settings.net}
    found: dict[str, dict[str, Any]] = {block: {} for block in owners}
    for change in changes:
        name, _, text = change.partition("=")
        block, _, leaf = name.rpartition(".")
        before = getattr(owners.get(block), leaf, None)
        if not isinstance(before, (int, float)):
            raise ValueError(f"no setting {name!r}: see training/settings.py")
        try:
            found[block][leaf] = type(before)(text)
        except ValueError:
            kind = "a whole number" if isinstance(before, int) else "a number"
            raise ValueError(f"setting {change!r}: NAME=NUMBER is wanted, with {kind}") from None
    weights = replace(settings.weights, **found["weights"])
    return replace(settings, **found[""], weights=weights, net=replace(settings.net, **found["net"]))
