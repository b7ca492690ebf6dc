"""The batches of a job as people see them: where each stands, on which run, how fast."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from activities.poll import CODE_CHARACTERS
from activities.reading import read_each
from activities.services import Services
from reelbrush.job import ATTEMPTS, Batch, BatchProgress, BatchState, WorkNames, from_json, run_id
from reelbrush.job.names import WORK
from reelbrush.store import read_object_if_there


def batch_rows(to: Services, job: str, attempts: Sequence[int]) -> list[dict[str, Any]]:
    """Return one row per batch; `attempts[i]` is the attempt number in the id of the latest run of batch i.

    A row has index, firstSegment, startFrame, endFrame (exclusive), state, attempt (from 1), runId and, as
    far as known, submittedAt, framesDone, waitSeconds, runSeconds, framesPerSecond, error {code, message}.
    When the work is gone, rows come from the receipt; [] when there is none either.
    """

    def row_of(index: int) -> dict[str, Any] | None:
        return _row(to, job, index, attempts[index])

    found = read_each(row_of, range(len(attempts)))
    if not found or found[0] is None:
        return _receipt_rows(to, job)
    rows: list[dict[str, Any]] = []
    first = 0
    for row in found:
        if row is None:  # not submitted yet: nothing after it can be placed
            break
        end = first + row["frames"]
        rows.append({**row, "startFrame": first, "endFrame": end})
        first = end
    return rows


def _row(to: Services, job: str, index: int, attempt: int) -> dict[str, Any] | None:
    names, run = WorkNames(job), run_id(job, index, attempt)
    description = _document(to, names.batch(run))
    if description is None:
        return None
    try:
        batch = from_json(Batch, description.get("batch"))
    except ValueError:
        return None
    row: dict[str, Any] = {
        "index": index,
        "firstSegment": batch.first_segment,
        "frames": batch.frame_count,
        "state": BatchState.QUEUED.value,
        "attempt": (attempt - 1) % ATTEMPTS + 1,
        "runId": run,
    }
    submitted = _moment(description.get("submittedAt"))
    if submitted is not None:
        row["submittedAt"] = description["submittedAt"]
    heartbeat = _document(to, names.result(run)) or _document(to, names.progress(run))
    try:
        return row if heartbeat is None else row | _figures(from_json(BatchProgress, heartbeat), submitted)
    except ValueError:  # damaged, or only another release can read it
        return row


def _figures(progress: BatchProgress, submitted: datetime | None) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "state": progress.state.value,
        "framesDone": progress.frames_done,
        "runSeconds": round(progress.seconds, 1),
    }
    if submitted is not None:
        waited = progress.updated_at - progress.seconds - submitted.timestamp()
        figures["waitSeconds"] = round(max(0.0, waited), 1)
    if progress.seconds > 0 and progress.new_frames:
        figures["framesPerSecond"] = round(progress.new_frames / progress.seconds, 2)
    if progress.error:
        figures["error"] = {
            "code": (progress.error_code or "scoring")[:CODE_CHARACTERS],
            "message": progress.error[:1000],
        }
    return figures


def _moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo is not None else None


def _document(to: Services, name: str) -> dict[str, Any] | None:
    """Return a document, None where there is none that can be read: rows tell, they decide nothing."""
    return read_object_if_there(to.store, WORK, name)


def _receipt_rows(to: Services, job: str) -> list[dict[str, Any]]:
    receipt = _document(to, WorkNames(job).receipt) or {}
    found = receipt.get("batches", [])
    rows = [row for row in cast("list[Any]", found if isinstance(found, list) else []) if _is_row(row)]
    return [{"state": BatchState.DONE.value, **row} for row in rows]


def _is_row(row: Any) -> bool:
    return isinstance(row, dict) and isinstance(row.get("index"), int)
