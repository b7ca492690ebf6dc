"""Starting a job once, however often it is asked for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import azure.durable_functions as df

from reelbrush.errors import ReelbrushError, StoreError
from reelbrush.job import BlobRef, Job, Options, job_id, parse_options, style_of_upload, to_json
from reelbrush.settings import Settings
from reelbrush.store import Store

ORCHESTRATION = "stylize_video"
SIDECAR_BYTES = 65536  # inclusive
ACTIVE = ("Pending", "Running", "Suspended", "ContinuedAsNew")


@dataclass(frozen=True)
class Start:
    """What became of a request to start a job."""

    job: Job
    started: bool
    status: str  # of the orchestration before the request; "" when it was unknown


def job_of_upload(store: Store, settings: Settings, source: BlobRef) -> Job:
    """Return the job that an upload asks for: style by folder or side-car, options by side-car `<name>.json`.

    A side-car that cannot be read as {"style"?, "options"?}, see `parse_options`, raises StoreError.
    """
    sidecar = _sidecar(store, source)
    named = str(sidecar.get("style") or style_of_upload(source.name, settings.default_style))
    if len(named) > 64:
        raise _unusable(source, "the style's name has more than 64 characters")
    wishes = sidecar.get("options")
    if not isinstance(wishes, dict | None):
        raise _unusable(source, "options is an object")
    try:
        options = parse_options(cast("dict[str, Any]", wishes or {}))
    except ValueError as error:
        raise _unusable(source, str(error)) from None
    return Job(job_id(source, named, options), source, named, options)


def plain_job(settings: Settings, source: BlobRef) -> Job:
    """Return the job of an upload whose wishes cannot be read: default options, style by folder."""
    style = style_of_upload(source.name, settings.default_style)
    return Job(job_id(source, style, Options()), source, style)


def _sidecar(store: Store, source: BlobRef) -> dict[str, Any]:
    name = f"{source.name}.json"
    blob = store.stat(source.container, name)
    if blob is None:
        return {}
    if blob.size > SIDECAR_BYTES:
        raise _unusable(source, f"it has more than {SIDECAR_BYTES} bytes")
    try:
        document = json.loads(store.read_bytes(source.container, name))
    except (ValueError, RecursionError) as error:
        raise _unusable(source, str(error)) from None
    if not isinstance(document, dict):
        raise _unusable(source, "an object is expected")
    return document  # pyright: ignore[reportUnknownVariableType]


def _unusable(source: BlobRef, why: str) -> StoreError:
    return StoreError(
        f"the side-car of {source.name} cannot be used: {why}", retryable=False, code="side-car"
    )


def orchestration_input(
    job: Job, settings: Settings, retry: int, error: ReelbrushError | None
) -> dict[str, Any]:
    """Return the input of the orchestration of `job`; `retry` keeps its run ids apart from earlier ones."""
    refused = {"error": {"code": error.code, "message": str(error)[:1000]}} if error else {}
    return {
        **refused,
        "job": to_json(job),
        "pollSeconds": settings.poll_seconds,
        "attempts": settings.attempts,
        "retry": retry,
        "startedAt": datetime.now(UTC).isoformat(timespec="seconds"),
    }


async def start_job(
    client: df.DurableOrchestrationClient,
    job: Job,
    settings: Settings,
    *,
    retry: int = 0,
    error: ReelbrushError | None = None,
) -> Start:
    """Start the orchestration of `job` unless it is known.

    With `retry` > 0, the number of this retry, a job that ended without success is started anew. An `error`
    makes it fail at once, so that an upload that cannot be served is seen where people look for it.
    """
    known = await client.get_status(job.id, show_input=False)
    status = str(known.runtime_status.name) if known and known.runtime_status else ""
    may_start = not status or (retry and status in ("Failed", "Terminated", "Canceled"))
    if not may_start:
        return Start(job, False, status)
    try:
        await client.start_new(ORCHESTRATION, job.id, orchestration_input(job, settings, retry, error))
    except Exception as failure:
        if "already exists" not in str(failure):
            raise
        return Start(job, False, "Pending")
    return Start(job, True, status)
