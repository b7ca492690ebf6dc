"""How often low-priority nodes are taken away, as far as earlier jobs met it."""

from __future__ import annotations

from dataclasses import dataclass

from reelbrush.pricing.remembered import remember, remembered
from reelbrush.settings import Settings
from reelbrush.store import Store

_NAME = "evictions.json"
_ASSUMED, _ASSUMED_HOURS = 0.05, 10.0  # evictions per node hour before any was met, and its weight
_MOST = 1e9  # evictions or hours
_MEMORY_HOURS = 500.0  # node hours after which old jobs fade


@dataclass(frozen=True)
class _Met:
    evictions: float = 0.0
    node_hours: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.evictions < _MOST and 0 <= self.node_hours < _MOST):
            raise ValueError(f"nobody met {self.evictions} evictions in {self.node_hours} hours")


def evictions_per_node_hour(settings: Settings, store: Store | None) -> float:
    """Return how many evictions an hour of one node is expected to meet; 0 for dedicated nodes."""
    if settings.backend == "local" or settings.vm_priority != "lowpriority":
        return 0.0
    met = _read(store) if store is not None else _Met()
    return (met.evictions + _ASSUMED * _ASSUMED_HOURS) / (met.node_hours + _ASSUMED_HOURS)


def note_evictions(settings: Settings, store: Store, evictions: int, node_seconds: float) -> None:
    """Remember what a finished job met on low-priority nodes. Raises StoreError."""
    if settings.backend == "local" or settings.vm_priority != "lowpriority":
        return
    met, hours = _read(store), node_seconds / 3600
    fade = min(1.0, _MEMORY_HOURS / (met.node_hours + hours + 1e-9))
    now = _Met(fade * (met.evictions + evictions), fade * (met.node_hours + hours))
    remember(store, _NAME, now)


def _read(store: Store) -> _Met:
    return remembered(store, _Met, _NAME) or _Met()
