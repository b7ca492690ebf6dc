"""What is counted and measured. Instruments are cheap while nothing exports them."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from opentelemetry.metrics import Counter, Histogram, get_meter

from reelbrush.telemetry import names


@cache
def _counter(name: str, unit: str) -> Counter:
    return get_meter(names.SCOPE).create_counter(name, unit)


@cache
def _histogram(name: str, unit: str) -> Histogram:
    return get_meter(names.SCOPE).create_histogram(name, unit)


def count_event(kind: str, code: str = "") -> None:
    """Count something that happened to a job: one of reelbrush.events.TYPES, with the `code` of its error."""
    labels = {names.KIND: kind} | ({names.CODE: code} if code else {})
    _counter(names.M_JOBS, "{job}").add(1, labels)


def count_node_seconds(seconds: float, style: str, outcome: str) -> None:
    """Count the time of all nodes of a run that ended; `outcome` is done, failed, canceled or evicted."""
    _counter(names.M_NODE_SECONDS, "s").add(_number(seconds), {names.STYLE: style, names.OUTCOME: outcome})


def record_open_jobs(queued: int, working: int) -> None:
    """Record how many jobs have not ended: in the queue, and beyond it. Zeros are told too: the app lives.

    A histogram, since a gauge's last value is sent again and again, long after the process stopped looking.
    """
    for phase, jobs in (("queued", queued), ("working", working)):
        _histogram(names.M_OPEN_JOBS, "{job}").record(jobs, {names.PHASE: phase})


def count_evictions(runs: int) -> None:
    """Count runs that lost their node."""
    if runs:
        _counter(names.M_EVICTIONS, "{run}").add(runs)


def count_wait(reason: str) -> None:
    """Count a job for which no node came in time; `reason` is busy, silent or error."""
    _counter(names.M_WAITS, "{job}").add(1, {names.REASON: reason})


def record_receipt(receipt: dict[str, Any]) -> None:
    """Record the figures of a finished job, once, by its new receipt. What the receipt lacks is left out."""
    style = {names.STYLE: str(receipt.get("job", {}).get("style", ""))}
    _counter(names.M_FRAMES, "{frame}").add(_number(receipt.get("frames")), style)
    _counter(names.M_RETRIES, "{run}").add(_number(receipt.get("retries")), style)
    for batch in cast("list[dict[str, Any]]", receipt.get("batches", [])):
        if "waitSeconds" in batch:
            _histogram(names.M_QUEUE_SECONDS, "s").record(_number(batch["waitSeconds"]), style)
        if batch.get("framesPerSecond"):
            _histogram(names.M_FPS, "{frame}/s").record(_number(batch["framesPerSecond"]), style)
    cost = cast("dict[str, Any]", receipt.get("cost") or {})
    if "estimate" in cost:
        labels = {**style, names.CURRENCY: str(cost.get("currency", ""))}
        _counter(names.M_COST, "1").add(_number(cost["estimate"]), labels)


def _number(value: Any) -> float:
    return max(0, value) if isinstance(value, int | float) else 0
