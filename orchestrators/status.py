"""The custom status: what the portal shows of a running job, far below its limit of 8,192 characters."""

from __future__ import annotations

from typing import Any

import azure.durable_functions as df

from orchestrators.batches import BatchEntry, frames_done, letters


def show(
    context: df.DurableOrchestrationContext,
    phase: str,
    work: dict[str, Any] | None,
    result: dict[str, Any] | None = None,
) -> None:
    """Set the custom status for `phase`; `work` is None before the split has told the number of frames."""
    status: dict[str, Any] = {"summary": phase, "phase": phase}
    if work is not None:
        entries = [BatchEntry.unpack(values) for values in work["entries"]]
        done = frames_done(entries)
        states = letters(entries)
        shown = "waiting-for-compute" if phase == "scoring" and set(states) == {"Q"} and not done else phase
        counts = f"{done} of {work['frames']} frames, {states.count('D')} of {len(states)} batches"
        status = {
            "summary": f"{shown}: {counts}",
            "phase": shown,
            "input": work["input"],
            "framesDone": done,
            "framesTotal": work["frames"],
            "batchStates": states,
            "attempts": [entry.attempt for entry in entries],
            "retries": work["retries"],
        }
    if result is not None:
        status["result"] = result
        status["summary"] = "done"
    context.set_custom_status(status)
