"""Planning a job: probe first, then by what was measured; never past a limit unasked."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from activities.approval import approval_of, approve_job
from activities.marks import CANCELED, decide
from activities.plan import plan_for
from activities.services import Services
from reelbrush.compute import RunRequest
from reelbrush.compute.local import LocalCompute
from reelbrush.compute.run_spec import run_spec
from reelbrush.job import LedgerPage, Manifest, Segment, plan_batches, to_json
from reelbrush.job.names import WORK
from reelbrush.pricing.kept import kept_quote
from reelbrush.settings import Settings
from reelbrush.store import FolderStore
from tests.activities.test_stitch import JOB, MANIFEST, NAMES

T4 = Settings("env:STORE", backend="azureml", nodes=8, vm_size="Standard_NC4as_T4_v3")
PER_FRAME = 0.5  # seconds


def film(segments: int, frames: int = 48) -> Manifest:
    encode = replace(MANIFEST.encode, width=1280, height=720)
    grid = tuple(Segment(i, i * frames, frames) for i in range(segments))
    return replace(MANIFEST, segments=grid, frame_count=segments * frames, encode=encode)


def put(to: Services, name: str, document: Any) -> None:
    to.store.put_bytes(WORK, name, json.dumps(to_json(document)).encode())


def services(folder: Path, settings: Settings, segments: int = 1000) -> Services:
    store = FolderStore(folder / "store")
    to = Services(
        replace(settings, store=store.uri), store, LocalCompute(store.uri, folder / "runs", workers=1)
    )
    put(to, NAMES.manifest, film(segments))
    return to


def paint(to: Services, *indices: int, per_frame: float = PER_FRAME) -> None:
    for index in indices:
        told = {"device": "Tesla T4"}
        page = LedgerPage(index, 48, "", "", 1, "r", {"total": per_frame * 48}, told)
        put(to, NAMES.page("g", index), page)


def ask(to: Services, **more: Any) -> dict[str, Any]:
    answer = plan_for(to, {"job": to_json(JOB), **more})
    assert len(json.dumps(answer)) < 10_000
    return answer


def covered(answer: dict[str, Any]) -> list[int]:
    return [i for _, first, count, _ in answer["batches"] for i in range(first, first + count)]


def test_a_new_style_is_measured_on_a_few_frames_first(tmp_path: Path) -> None:
    to = services(tmp_path, T4)
    first = ask(to)
    assert first["probe"] and first["batches"] == [[0, 0, 3, 144]] and first["nodes"] == 1
    assert first["guard"] == "ok" and not first["quote"]["measured"]
    assert first["quote"]["frames"] == 48_000 and first["quote"]["batches"] > 1, "the whole job is quoted"
    assert "painted first, to measure" in first["reasons"][0]
    paint(to, 0, 1, 2)
    rest = ask(to, first=3, index=1)
    assert not rest["probe"] and rest["quote"]["measured"]
    assert rest["quote"]["secondsPerFrame"] == pytest.approx(PER_FRAME)
    assert covered(rest) == list(range(3, 1000))
    assert [batch[0] for batch in rest["batches"]] == list(range(1, 1 + len(rest["batches"])))
    assert rest["quote"]["frames"] == 48_000, "the probe is a part of the job"
    assert rest["quote"]["batches"] == 1 + len(rest["batches"])


def test_the_next_job_of_that_style_needs_no_probe(tmp_path: Path) -> None:
    to = services(tmp_path, T4)
    ask(to)
    paint(to, 0, 1, 2)
    ask(to, first=3, index=1)
    to.store.delete_prefix(WORK, NAMES.segments("g"))
    again = ask(to)
    assert not again["probe"] and covered(again) == list(range(1000)) and len(again["batches"]) == 8


def test_a_probe_that_tells_nothing_is_not_repeated(tmp_path: Path) -> None:
    to = services(tmp_path, T4)
    paint(to, 0, 1, 2, per_frame=0.0)
    rest = ask(to, first=3, index=1)
    assert not rest["probe"] and not rest["quote"]["measured"] and len(rest["batches"]) == 8
    assert covered(rest) == list(range(3, 1000))


def test_a_retry_knows_the_rate_from_what_is_published(tmp_path: Path) -> None:
    to = services(tmp_path, T4)
    paint(to, *range(500))
    again = ask(to, retry=1)
    assert not again["probe"] and again["quote"]["measured"] and again["quote"]["frames"] == 24_000
    assert covered(again) == list(range(1000)), "runs skip what is published"
    assert "24,000 of 48,000 frames are painted already." in again["quote"]["reasons"]


def test_no_run_is_started_for_what_is_published(tmp_path: Path) -> None:
    to = services(tmp_path, T4)
    paint(to, *range(5, 20), *range(40, 1000))
    again = ask(to)
    assert covered(again) == list(range(1000)) and again["quote"]["frames"] == 25 * 48
    assert [batch[3] for batch in again["batches"]] == [48 * batch[2] for batch in again["batches"]]
    assert len(again["batches"]) == 1, "ten minutes of work are left, of six and a half hours"
    wished = replace(to, settings=replace(to.settings, batch_frames=480))
    for _, first, count, _ in (batches := ask(wished)["batches"]):
        assert {*range(first, first + count)} & {*range(5), *range(20, 40)}, "nothing to do"
    assert len(batches) == 3
    paint(to, *range(1000))
    assert covered(ask(to)) == list(range(1000)), "a stitch that failed is tried again"


def test_the_probe_is_one_of_a_hundred_batches(tmp_path: Path) -> None:
    to = services(tmp_path, replace(T4, nodes=200), segments=2000)
    assert ask(to)["probe"]
    paint(to, 0, 1, 2, per_frame=0.0)
    rest = ask(to, first=3, index=1)
    assert rest["quote"]["batches"] == 100 and rest["batches"][-1][0] == 99, "logs of batch 100 are refused"
    assert rest["nodes"] * 99 >= 200


def test_a_short_clip_is_one_batch_without_a_probe(tmp_path: Path) -> None:
    answer = ask(services(tmp_path, T4, segments=10))
    assert answer["batches"] == [[0, 0, 10, 480]] and not answer["probe"]


@pytest.mark.parametrize(
    ("cores", "processes", "frames", "runs"),
    [(1, 1, 0, 1), (3, 1, 0, 1), (4, 1, 0, 1), (9, 1, 0, 3), (3, 1, 200, 3), (3, 1, 96, 3), (3, 2, 0, 3)],
)
def test_this_machine_plans_few_runs_of_several_threads_without_a_rate(
    tmp_path: Path, cores: int, processes: int, frames: int, runs: int
) -> None:
    wished = Settings("s", nodes=cores, processes=processes, batch_frames=frames)
    for painted in (0, 1):
        to = services(tmp_path, wished, segments=20)
        paint(to, *range(painted))
        answer = ask(to)
        wanted = plan_batches([0 if i < painted else 48 for i in range(20)], runs, frames or None)
        assert answer["batches"] == [
            [b.index, b.first_segment, b.segment_count, 48 * b.segment_count] for b in wanted
        ]
        assert (answer["nodes"], answer["probe"], answer["guard"]) == (1, False, "ok")
        assert "budgetSeconds" not in answer


def test_wished_batches_are_kept_on_a_cluster(tmp_path: Path) -> None:
    answer = ask(services(tmp_path, replace(T4, batch_frames=4800)))
    assert [batch[3] for batch in answer["batches"]] == [4800] * 10 and not answer["probe"]


def test_the_largest_answer_is_small(tmp_path: Path) -> None:
    to = services(tmp_path, replace(T4, nodes=1000, max_cost=1.0), segments=10_000)
    paint(to, 0)
    answer = ask(to, first=1, index=1)
    assert len(answer["batches"]) > 90 and answer["nodes"] == 6 and answer["guard"] == "approve"


@pytest.mark.parametrize("over", ["approve", "refuse"])
def test_a_job_above_its_limit_waits_or_is_refused(tmp_path: Path, over: str) -> None:
    to = services(tmp_path, replace(T4, max_cost=1.0, over_cost=over))
    paint(to, 0)
    answer = ask(to)
    assert answer["guard"] == over and answer["quote"]["cost"]["likely"] > 1.0
    assert answer["approvedAt"] == ""
    assert "the limit is 1 USD." in answer["reasons"][0]
    assert answer["budgetSeconds"] == pytest.approx(3600 / 0.526, abs=0.1)
    assert approve_job(to, JOB.id, 50.0)
    allowed, approval = ask(to), approval_of(to, JOB.id)
    assert approval is not None and allowed["approvedAt"] == approval["at"]
    assert allowed["guard"] == "ok" and allowed["budgetSeconds"] == pytest.approx(50 * 3600 / 0.526, abs=0.1)
    approve_job(to, JOB.id, 0.5)
    assert ask(to)["guard"] == over, "less than the likely cost was approved"
    approve_job(to, JOB.id, 0.0)
    assert ask(to)["guard"] == over, "nothing is not anything"
    approve_job(to, JOB.id, None)
    free = ask(to)
    assert free["guard"] == "ok" and "budgetSeconds" not in free


def test_within_the_limit_a_job_goes_on_and_has_a_budget(tmp_path: Path) -> None:
    answer = ask(services(tmp_path, replace(T4, max_cost=100.0), segments=10))
    assert answer["guard"] == "ok" and answer["budgetSeconds"] == pytest.approx(360_000 / 0.526, abs=0.1)


def test_a_limit_needs_a_price_in_its_currency(tmp_path: Path) -> None:
    unpriced = ask(services(tmp_path / "a", replace(T4, vm_size="", max_cost=5.0), segments=10))
    assert unpriced["guard"] == "approve" and "is not known" in unpriced["reasons"][0]
    euros = ask(services(tmp_path / "b", replace(T4, currency="EUR", max_cost=5.0), segments=10))
    assert euros["guard"] == "approve" and "in EUR" in euros["reasons"][0]
    here = ask(services(tmp_path / "c", Settings("s", max_cost=5.0), segments=10))
    assert here["guard"] == "ok", "this machine costs nothing"


def test_an_amount_is_no_approval_of_what_cannot_be_reckoned(tmp_path: Path) -> None:
    to = services(tmp_path, replace(T4, currency="EUR", max_cost=5.0), segments=10)
    approve_job(to, JOB.id, 50.0)
    answer = ask(to)
    assert answer["guard"] == "approve" and "approve without an amount" in answer["reasons"][0]
    assert answer["approval"] == {"limit": 50.0, "currency": "EUR"}, "never euros beside dollars"
    approve_job(to, JOB.id, None)
    assert ask(to)["guard"] == "ok"


def test_what_was_spent_before_counts_against_the_limit(tmp_path: Path) -> None:
    to = services(tmp_path, replace(T4, max_cost=1.0), segments=100)
    paint(to, 0)
    fresh = ask(to)
    likely = fresh["quote"]["cost"]["likely"]
    assert fresh["guard"] == "ok" and 0.3 < likely < 1.0 and fresh["approval"]["likely"] == likely
    again = ask(to, spent=0.9 * 3600 / 0.526)
    assert again["guard"] == "approve" and again["budgetSeconds"] == fresh["budgetSeconds"]
    assert again["quote"]["cost"]["likely"] == likely
    assert again["approval"]["likely"] == pytest.approx(0.9 + likely, abs=1e-3)
    assert again["reasons"][1] == "0.90 USD of that were spent by earlier tries."
    approve_job(to, JOB.id, again["approval"]["high"])
    assert ask(to, spent=0.9 * 3600 / 0.526)["guard"] == "ok"


@pytest.mark.parametrize("nodes", [2, 40])
def test_a_run_of_many_nodes_counts_them_all(tmp_path: Path, nodes: int) -> None:
    to = services(tmp_path, replace(T4, nodes=nodes, run_nodes=4), segments=6000)
    first = ask(to)
    assert first["probe"] == (nodes == 40) and first["nodes"] == 4
    assert first["quote"]["nodes"] in range(4, nodes + 4, 4)
    submitted = run_spec(to.settings, RunRequest(JOB.id, "r", nodes=first["nodes"]))
    assert submitted.nodes == first["nodes"], "time is counted for as many nodes as a run really has"
    paint(to, 0, 1, 2)
    rest = ask(to, first=3, index=1)
    assert rest["nodes"] == 4 and rest["quote"]["nodes"] in range(4, nodes + 4, 4)


def test_a_job_that_is_nearly_done_is_not_quoted_as_if_it_began(tmp_path: Path) -> None:
    to = services(tmp_path, T4, segments=100)
    paint(to, 0)
    whole = ask(to)["quote"]
    paint(to, *range(95))
    rest = ask(to)["quote"]
    assert rest["frames"] == 240 and rest["minutes"]["low"] < whole["minutes"]["low"] / 2
    paint(to, *range(95, 100))
    assert ask(to)["quote"]["frames"] == 0


def test_a_canceled_job_is_not_planned(tmp_path: Path) -> None:
    to = services(tmp_path, T4, segments=2)
    decide(to.store, JOB.id, CANCELED)
    assert ask(to) == {"canceled": True}


def test_the_first_measured_quote_is_kept(tmp_path: Path) -> None:
    to = services(tmp_path, T4)
    ask(to)
    guess = kept_quote(to.store, JOB.id)
    assert guess is not None and not guess["measured"] and guess["frames"] == 48_000
    paint(to, 0, 1, 2)
    ask(to, first=3, index=1)
    kept = kept_quote(to.store, JOB.id)
    assert kept is not None and kept["measured"] and "reasons" not in kept
    paint(to, *range(3, 600))
    ask(to)
    assert kept_quote(to.store, JOB.id) == kept
