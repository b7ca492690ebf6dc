"""How long a cluster takes to start its first run, as earlier jobs met it."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from reelbrush.job.plan import duration
from reelbrush.pricing.remembered import remember, remembered
from reelbrush.store import Store

_NAME = "starts.json"
_LONGEST = 1e8  # seconds of a start
_KEPT, _ENOUGH = 12, 3  # jobs that are remembered; that are needed to be believed


@dataclass(frozen=True)
class Starts:
    """Seconds from asking for a first run to its beginning."""

    low: float
    likely: float
    high: float
    basis: str  # a sentence for people


@dataclass(frozen=True)
class _Met:
    seconds: tuple[float, ...] = ()  # the newest first

    def __post_init__(self) -> None:
        if not all(0 <= seconds < _LONGEST for seconds in self.seconds):
            raise ValueError(f"no start took {max(self.seconds)} or {min(self.seconds)} seconds")


HERE = Starts(0.0, 0.0, 0.0, "")
ASSUMED = Starts(
    0.0,
    300.0,
    600.0,
    "Starting nodes is counted too: nothing when they are up, 5 minutes when the cluster grows from zero,"
    " 10 at worst.",
)


def starts_of(store: Store | None) -> Starts:
    """Return what the start of a first run takes; assumed until a few jobs met it. Raises StoreError."""
    met = _read(store).seconds if store is not None else ()
    if len(met) < _ENOUGH:
        return ASSUMED
    low, likely, high = min(met), median(met), max(met)
    told = f"The last {len(met)} jobs waited {duration(low)} to {duration(high)} for a node; that is counted."
    return Starts(low, likely, high, told)


def note_start(store: Store, seconds: float) -> None:
    """Remember that a job's first run began `seconds` after it was asked for. Raises StoreError."""
    met = _Met((round(max(0.0, seconds), 1), *_read(store).seconds)[:_KEPT])
    remember(store, _NAME, met)


def _read(store: Store) -> _Met:
    return remembered(store, _Met, _NAME) or _Met()
