"""Lets the product tell all that it ever tells, once: `-m tests.infra.telling DIR`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import activities.traced as traced_module
from activities.ended import note_ended
from activities.services import Services
from activities.waiting import ask
from function_app.api.surface import Surface
from function_app.start import start_job
from function_app.upkeep.queue import tend_queue
from reelbrush.compute.port import Waiting
from reelbrush.events import TYPES, tell
from reelbrush.job import Batch, BlobRef, Job, WorkNames, run_id, to_json
from reelbrush.job.names import WORK
from reelbrush.settings import Settings
from reelbrush.store import FolderStore
from reelbrush.telemetry import (
    count_evictions,
    current_traceparent,
    record_receipt,
    start_telemetry,
    stop_telemetry,
)
from scoring.mpi import Rank
from scoring.progress import Tally
from scoring.trace import run_span

JOB = Job("clip-0123456789", BlobRef("input", "clip.mp4", "e", 9), "wave")
ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
LOOKS: tuple[dict[str, Any], ...] = (
    {"s": "done", "t": 12.5, "w": 96},
    {"s": "failed", "t": 3.0, "code": "gpu", "text": "CUDA says no"},
    {"s": "canceled", "e": 1},
    {"s": "canceled"},
)


class _Client:
    """As much of the durable client as starting a job and tending the queue need."""

    async def get_status(self, *_: object, **__: object) -> Any:
        return None

    async def start_new(self, *_: object) -> None:
        pass


class _Cluster:
    """A cluster whose runs wait for all of the reasons in turn."""

    def __init__(self) -> None:
        self._answers = [Waiting(busy=True, errors=()), Waiting(False, ()), Waiting(False, ("quota",))]

    def waiting(self) -> Waiting:
        return self._answers.pop()


def main(folder: Path) -> None:
    """Tell everything; the store is in `folder`."""
    start_telemetry("scoring")  # whose log lines are sent, too
    store = FolderStore(folder)
    settings = Settings(store=store.uri, backend="azureml-v2", workspace=ID)
    to = Services(settings, store, _Cluster())  # type: ignore[arg-type]
    traced_module.services = lambda: to
    client: Any = _Client()
    asyncio.run(start_job(client, JOB, settings, store))
    asyncio.run(_steps(to))
    asyncio.run(tend_queue(Surface(client, to, datetime.now(UTC))))
    for _ in range(3):
        ask(to)
    count_evictions(1)
    record_receipt(
        {
            "job": {"style": JOB.style},
            "frames": 96,
            "retries": 1,
            "batches": [{"waitSeconds": 3.5, "framesPerSecond": 20.5}],
            "cost": {"estimate": 0.5, "currency": "USD"},
        }
    )
    stop_telemetry()


async def _steps(to: Services) -> None:
    @traced_module.traced("tell_event")
    async def telling(request: dict[str, Any]) -> None:
        error = {"error": {"code": "quota", "message": "no quota"}} if request["type"] == "failed" else {}
        tell(to.store, to.settings, JOB.id, request["type"], {"style": JOB.style, **error})

    @traced_module.traced("submit_run")
    async def submitting(request: dict[str, Any]) -> None:
        for attempt, look in enumerate(LOOKS, 1):
            run = run_id(JOB.id, 0, attempt)
            document = {"job": to_json(JOB), "attempt": attempt, "traceparent": current_traceparent()}
            to.store.put_bytes(WORK, WorkNames(JOB.id).batch(run), json.dumps(document).encode())
            note_ended(to, JOB.id, [({**look, "i": 0}, run)])
            batch = Batch(*request["batch"])
            with run_span(JOB, batch, attempt, document["traceparent"], Rank(), Tally(painted=96)):
                logging.getLogger("scoring").warning("a line")

    @traced_module.traced("split_video")
    async def failing(request: dict[str, Any]) -> None:
        raise RuntimeError("broken")

    for kind in TYPES:
        await telling({"job": JOB.id, "type": kind})
    await submitting({"job": JOB.id, "batch": [0, 0, 2, 96]})
    with contextlib.suppress(RuntimeError):
        await failing({"job": JOB.id})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
