"""The job as users see it, made from the durable instance's status. Never a management URL."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from azure.durable_functions.models.DurableOrchestrationStatus import DurableOrchestrationStatus

from reelbrush.job import Options, chosen_wishes, from_json

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


def job_view(status: DurableOrchestrationStatus) -> dict[str, Any]:
    """Return the JSON document of a job. Fields that are not known are absent."""
    name = status.runtime_status.name if status.runtime_status else "Pending"
    state = _STATUS.get(name, "Running")
    request = decoded(status.input_)
    custom = decoded(status.custom_status)
    job = request.get("job", {})
    source = job.get("source", {})
    view: dict[str, Any] = {
        "id": status.instance_id,
        "kind": "stylizeVideo",
        "status": state,
        "phase": custom.get("phase", "queued"),
        "summary": custom.get("summary", "queued"),
        "createdAt": _time(status.created_time),
        "startedAt": request.get("startedAt"),
        "updatedAt": _time(status.last_updated_time),
        "style": job.get("style"),
        "options": _wishes(job) or None,
        "input": {"blob": f"{source.get('container')}/{source.get('name')}", **custom.get("input", {})},
        "links": {
            "self": f"/api/jobs/{status.instance_id}",
            "retry": f"/api/jobs/{status.instance_id}/retry",
        },
    }
    if "framesTotal" in custom:
        view["progress"] = _progress(custom)
    if "result" in custom and state == "Succeeded":
        view["result"] = custom["result"]
    if state in ("Succeeded", "Failed", "Canceled"):
        view["endedAt"] = _time(status.last_updated_time)
    if state == "Failed":
        text = str(_text(status.output)) or "the job failed"
        view["error"] = custom.get("error", {"code": "internal", "message": text})
    return {key: value for key, value in view.items() if value is not None}


def _wishes(job: dict[str, Any]) -> dict[str, Any]:
    """What was wished beside the style; {} for a plain job, or where only another release can read it."""
    try:
        return chosen_wishes(from_json(Options, job.get("options", {})))
    except ValueError:
        return {}


def _progress(custom: dict[str, Any]) -> dict[str, Any]:
    done, total, states = custom["framesDone"], custom["framesTotal"], custom["batchStates"]
    return {
        "framesDone": done,
        "framesTotal": total,
        "percent": 100 * done // max(1, total),
        "batchesTotal": len(states),
        "batchesDone": states.count("D"),
        "batchesRunning": states.count("R"),
        "batchesFailed": states.count("F"),
        "batchStates": states,
        "retries": custom.get("retries", 0),
    }


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


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value) if value else ""


def _time(value: datetime | None) -> str | None:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if value else None
