"""Every number of a training run, with its unit, in one block."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import cast

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


@dataclass(frozen=True)
class Settings:
    """A run is repeated by its settings, its painting, its photos and its extractor.

    style_size: shorter side in px to which the painting is scaled; brush strokes grow with it.
    style_share: upper part of the painting that is learned from, as a fraction of its height.
    style_median: side in px (odd) of the median filter that takes the grain out before scaling.
    colour_cell: side in px of the squares whose mean colours must fit the palette (1..crop_size).
    crop_size: side in px of the photo crops; a multiple of 4, at least 128.
    batch: photo crops per step. twins: how many of them are painted twice to compare (1..batch).
    shift: largest displacement in px of a twin.
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
        if self.crop_size % 4 or self.crop_size < 128:
            raise ValueError(f"crop_size is {self.crop_size}: it must be a multiple of 4, at least 128")
        if not 1 <= self.twins <= self.batch:
            raise ValueError(
                f"twins is {self.twins}: it must be from 1 to batch ({self.batch}), both inclusive"
            )

    def as_dict(self) -> dict[str, object]:
        """All numbers by name, nested, ready for JSON."""
        return asdict(self)


def changed(changes: Sequence[str], settings: Settings | None = None) -> Settings:
    """Settings with `NAME=NUMBER` applied; `weights.NAME` and `net.NAME` reach into the blocks.

    Raises ValueError for an unknown name or something that is no number.
    """
    settings = settings or Settings()
    for change in changes:
        name, _, text = change.partition("=")
        block, _, leaf = name.rpartition(".")
        owner = {"": settings, "weights": settings.weights, "net": settings.net}.get(block)
        before = getattr(owner, leaf, None)
        if owner is None or not isinstance(before, (int, float)):
            raise ValueError(f"no setting {name!r}: see training/settings.py")
        value = type(before)(text)
        fresh = replace(owner, **{leaf: value})
        settings = cast(Settings, replace(settings, **{block: fresh}) if block else fresh)
    return settings
