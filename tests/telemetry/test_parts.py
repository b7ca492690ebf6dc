"""Spans, metrics and log fields, kept in memory."""

from __future__ import annotations

import asyncio
import logging
import threading
import typing
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from activities import traced as traced_module
from activities.traced import known_traceparent, subject, traced
from reelbrush.events import tell
from reelbrush.settings import Settings
from reelbrush.store import FolderStore
from reelbrush.telemetry import (
    current_traceparent,
    job_span,
    log_fields,
    names,
    new_traceparent,
    process_log_fields,
    record_receipt,
)
from reelbrush.telemetry.fields import add_fields
from tests.conftest import ROOT

JOB = "clip-0123456789"


def trace_of(traceparent: str) -> int:
    return int(traceparent.split("-")[1], 16)


def test_spans_hang_on_the_jobs_traceparent(spans: InMemorySpanExporter) -> None:
    parent = new_traceparent()
    with job_span(names.RUN, parent, {names.JOB: JOB}):
        inner = current_traceparent()
        with job_span(names.STEP + "x", inner, {}):
            pass
    inside, outside = spans.get_finished_spans()
    assert inside.context is not None and outside.context is not None
    assert inside.context.trace_id == outside.context.trace_id == trace_of(parent)
    assert outside.parent is not None and outside.parent.span_id == int(parent.split("-")[2], 16)
    assert inside.parent is not None and inside.parent.span_id == outside.context.span_id


def test_the_invocations_own_span_becomes_a_link(spans: InMemorySpanExporter) -> None:
    parent = new_traceparent()
    with job_span("invocation", new_traceparent(), {}), job_span("step", parent, {}):
        pass
    step, invocation = spans.get_finished_spans()
    assert step.context is not None and step.context.trace_id == trace_of(parent)
    assert [link.context.span_id for link in step.links] == [invocation.context.span_id]  # type: ignore[union-attr]


@pytest.mark.parametrize("traceparent", ["", "nonsense", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "ü"])
def test_an_unusable_traceparent_begins_a_trace(spans: InMemorySpanExporter, traceparent: str) -> None:
    with job_span("step", traceparent, {}):
        pass
    [span] = spans.get_finished_spans()
    assert span.parent is None


def test_without_an_sdk_the_traceparent_is_passed_on() -> None:
    parent = new_traceparent()
    with job_span("step", parent, {}):
        assert current_traceparent() == parent


class _Services:
    def __init__(self, store: FolderStore) -> None:
        self.store = store


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FolderStore:
    store = FolderStore(tmp_path)
    monkeypatch.setattr(traced_module, "services", lambda: _Services(store))
    return store


def test_a_step_is_a_span_of_the_jobs_trace(spans: InMemorySpanExporter, store: FolderStore) -> None:
    parent = new_traceparent()
    store.put_bytes("work", f"{JOB}/job.json", f'{{"traceparent": "{parent}"}}'.encode())
    records: list[logging.LogRecord] = []

    @traced("submit_run")
    async def step(request: dict) -> str:  # type: ignore[type-arg]
        return await asyncio.to_thread(log_in_thread)

    def log_in_thread() -> str:
        handler = _Keeping(records)
        logging.getLogger("reelbrush.test").addHandler(handler)
        logging.getLogger("reelbrush.test").warning("hello")
        logging.getLogger("reelbrush.test").removeHandler(handler)
        return current_traceparent()

    inner = asyncio.run(step({"job": {"id": JOB}, "batch": [3, 0, 1, 48]}))
    [span] = spans.get_finished_spans()
    assert span.name == "reelbrush.step.submit_run"
    assert span.attributes == {names.JOB: JOB, names.BATCH: 3}
    assert span.context is not None and span.context.trace_id == trace_of(parent) == trace_of(inner)
    assert (records[0].job_id, records[0].batch) == (JOB, 3)  # type: ignore[attr-defined]


def test_a_failing_step_fails_its_span_and_raises(spans: InMemorySpanExporter, store: FolderStore) -> None:
    @traced("split_video")
    async def step(request: dict) -> None:  # type: ignore[type-arg]
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        asyncio.run(step({"job": JOB}))
    [span] = spans.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert [event.name for event in span.events] == ["exception"]


def test_every_name_is_documented() -> None:
    text = (ROOT / "docs" / "telemetry.md").read_text(encoding="utf-8")
    for name, value in vars(names).items():
        if name.isupper() and isinstance(value, str):
            assert value in text, name


def test_the_worker_sees_the_steps_own_annotations() -> None:
    @traced("x")
    async def step(request: dict) -> list:  # type: ignore[type-arg]
        """Say something."""
        return []

    assert asyncio.iscoroutinefunction(step)
    assert typing.get_type_hints(step) == {"request": dict, "return": list}
    assert (step.__name__, step.__doc__) == ("step", "Say something.")


def test_a_record_of_an_older_release_has_no_trace(store: FolderStore) -> None:
    assert known_traceparent(store, "unknown-0123456789") == ""
    store.put_bytes("work", "old-0123456789/job.json", b'{"job": {}}')
    assert known_traceparent(store, "old-0123456789") == ""
    store.put_bytes("work", "bad-0123456789/job.json", b"{")
    assert known_traceparent(store, "bad-0123456789") == ""
    store.put_bytes("work", "odd-0123456789/job.json", b"[]")
    assert known_traceparent(store, "odd-0123456789") == ""


def test_no_step_fails_because_its_trace_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "work").symlink_to(tmp_path / "work")  # reading there raises OSError
    with pytest.raises(OSError, match="symbolic links"):
        FolderStore(tmp_path).read_bytes("work", f"{JOB}/job.json")
    assert known_traceparent(FolderStore(tmp_path), JOB) == ""


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"job": JOB}, (JOB, None)),
        ({"job": {"id": JOB}, "batch": [2, 0, 1, 5]}, (JOB, 2)),
        ({"job": JOB, "batch": []}, (JOB, None)),
        ({}, ("", None)),
    ],
)
def test_the_job_is_found_in_every_form(request_: dict[str, Any], expected: tuple[str, int | None]) -> None:
    assert subject(request_) == expected


class _Keeping(logging.Handler):
    def __init__(self, records: list[logging.LogRecord]) -> None:
        super().__init__()
        self._records = records
        add_fields(self)
        add_fields(self)

    def emit(self, record: logging.LogRecord) -> None:
        self._records.append(record)


@pytest.fixture
def records() -> Any:
    kept: list[logging.LogRecord] = []
    handler = _Keeping(kept)
    log = logging.getLogger("reelbrush.test")
    log.addHandler(handler)
    yield kept
    log.removeHandler(handler)


def test_what_a_record_says_itself_is_kept(records: list[Any]) -> None:
    log = logging.getLogger("reelbrush.test")
    log.warning("before")
    with log_fields(JOB, 1):
        log.warning("plain")
        log.warning("own", extra={"job_id": "other"})
        with log_fields("inner"):
            log.warning("nested")
    before, plain, own, nested = records
    assert not hasattr(before, "job_id")
    assert (plain.job_id, plain.batch) == (JOB, 1)
    assert (own.job_id, own.batch) == ("other", 1)
    assert nested.job_id == "inner" and not hasattr(nested, "batch")


def test_fields_of_a_process_reach_all_its_threads(records: list[Any]) -> None:
    log = logging.getLogger("reelbrush.test")
    with process_log_fields(JOB, 7):
        thread = threading.Thread(target=log.warning, args=("hello",))
        thread.start()
        thread.join()
    log.warning("after")
    assert (records[0].job_id, records[0].batch) == (JOB, 7)
    assert not hasattr(records[1], "job_id")


def points(reader: InMemoryMetricReader) -> dict[str, list[tuple[float, dict[str, Any]]]]:
    data = reader.get_metrics_data()
    assert data is not None
    found: dict[str, list[tuple[float, dict[str, Any]]]] = {}
    for scope in data.resource_metrics[0].scope_metrics:
        for metric in scope.metrics:
            for point in metric.data.data_points:
                value = point.sum if hasattr(point, "sum") else point.value
                found.setdefault(metric.name, []).append((value, dict(point.attributes or {})))
    return found


def test_a_receipt_becomes_metrics(meters: InMemoryMetricReader) -> None:
    record_receipt(
        {
            "job": {"style": "great-wave"},
            "frames": 180,
            "retries": 2,
            "batches": [
                {"waitSeconds": 1.5, "framesPerSecond": 20.0},
                {"waitSeconds": 0.5, "framesPerSecond": 30.0},
                {"framesPerSecond": 0},
            ],
            "cost": {"estimate": 0.25, "currency": "EUR"},
        }
    )
    style = {"reelbrush.style": "great-wave"}
    assert points(meters) == {
        "reelbrush.frames": [(180, style)],
        "reelbrush.retries": [(2, style)],
        "reelbrush.queue_seconds": [(2.0, style)],
        "reelbrush.fps": [(50.0, style)],
        "reelbrush.cost": [(0.25, {**style, "reelbrush.currency": "EUR"})],
    }


def test_a_receipt_of_an_older_release_is_enough(meters: InMemoryMetricReader) -> None:
    record_receipt({"frames": 5, "retries": 0})
    assert points(meters)["reelbrush.frames"] == [(5, {"reelbrush.style": ""})]


def test_events_are_counted_without_any_receiver(meters: InMemoryMetricReader, tmp_path: Path) -> None:
    for kind in ("started", "started", "cancelled"):
        tell(FolderStore(tmp_path), Settings(store=""), JOB, kind, {})
    assert points(meters) == {
        "reelbrush.jobs": [
            (2, {"reelbrush.event": "started"}),
            (1, {"reelbrush.event": "cancelled"}),
        ]
    }
