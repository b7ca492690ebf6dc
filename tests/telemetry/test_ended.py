"""What is told of runs that ended, of open jobs, and of events that no step tells."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from activities.cancel import tell_canceled
from activities.ended import note_ended
from activities.marks import note_canceling
from activities.poll import poll
from activities.services import Services
from function_app.api.surface import Surface
from function_app.upkeep.queue import tend_queue
from function_app.upkeep.stuck import report_if_stuck
from reelbrush.compute import RunStatus
from reelbrush.compute.local import LocalCompute
from reelbrush.job import BatchProgress, BatchState, BlobRef, Job, WorkNames, run_id, ticket_name, to_json
from reelbrush.job.names import WORK
from reelbrush.settings import Settings
from reelbrush.store import FolderStore
from reelbrush.telemetry import names, new_traceparent

JOB = Job("clip-0123456789", BlobRef("input", "clip.mp4", "e", 9), "wave")
PARENT = new_traceparent()
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def to(tmp_path: Path) -> Services:
    store = FolderStore(tmp_path / "store")
    store.put_bytes(WORK, WorkNames(JOB.id).record, json.dumps({"traceparent": PARENT}).encode())
    return Services(Settings(store=store.uri), store, LocalCompute(store.uri, tmp_path / "runs", workers=1))


def put(to: Services, attempt: int, **result: Any) -> None:
    """Leave what a run on two nodes was asked for, and its result."""
    run, blobs = run_id(JOB.id, 0, attempt), WorkNames(JOB.id)
    asked = {"job": to_json(JOB), "attempt": attempt, "nodes": 2, "traceparent": PARENT}
    to.store.put_bytes(WORK, blobs.batch(run), json.dumps(asked).encode())
    ended = BatchProgress(run, result.pop("state"), 1, 2, 48, 96, 0.0, **result)
    to.store.put_bytes(WORK, blobs.result(run), json.dumps(to_json(ended)).encode())


def measured(meters: InMemoryMetricReader, metric: str) -> dict[tuple[str, ...], Any]:
    """Return what a metric holds, by the values of its labels."""
    data = meters.get_metrics_data()
    found = [m for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics] if data else []
    points = [point for m in found if m.name == metric for point in m.data.data_points]
    return {
        tuple(str(v) for v in (p.attributes or {}).values()): getattr(p, "value", None) or p for p in points
    }


def test_an_ended_run_is_told_with_its_seconds_on_all_nodes(
    to: Services, spans: InMemorySpanExporter, meters: InMemoryMetricReader
) -> None:
    put(to, 1, state=BatchState.DONE, seconds=12.5, new_frames=96)
    poll(to, JOB.id, [[0, 1]])
    [span] = spans.get_finished_spans()
    assert span.name == names.RUN_ENDED
    assert span.parent is not None and span.parent.span_id == int(PARENT.split("-")[2], 16)
    assert span.attributes == {
        names.JOB: JOB.id,
        names.STYLE: "wave",
        names.RUN_ID: run_id(JOB.id, 0, 1),
        names.BATCH: 0,
        names.ATTEMPT: 1,
        names.OUTCOME: "done",
        names.SECONDS: 12.5,
        names.NODES: 2,
        names.FRAMES: 96,
    }
    assert measured(meters, names.M_NODE_SECONDS) == {("wave", "done"): 25.0}


def test_what_failed_is_told_with_its_whole_text_and_where_to_look(
    to: Services, spans: InMemorySpanExporter
) -> None:
    workspace = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
    to = replace(to, settings=replace(to.settings, backend="azureml-v2", workspace=workspace))
    to.store.put_bytes(WORK, WorkNames(JOB.id).manifest, b'{"generation": "g"}')
    put(to, 1, state=BatchState.FAILED, error="x" * 900, error_code="style", retryable=False)
    document = json.loads(to.store.read_bytes(WORK, WorkNames(JOB.id).batch(run_id(JOB.id, 0, 1))))
    batch = {"index": 0, "first_segment": 0, "segment_count": 1, "frame_count": 96}
    to.store.put_bytes(
        WORK, WorkNames(JOB.id).batch(run_id(JOB.id, 0, 1)), json.dumps({**document, "batch": batch}).encode()
    )
    poll(to, JOB.id, [[0, 1]])
    [span] = spans.get_finished_spans()
    assert span.attributes is not None
    assert span.attributes[names.CODE] == "style"
    assert span.attributes[names.ERROR] == "x" * 900  # an orchestration is given 400 characters of it
    assert str(span.attributes[names.LINK]).endswith(f"/{run_id(JOB.id, 0, 1)}?wsid={workspace}")


@pytest.mark.parametrize("state", [BatchState.QUEUED, BatchState.RUNNING])
def test_runs_that_go_on_are_not_told(
    to: Services, spans: InMemorySpanExporter, meters: InMemoryMetricReader, state: BatchState
) -> None:
    run = run_id(JOB.id, 0, 1)

    def status(*_: object) -> dict[str, RunStatus]:
        return {run: RunStatus(run, state)}

    compute: Any = SimpleNamespace(status=status)
    put(to, 1, state=BatchState.RUNNING, seconds=3.0, new_frames=48)
    to.store.delete(WORK, WorkNames(JOB.id).result(run))
    assert poll(replace(to, compute=compute), JOB.id, [[0, 1]])[0]["s"] == state
    assert spans.get_finished_spans() == ()
    assert measured(meters, names.M_NODE_SECONDS) == {}


def test_ends_are_read_some_at_a_time(to: Services, spans: InMemorySpanExporter) -> None:
    for attempt in range(16):
        put(to, attempt, state=BatchState.DONE, seconds=1.0)
    reads, at_once = [0, 0], threading.Lock()
    read = to.store.read_bytes

    def slowly(container: str, name: str) -> bytes:
        with at_once:
            reads[0] += 1
            reads[1] = max(reads)
        time.sleep(0.02)
        with at_once:
            reads[0] -= 1
        return read(container, name)

    store: Any = SimpleNamespace(read_bytes=slowly)
    note_ended(
        replace(to, store=store),
        JOB.id,
        [({"s": BatchState.DONE, "i": 0, "t": 1.0}, run_id(JOB.id, 0, a)) for a in range(16)],
    )
    assert len(spans.get_finished_spans()) == 16
    assert reads[1] > 1


def test_no_poll_fails_because_an_end_cannot_be_told(to: Services, spans: InMemorySpanExporter) -> None:
    put(to, 1, state=BatchState.DONE)
    to.store.put_bytes(WORK, WorkNames(JOB.id).batch(run_id(JOB.id, 0, 1)), b"{")
    assert poll(to, JOB.id, [[0, 1]])[0]["s"] == BatchState.DONE
    assert spans.get_finished_spans() == ()


def instances(**phases: str) -> Any:
    """Return a durable client that knows instances in these phases, "" for one that shows none yet."""

    async def get_status(job: str, **_: object) -> Any:
        shown = phases.get(job)
        running = SimpleNamespace(name="Running")
        status = {"phase": shown, "progressAt": NOW.isoformat()} if shown else None
        return shown is not None and SimpleNamespace(
            runtime_status=running, custom_status=status, input_="{}", last_updated_time=NOW
        )

    return SimpleNamespace(get_status=get_status)


def test_open_jobs_are_counted_by_whether_their_turn_has_come(
    to: Services, meters: InMemoryMetricReader
) -> None:
    phases = {
        "a-0000000001": "scoring",
        "b-0000000002": "queued",
        "c-0000000003": "",
        "d-0000000004": "stitching",
    }
    for job in (*phases, "gone-0000000005"):
        to.store.put_bytes(WORK, ticket_name(int(NOW.timestamp() * 1000), job), b"")
    asyncio.run(tend_queue(Surface(instances(**phases), to, NOW)))
    found = measured(meters, names.M_OPEN_JOBS)
    assert {phase: point.max for (phase,), point in found.items()} == {"queued": 2, "working": 2}


def test_no_open_job_is_told_too(to: Services, meters: InMemoryMetricReader) -> None:
    asyncio.run(tend_queue(Surface(instances(), to, NOW)))
    assert {p.max for p in measured(meters, names.M_OPEN_JOBS).values()} == {0}


def test_stuck_and_canceled_jobs_are_told_in_the_trace_of_the_job(
    to: Services, spans: InMemorySpanExporter
) -> None:
    status: Any = SimpleNamespace(
        custom_status={"phase": "scoring", "progressAt": "2026-01-31T10:00:00+00:00", "summary": "batch 3"},
        input_="{}",
        last_updated_time=NOW,
    )
    asyncio.run(report_if_stuck(Surface(instances(), to, NOW), JOB.id, status))
    note_canceling(to.store, JOB.id)
    tell_canceled(to, JOB.id, 0)
    told = spans.get_finished_spans()
    assert [(span.attributes or {})[names.KIND] for span in told] == ["stuck", "cancelled"]
    assert (told[0].attributes or {})[names.ERROR] == "batch 3"
    for span in told:
        assert span.name == names.TELLING and (span.attributes or {})[names.JOB] == JOB.id
        assert span.context is not None and span.context.trace_id == int(PARENT.split("-")[1], 16)
