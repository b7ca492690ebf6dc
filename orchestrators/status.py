"""The custom status: what is shown of a running job, below its limit of 8,192 characters."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from orchestrators.batches import BatchEntry, frames_done, letters
from reelbrush.job.eta import eta_seconds, measured_rate

LIMIT = 7800  # UTF-16 units of JSON
_SHOWN = ("queueSeconds", "lastError", "quote", "evictions", "waiting")  # of the state, where it has them


def status_of(
    phase: str, request: dict[str, Any], work: dict[str, Any] | None, now: datetime, **more: Any
) -> dict[str, Any]:
    """Return the status in `phase`: queued, splitting, awaitingApproval, scoring, stitching, done or failed.

    `work` is None before the split has told the number of frames; `now` is the orchestration's time. While
    no run has begun, scoring is shown as waitingForCompute. `more` is put in as it is.
    """
    status: dict[str, Any] = {"summary": phase, "phase": phase}
    moment = now.isoformat(timespec="milliseconds")
    if work is None and "nodeSeconds" in request:
        status["nodeSeconds"] = request["nodeSeconds"]  # of the tries before this one
    if work is not None:
        status |= _figures(phase, work, now)
        counts = f"{status['framesDone']} of {status['framesTotal']} frames"
        states = status["batchStates"]
        words = "waiting for compute" if status["phase"] == "waitingForCompute" else phase
        status["summary"] = f"{words}: {counts}, {states.count('D')} of {len(states)} batches"
    if phase == "done":
        status["summary"] = "done"
    moved = (work or {}).get("progressAt") if phase == "scoring" else None
    status |= {"updatedAt": moment, "progressAt": moved or moment, "retry": request.get("retry", 0)}
    return _fitting({**status, **more})


def _figures(phase: str, work: dict[str, Any], now: datetime) -> dict[str, Any]:
    entries = [BatchEntry.unpack(values) for values in work["entries"]]
    states = letters(entries)
    waiting = phase == "scoring" and "Q" in states and "R" not in states
    figures: dict[str, Any] = {
        "phase": "waitingForCompute" if waiting else phase,
        "input": work["input"],
        "framesDone": frames_done(entries),
        "framesTotal": work["frames"],
        "batchStates": states,
        "attempts": [entry.attempt for entry in entries],
        "retries": work["retries"],
        "nodeSeconds": round(work.get("nodeSeconds", 0.0), 1),
    }
    figures |= {name: work[name] for name in _SHOWN if name in work}
    if phase != "scoring":
        figures.pop("waiting", None)
    rate, running = measured_rate(work.get("samples", [])), states.count("R")
    if rate is not None and running and phase == "scoring":
        left = [max(0, e.batch.frame_count - e.frames_done) for e in entries]
        left.append(work["frames"] - sum(e.batch.frame_count for e in entries))  # not planned yet
        eta = eta_seconds(left, running, rate, work["frames"])
        figures |= {"rate": {"fps": round(rate * running, 2)}, "etaSeconds": round(eta)}
    return figures


def _fitting(status: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is least missed when the status is too long: a longer one fails the orchestration."""
    if _length(status) > LIMIT and "lastError" in status:
        status = {**status, "lastError": {**status["lastError"], "log": []}}
    if _length(status) > LIMIT and "result" in status:
        status = {**status, "result": {**status["result"], "notes": status["result"].get("notes", [])[:3]}}
    for name in ("lastError", "quote"):
        if _length(status) > LIMIT:
            status.pop(name, None)
    return status


def _length(status: dict[str, Any]) -> int:
    """As Durable Functions counts: UTF-16 units of the JSON text."""
    return len(json.dumps(status, ensure_ascii=False).encode("utf-16-le", "surrogatepass")) // 2
