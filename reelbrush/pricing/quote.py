"""Quotes: how long a video takes and what it costs, each number with its basis."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

from reelbrush.job import Options
from reelbrush.job.plan import Figures, Plan, duration, expected_seconds, plan
from reelbrush.pricing.basis import Basis, basis_of
from reelbrush.pricing.prices import no_price
from reelbrush.pricing.rates import Rate
from reelbrush.settings import Settings
from reelbrush.store import Store

SEGMENT_FRAMES = 48  # of the grid where nothing speaks for another border
_MEASURED, _SCALED, _RECKONED = (0.85, 1.0, 1.15), (0.7, 1.0, 1.3), (0.5, 1.0, 3.0)
RANGE = ("low", "likely", "high")


def quote_for(
    settings: Settings,
    store: Store | None,
    *,
    width: int,
    height: int,
    frames: int,
    frame_rate: Fraction | None = None,
    style: str,
    options: Options | None = None,
    rate: Rate | None = None,
) -> dict[str, Any]:
    """Return the quote document of a video that is not split yet: `frames` >= 1 frames of width x height.

    `frame_rate` only words the length. A `rate` that the caller has measured counts more than what the store
    remembers; without both nothing counts as measured. Raises StoreError.
    """
    basis = basis_of(settings, store, style, options or Options(), width * height)
    if rate is not None:
        figures = replace(basis.figures, seconds_per_frame=rate.seconds_per_frame)
        basis = replace(basis, rate=rate, figures=figures)
    grid = [SEGMENT_FRAMES] * (frames // SEGMENT_FRAMES)
    grid += [frames % SEGMENT_FRAMES] if frames % SEGMENT_FRAMES else []
    planned = plan(grid, basis.planning())
    if not basis.rate.measured and not basis.local:
        planned = plan(grid, basis.figures)  # as it will be once a few frames were painted
    length = f", {duration(float(frames / frame_rate))} of film" if frame_rate else ""
    return quote(basis, planned, frames, (f"{frames:,} frames of {width}x{height}{length}.",))


def quote(basis: Basis, planned: Plan, frames: int, first: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the quote document of a plan for `frames` frames that are still to be painted.

    Costs are left out where no price is known. `first` begins the reasons. All ranges are low, likely, high.
    """
    starts, spread = (basis.starts.low, basis.starts.likely, basis.starts.high), _spread(basis)
    minutes: list[float] = []
    hours: list[float] = []
    left = min(1.0, frames / max(1, sum(batch.frame_count for batch in planned.batches)))
    for factor, start in zip(spread, starts, strict=True):
        figures = replace(basis.figures, seconds_per_frame=basis.rate.seconds_per_frame * factor)
        if factor == spread[0]:
            figures = replace(figures, evictions_per_node_hour=0.0)
        paced = replace(figures, seconds_per_frame=basis.rate.seconds_per_frame * factor * left)
        minutes.append((start + expected_seconds(planned.batches, planned.nodes_per_run, paced)) / 60)
        hours.append(_node_seconds(planned, figures, frames, start) / 3600)
    document: dict[str, Any] = {
        "frames": frames,
        "batches": len(planned.batches),
        "nodes": min(basis.figures.nodes, len(planned.batches) * planned.nodes_per_run),
        "measured": basis.rate.measured,
        "secondsPerFrame": round(basis.rate.seconds_per_frame, 6),
        "gpuHours": _range([h * basis.gpus for h in hours], 4),
        "minutes": _range(minutes, 2),
    }
    device = basis.rate.device or (basis.size.gpu if basis.size else "")
    if device:
        document["device"] = device
    if basis.price is not None:
        costs = [h * basis.price.per_hour for h in hours]
        document["cost"] = {**_range(costs, 4), "currency": basis.price.currency}
        if basis.price.date:
            document["cost"]["priceDate"] = basis.price.date
    document["reasons"] = [*first, *_reasons(basis, spread), *planned.reasons]
    return document


def _node_seconds(planned: Plan, figures: Figures, frames: int, start: float) -> float:
    """Seconds of nodes that are paid for: growing the cluster, starts of runs, painting, evictions."""
    runs, wide = len(planned.batches), planned.nodes_per_run
    paint = frames * (figures.seconds_per_frame or 0.0) / figures.processes
    nodes = min(figures.nodes, runs * wide)
    seconds = paint + runs * wide * figures.startup_seconds + nodes * start
    evicted = figures.evictions_per_node_hour * seconds / 3600
    return seconds + evicted * wide * (figures.startup_seconds + start)


def _spread(basis: Basis) -> tuple[float, float, float]:
    if not basis.rate.measured:
        return _RECKONED
    return _SCALED if basis.rate.scaled else _MEASURED


def _range(values: list[float], digits: int) -> dict[str, float]:
    return {name: round(value, digits) for name, value in zip(RANGE, values, strict=True)}


def _reasons(basis: Basis, spread: tuple[float, float, float]) -> list[str]:
    rate = basis.rate
    fps = 1 / rate.seconds_per_frame
    each = "process" if basis.local else "GPU" if rate.device != "cpu" else "process"
    if not rate.measured:
        told = (
            f"Not measured yet: about {fps:.1f} frames per second on one {each} are reckoned"
            f" ({basis.reference}); it may take half as long or {spread[2]:g} times as long."
        )
    elif rate.scaled:
        told = (
            f"{fps:.1f} frames per second on one {each} ({rate.device}), reckoned from {rate.frames} frames"
            f" of another size ({rate.pixels / 1e6:.2f} megapixels) that were measured on {rate.at[:10]}."
        )
    else:
        told = (
            f"{fps:.1f} frames per second on one {each} ({rate.device}), measured on {rate.at[:10]}"
            f" with {rate.frames} frames."
        )
    reasons = [told]
    if basis.starts.basis:
        reasons.append(basis.starts.basis)
    reasons.append(basis.price.basis if basis.price is not None else no_price(basis.settings))
    return reasons
