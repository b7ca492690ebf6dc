"""The job as users see it, made from the durable instance's status. Never a management URL."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from azure.durable_functions.models.DurableOrchestrationStatus import DurableOrchestrationStatus

from reelbrush.job import Job, Options, chosen_wishes, from_json, to_json
from reelbrush.job.cost import estimated_cost
from reelbrush.pricing.quote import RANGE

STATUSES = ("NotStarted", "Running", "Succeeded", "Failed", "Canceled")
ENDED = STATUSES[2:]

_STATUS = {
    "Pending": "NotStarted",
    "Running": "Running",
    "ContinuedAsNew": "Running",
    "Suspended": "Running",
    "Completed": "Succeeded",
    "Failed": "Failed",
    "Terminated": "Canceled",
    "Canceled": "Canceled",
}
AWAITING = "awaitingApproval"
_CHANGED = "Non-Deterministic workflow detected"  # as Durable Functions says it
_LAST_PHASE = {"Succeeded": "done", "Failed": "failed", "Canceled": "canceled"}
_COPIED = ("queueSeconds", "lastError", "quote", "evictions", "waiting")
BY_THE_CLOCK = ("elapsedSeconds", "etaSeconds")  # change though nothing happened


def state_of(status: DurableOrchestrationStatus) -> str:
    """Return which of `STATUSES` an instance is in."""
    name = status.runtime_status.name if status.runtime_status else "Pending"
    return _STATUS.get(name, "Running")


def job_view(
    status: DurableOrchestrationStatus,
    now: datetime | None = None,
    price: float = 0.0,
    currency: str = "USD",
) -> dict[str, Any]:
    """Return the JSON document of a job, without links. Fields that are not known are absent.

    `now` (aware, UTC; the moment of the status by default) gives the elapsed time of a job that runs and the
    time left; `price` is that of one node per hour, 0 where none is known. Time elapses from the latest
    request for the job, so that a retry does not count the days before it.
    """
    state = state_of(status)
    request, custom = decoded(status.input_), decoded(status.custom_status)
    job = request.get("job", {})
    created = _moment(request.get("createdAt")) or status.created_time
    started = _moment(request.get("startedAt"))
    changed = status.last_updated_time
    view: dict[str, Any] = {
        "id": status.instance_id,
        "kind": "stylizeVideo",
        "status": state,
        "phase": _phase(state, custom),
        "summary": "canceled" if state == "Canceled" else custom.get("summary", "queued"),
        "createdAt": _time(created),
        "startedAt": _time(started),
        "updatedAt": _time(_moment(custom.get("updatedAt")) or changed),
        **wanted(job),
        "input": {**source_of(job), **custom.get("input", {})},
        "cost": _cost(custom, price, currency),
        **{name: custom.get(name) for name in _COPIED},
        "approval": custom.get("approval") if state == "Running" else None,
    }
    if "framesTotal" in custom:
        view["progress"] = _progress(custom)
    if state in ENDED:
        view["endedAt"] = _time(changed)
    elif "etaSeconds" in custom:
        view["etaSeconds"] = _left(custom, now)
    until, since = changed if state in ENDED else (now or changed), started or created
    if since and until:
        view["elapsedSeconds"] = max(0, round((_aware(until) - _aware(since)).total_seconds()))
    if state == "Succeeded":
        view["result"] = custom.get("result")
    if state == "Failed":
        view["error"] = custom.get("error", _unexplained(str(_text(status.output))))
    return {key: value for key, value in view.items() if value is not None}


def new_view(job: Job) -> dict[str, Any]:
    """Return the document of a job that was started a moment ago and has no instance to be seen yet."""
    plain: dict[str, Any] = to_json(job)
    view: dict[str, Any] = {
        "id": job.id,
        "kind": "stylizeVideo",
        "status": "NotStarted",
        "phase": "queued",
        "summary": "queued",
        **wanted(plain),
        "input": source_of(plain),
    }
    return {key: value for key, value in view.items() if value is not None}


def receipt_view(job: str, receipt: dict[str, Any]) -> dict[str, Any]:
    """Return the document of a finished job of which only the receipt is left."""
    described = receipt.get("job", {})
    frames = int(receipt.get("frames", 0))
    view: dict[str, Any] = {
        "id": job,
        "kind": "stylizeVideo",
        "status": "Succeeded",
        "phase": "done",
        "summary": "done",
        **wanted(described),
        "input": source_of(described),
        "progress": {"framesDone": frames, "framesTotal": frames, "percent": 100} if frames else None,
        "result": receipt.get("result", {}),
        "cost": receipt.get("cost"),
        "quote": receipt.get("quote"),
        "evictions": receipt.get("evictions"),
    }
    return {key: value for key, value in view.items() if value is not None}


def source_of(job: dict[str, Any]) -> dict[str, Any]:
    """Return what a job's JSON says of its source: blob and bytes."""
    source = job.get("source", {})
    known = {"blob": f"{source.get('container')}/{source.get('name')}", "sizeBytes": source.get("size")}
    return {key: value for key, value in known.items() if value is not None}


def wanted(job: dict[str, Any]) -> dict[str, Any]:
    """Return style and options of a job's JSON; options that nobody wished for are None."""
    try:
        options = chosen_wishes(from_json(Options, job.get("options", {})))
    except ValueError:  # only another release can read it
        options = {}
    return {"style": job.get("style"), "options": options or None}


def decoded(value: Any) -> dict[str, Any]:
    """Return a JSON object whether it comes as an object or as text; {} for anything else.

    The durable client gives inputs as text and statuses as objects, or the other way round, by its version.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def _phase(state: str, custom: dict[str, Any]) -> str:
    phase = str(custom.get("phase", "queued"))
    return _LAST_PHASE.get(state, "waitingForCompute" if phase == "waiting-for-compute" else phase)


def _progress(custom: dict[str, Any]) -> dict[str, Any]:
    done, total, states = custom["framesDone"], custom["framesTotal"], custom["batchStates"]
    rate = decoded(custom.get("rate")).get("fps")
    return {
        "framesDone": done,
        "framesTotal": total,
        "percent": 100 * done // max(1, total),
        **({"framesPerSecond": rate} if rate is not None else {}),
        "batchesTotal": len(states),
        "batchesDone": states.count("D"),
        "batchesRunning": states.count("R"),
        "batchesFailed": states.count("F"),
        "batchStates": states,
        "retries": custom.get("retries", 0),
    }


def _left(custom: dict[str, Any], now: datetime | None) -> int:
    """What is left now of the time that was left when the status was set."""
    then = _moment(custom.get("updatedAt"))
    age = (now - _aware(then)).total_seconds() if now and then else 0.0
    return max(0, round(custom["etaSeconds"] - max(0.0, age)))


def _cost(custom: dict[str, Any], price: float, currency: str) -> dict[str, Any] | None:
    """What was spent so far, beside what was quoted."""
    seconds = custom.get("nodeSeconds")
    if seconds is None or not price:
        return None
    cost = {"nodeSeconds": seconds, **estimated_cost(seconds, price, currency)}
    quoted = decoded(decoded(custom.get("quote")).get("cost"))
    return {**cost, "quoted": {name: quoted[name] for name in RANGE}} if _ranged(quoted) else cost


def _ranged(quoted: dict[str, Any]) -> bool:
    return all(name in quoted for name in RANGE)


def _unexplained(text: str) -> dict[str, str]:
    """Return the error of a job whose orchestration could not say why it failed."""
    if _CHANGED in text:
        message = "the app was changed while this job ran, so it cannot go on from where it was. Retry it: "
        return {"code": "app-changed", "message": message + "what is published is kept"}
    return {"code": "internal", "message": text[:2000] or "the job failed"}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value) if value else ""


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _time(moment: datetime | None) -> str | None:
    return _aware(moment).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
