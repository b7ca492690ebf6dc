"""What the receipt says of a job's flicker, whichever release wrote the ledger."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from activities.finish import finish
from activities.services import Services
from reelbrush.cli.summary import summary_block
from reelbrush.job import BatchProgress, BatchState, run_id, to_json
from reelbrush.job.ledger import FlickerSums, LedgerPage
from reelbrush.job.names import WORK
from reelbrush.pricing.evictions import evictions_per_node_hour
from reelbrush.pricing.kept import keep_quote
from reelbrush.pricing.rates import rate_of
from reelbrush.pricing.starts import starts_of
from tests.activities.test_stitch import JOB, NAMES, to

__all__ = ["to"]

RESULT = {"frameCount": 4, "audioTracks": 1, "subtitleTracks": 0, "sizeBytes": 1_000_000}


def write_pages(services: Services, *flicker: FlickerSums | None) -> None:
    for index, sums in enumerate(flicker):
        page = replace(LedgerPage(index, 2, "", "", 1, "r"), flicker=sums)
        services.store.put_bytes(WORK, NAMES.page("g", index), json.dumps(to_json(page)).encode())


def test_flicker_is_that_of_all_pages_that_have_one(to: Services) -> None:
    write_pages(to, FlickerSums(2, 6.0, 2.0), None)
    request = {"job": to_json(JOB), "result": RESULT, "retries": 0}
    wanted = {"ratio": 3.0, "pairs": 2, "painted": 3.0, "original": 1.0}
    result = finish(to, request)
    assert result["flicker"] == wanted
    assert json.loads(to.store.read_bytes(WORK, NAMES.receipt))["flicker"] == wanted
    assert finish(to, request) == result
    view = {"style": "s", "input": {}, "result": result}
    assert "flicker  3.0 times the source's, in 2 pairs of frames" in summary_block(
        Path("a.mp4"), Path("b.mp4"), view, 1.0
    )


def test_jobs_without_any_say_nothing(to: Services) -> None:
    write_pages(to, None, None)
    result = finish(to, {"job": to_json(JOB), "result": RESULT, "retries": 0})
    assert "flicker" not in result
    assert "flicker" not in json.loads(to.store.read_bytes(WORK, NAMES.receipt))
    view = {"style": "s", "input": {}, "result": result}
    assert "flicker" not in summary_block(Path("a.mp4"), Path("b.mp4"), view, 1.0)


def test_the_receipt_holds_the_quote_against_what_it_took(to: Services) -> None:
    cluster = replace(
        to.settings, backend="azureml", vm_size="Standard_NC4as_T4_v3", vm_priority="lowpriority"
    )
    paid = Services(cluster, to.store, to.compute)
    put_times(to, 0.25)
    keep_quote(
        to.store, JOB.id, {"frames": 4, "measured": True, "minutes": {"likely": 6.0}, "reasons": ["A."]}
    )
    request = {"job": to_json(JOB), "result": RESULT, "retries": 1, "attempts": [], "evictions": 2}
    told = finish(paid, {**request, "nodeSeconds": 7200.0})
    assert told["cost"] == {"estimate": 1.052, "currency": "USD"} and told["nodeSeconds"] == 7200.0
    assert told["quote"] == {"frames": 4, "measured": True, "minutes": {"likely": 6.0}}
    assert (told["evictions"], told["retries"]) == (2, 1)
    receipt = json.loads(to.store.read_bytes(WORK, NAMES.receipt))
    assert "0.526 USD per hour" in receipt["priceBasis"] and "not of idle nodes" in receipt["priceBasis"]
    assert receipt["quote"] == told["quote"]
    rate = rate_of(to.store, "T4", "identity", "float32", 16 * 16)
    assert rate is not None and rate.seconds_per_frame == 0.25 and not rate.scaled
    assert evictions_per_node_hour(cluster, to.store) > 0.2


def test_what_a_cluster_took_to_start_is_remembered(to: Services) -> None:
    cluster = Services(replace(to.settings, backend="azureml"), to.store, to.compute)
    for again in range(3):
        run = run_id(JOB.id, 0, 1)
        batch = {"index": 0, "first_segment": 0, "segment_count": 2, "frame_count": 4}
        told = {"batch": batch, "submittedAt": "2026-01-01T00:00:00+00:00"}
        to.store.put_bytes(WORK, NAMES.batch(run), json.dumps(told).encode())
        ended = BatchProgress(run, BatchState.DONE, 2, 2, 4, 4, 1767225690.0 + again, 10.0, 4)
        to.store.put_bytes(WORK, NAMES.result(run), json.dumps(to_json(ended)).encode())
        request = {"job": to_json(JOB), "result": RESULT, "retries": 0, "attempts": [1], "nodeSeconds": 10.0}
        finish(cluster, request)
        to.store.delete(WORK, NAMES.receipt)
    assert (starts_of(to.store).low, starts_of(to.store).high) == (80.0, 82.0)


def test_no_job_fails_for_a_rate_that_cannot_be_kept(to: Services, caplog: pytest.LogCaptureFixture) -> None:
    put_times(to, 0.25)
    (Path(to.store.root) / WORK / ".rates").write_bytes(b"in the way")  # type: ignore[attr-defined]
    assert finish(to, {"job": to_json(JOB), "result": RESULT, "retries": 0})["frameCount"] == 4
    assert "is not remembered" in caplog.text


def put_times(services: Services, per_frame: float) -> None:
    for index in (0, 1):
        page = LedgerPage(index, 2, "", "", 1, "r", {"total": 2 * per_frame}, {"device": "Tesla T4"})
        services.store.put_bytes(WORK, NAMES.page("g", index), json.dumps(to_json(page)).encode())
