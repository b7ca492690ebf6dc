"""Steps on a cluster: evictions, refusals, outages, styles that nodes find, runs that nobody tagged."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from activities.approval import approval_of, approve_job, look_for_approval
from activities.cancel import cancel_job, open_runs
from activities.marks import CANCELED, decide, forget_canceling, is_canceled, is_told
from activities.poll import TIMEOUT, poll, poll_patiently
from activities.services import Services, styles_folder
from activities.split import split
from activities.submit import submit
from activities.waiting import BUSY, SILENT, ask
from function_app.start import orchestration_input
from orchestrators.batches import Look
from reelbrush.compute import RunRequest, RunStatus
from reelbrush.compute.causes import known_cause
from reelbrush.compute.local import LocalCompute
from reelbrush.compute.port import EVICTED, Waiting
from reelbrush.errors import ComputeError
from reelbrush.job import BatchProgress, BatchState, run_id, to_json
from reelbrush.job.names import CANCELING, STYLES, WORK
from reelbrush.settings import Settings
from tests.activities.test_stitch import JOB, NAMES, to

__all__ = ["to"]

WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
RUN = run_id(JOB.id, 0, 1)
SINCE = "2026-01-01T00:00:00+00:00"


class Cluster(LocalCompute):
    """A backend that starts nothing and says what a test tells it."""

    def __init__(self, folder: Path) -> None:
        super().__init__("folder:/x", folder, workers=1)
        self.states: dict[str, RunStatus] = {}
        self.error: ComputeError | None = None
        self.why = Waiting(busy=True)
        self.submitted: list[RunRequest] = []
        self.stopped: list[tuple[str, list[str]]] = []

    def _may_fail(self) -> None:
        if self.error is not None:
            raise self.error

    def submit(self, request: RunRequest) -> None:
        self._may_fail()
        self.submitted.append(request)

    def status(self, job: str, runs: Sequence[str]) -> dict[str, RunStatus]:
        self._may_fail()
        return {run: state for run, state in self.states.items() if run in runs}

    def cancel(self, job: str, runs: Sequence[str] = ()) -> None:
        self._may_fail()
        self.stopped.append((job, list(runs)))

    def waiting(self) -> Waiting:
        self._may_fail()
        return self.why


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path / "cluster")


@pytest.fixture
def at(to: Services, cluster: Cluster) -> Services:
    """Services whose backend is `cluster`."""
    settings = replace(to.settings, backend="azureml", workspace=WORKSPACE)
    return Services(settings, to.store, cluster)


def submission(**more: Any) -> dict[str, Any]:
    return {"job": to_json(JOB), "batch": [0, 0, 2, 4], "attempt": 1, "run": RUN, **more}


def wrote(at: Services, name: str, state: BatchState, frames: int = 2) -> None:
    document = BatchProgress(RUN, state, 1, 2, frames, 4, 0.0, 8.0, frames)
    at.store.put_bytes(WORK, name, json.dumps(to_json(document)).encode())


def look(at: Services, patient: bool = False) -> Look:
    (seen,) = (poll_patiently if patient else poll)(at, JOB.id, [[0, 1]])
    return Look.unpack(seen)


def test_a_lost_node_is_an_eviction_and_no_failure(at: Services, cluster: Cluster) -> None:
    cluster.states[RUN] = RunStatus(RUN, BatchState.CANCELED, code=EVICTED)
    assert look(at) == Look(0, BatchState.CANCELED, 0, False, evicted=True)
    wrote(at, NAMES.result(RUN), BatchState.CANCELED)  # it was told before, and said so
    assert look(at).evicted and look(at).frames_done == 2
    cluster.states[RUN] = RunStatus(RUN, BatchState.CANCELED)
    assert look(at).state is BatchState.CANCELED and not look(at).evicted


@pytest.mark.parametrize("retryable", [True, False])
def test_what_fails_with_its_node_is_no_failure(at: Services, cluster: Cluster, retryable: bool) -> None:
    assert submit(at, submission()) == RUN
    broken = BatchProgress(RUN, BatchState.FAILED, 1, 2, 2, 4, 0.0, error="no network", retryable=retryable)
    at.store.put_bytes(WORK, NAMES.result(RUN), json.dumps(to_json(broken)).encode())
    cluster.states[RUN] = RunStatus(RUN, BatchState.FAILED)
    assert look(at).state is BatchState.FAILED and look(at).retryable is retryable
    cluster.states[RUN] = RunStatus(RUN, BatchState.CANCELED, code=EVICTED)
    assert look(at).evicted is retryable
    assert look(at).state is (BatchState.CANCELED if retryable else BatchState.FAILED)


@pytest.mark.parametrize("state", [BatchState.QUEUED, BatchState.RUNNING])
def test_a_run_that_the_service_starts_again_is_not_submitted_twice(
    at: Services, cluster: Cluster, state: BatchState
) -> None:
    cluster.states[RUN] = RunStatus(RUN, state)
    wrote(at, NAMES.result(RUN), BatchState.CANCELED)
    assert look(at).state is state
    wrote(at, NAMES.result(RUN), BatchState.DONE)
    assert look(at).state is BatchState.DONE, "the service tells it later"


@pytest.mark.parametrize("retryable", [True, False])
def test_the_cause_that_the_backend_names_is_passed_on(
    at: Services, cluster: Cluster, retryable: bool
) -> None:
    assert submit(at, submission()) == RUN
    cluster.states[RUN] = RunStatus(RUN, BatchState.FAILED, "no such image", "image", retryable)
    seen = look(at)
    assert (seen.code, seen.message, seen.retryable) == ("image", "no such image", retryable)


def test_a_run_that_was_stopped_at_its_limit_has_failed(at: Services, cluster: Cluster) -> None:
    assert submit(at, submission()) == RUN
    known = RunStatus(RUN, BatchState.FAILED, "the run took too long: stopped after 60 s", TIMEOUT)
    cluster.states[RUN] = known
    wrote(at, NAMES.progress(RUN), BatchState.CANCELED)
    wrote(at, NAMES.result(RUN), BatchState.CANCELED)  # the run itself knows only that it was stopped
    seen = look(at)
    assert (seen.state, seen.code, seen.message) == (BatchState.FAILED, TIMEOUT, known.error)
    assert (seen.frames_done, seen.painted, seen.seconds, seen.retryable) == (2, 2, 8.0, True)
    assert known_cause(TIMEOUT).retryable
    wrote(at, NAMES.result(RUN), BatchState.DONE)
    assert look(at).state is BatchState.DONE, "it was ready in the last moment"


def test_while_the_cluster_cannot_be_asked_the_store_tells(at: Services, cluster: Cluster) -> None:
    cluster.error = ComputeError("no route")
    with pytest.raises(ComputeError):
        poll(at, JOB.id, [[0, 1]])
    wrote(at, NAMES.progress(RUN), BatchState.RUNNING, 1)
    seen, told = poll_patiently(at, JOB.id, [[0, 1], [1, 1]])[:1], poll_patiently(at, JOB.id, [[1, 1]])
    assert Look.unpack(seen[0]) == Look(0, BatchState.RUNNING, 1, False, painted=1, seconds=8.0)
    assert told == [{"blind": "no route"}], "of a run that wrote nothing nothing is known"
    wrote(at, NAMES.result(RUN), BatchState.DONE, 4)
    assert poll_patiently(at, JOB.id, [[0, 1]])[0]["s"] == "done"
    cluster.error = ComputeError("gone", retryable=False, code="workspace-missing", advice="make one")
    (_, told_error) = poll_patiently(at, JOB.id, [[0, 1]])
    assert told_error == {"error": {"code": "workspace-missing", "message": "gone. make one"}}


def test_evictions_and_nodes_reach_the_backend(at: Services, cluster: Cluster) -> None:
    assert submit(at, submission(evictions=2, nodes=3)) == RUN
    assert submit(at, submission()) == RUN, "as an earlier release asked"
    assert cluster.submitted == [RunRequest(JOB.id, RUN, 2, 3, 4), RunRequest(JOB.id, RUN, frames=4)]


def test_what_no_try_will_cure_is_an_answer_and_the_rest_is_tried_again(
    at: Services, cluster: Cluster
) -> None:
    cluster.error = ComputeError("0 of 6 cores", retryable=False, code="quota", advice="ask for more")
    assert submit(at, submission()) == {"error": {"code": "quota", "message": "0 of 6 cores. ask for more"}}
    cluster.error = ComputeError("busy")
    assert submit(at, submission(patient=True)) == {"later": "busy"}
    with pytest.raises(ComputeError):
        submit(at, submission())


def test_styles_are_there_before_the_first_run_and_put_once(
    at: Services, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = to_json(replace(JOB, style="great-wave"))
    assert submit(at, submission(job=job)) == RUN
    files = {blob.name for blob in at.store.list(STYLES)}
    home = styles_folder(at.settings) / "great-wave"
    assert files == {f"great-wave/{path.name}" for path in home.iterdir() if path.is_file()}

    def put_again(*_: object) -> None:
        pytest.fail("it is there")

    monkeypatch.setattr("activities.submit.shelve_style", put_again)
    assert submit(at, submission(job=job)) == RUN


def test_a_style_of_the_store_alone_is_known_on_a_cluster(at: Services) -> None:
    job = replace(JOB, style="my-own")
    at.store.delete(WORK, NAMES.manifest)
    assert split(at, job, False)["error"]["code"] == "style"
    at.store.put_bytes(STYLES, "my-own/card.json", b"{}")
    assert split(at, job, False)["error"]["code"] == "source-changed", "the style is no problem any more"
    local = Services(replace(at.settings, backend="local"), at.store, at.compute)
    assert split(local, job, False)["error"]["code"] == "style", "processes here read the folder alone"


def test_batches_are_left_to_the_plan_where_there_is_one(at: Services) -> None:
    assert "batches" in split(at, JOB, False) and "batches" not in split(at, JOB, False, planned=False)


def test_runs_are_stopped_by_what_the_store_knows_of_them(at: Services, cluster: Cluster) -> None:
    assert submit(at, submission()) == RUN
    for attempt in (2, 1001):
        run = run_id(JOB.id, 0, attempt)
        assert submit(at, submission(run=run, attempt=attempt)) == run
    wrote(at, NAMES.result(RUN), BatchState.FAILED)
    left = [run_id(JOB.id, 0, 1001), run_id(JOB.id, 0, 2)]
    assert open_runs(at.store, JOB.id) == left
    assert cancel_job(at, JOB.id) and cluster.stopped == [(JOB.id, left)]


def test_a_job_is_canceled_even_while_the_cluster_cannot_be_asked(at: Services, cluster: Cluster) -> None:
    cluster.error = ComputeError("no route")
    assert cancel_job(at, JOB.id) and is_canceled(at.store, JOB.id)


def test_a_cluster_says_why_runs_wait(at: Services, cluster: Cluster) -> None:
    assert ask(at) == {"text": BUSY}
    cluster.why = Waiting(busy=False)
    assert ask(at) == {"text": SILENT}
    cluster.why = Waiting(busy=False, errors=("no quota for Standard NCASv3_T4.", "the subnet is full"))
    answer = ask(at)
    assert answer["error"]["code"] == "queue-timeout" and answer["dedicated"] is False
    words = "in 30 minutes: no quota for Standard NCASv3_T4; the subnet is full. When the cause"
    assert words in answer["error"]["message"]
    both = Services(replace(at.settings, dedicated_cluster="calm"), at.store, cluster)
    assert ask(both)["dedicated"] is True
    cluster.error = ComputeError("no cluster", retryable=False, code="cluster-missing")
    assert "no cluster" in ask(at)["error"]["message"]
    cluster.error = ComputeError("no route")
    with pytest.raises(ComputeError):
        ask(at)


def test_an_approval_counts_when_the_plan_did_not_know_it(at: Services) -> None:
    request = {
        "job": JOB.id,
        "ticket": ".queue/1767225600000-" + JOB.id,
        "since": "2100-01-01T00:00:00+00:00",
    }
    assert look_for_approval(at, {**request, "seen": ""}) == {"approved": False}
    assert approve_job(at, JOB.id, 12.5)
    approval = approval_of(at, JOB.id)
    assert approval is not None
    assert look_for_approval(at, {**request, "seen": ""}) == {"approved": True}, "whatever its clock says"
    assert look_for_approval(at, {**request, "seen": approval["at"]}) == {"approved": False}
    at.store.put_bytes(WORK, NAMES.approved, b'{"at": "2020-01-01T00:00:00+00:00"}')
    assert look_for_approval(at, {**request, "seen": approval["at"]}) == {"approved": True}


def test_an_approval_of_an_earlier_release_counts_when_it_is_later_than_the_plan(at: Services) -> None:
    ticket = ".queue/1767225600000-" + JOB.id
    request = {"job": JOB.id, "ticket": ticket, "since": SINCE}
    at.store.put_bytes(WORK, ticket, b"")
    assert look_for_approval(at, request) == {"approved": False}
    assert at.store.stat(WORK, ticket) is None, "others need not wait for it"
    assert approve_job(at, JOB.id, 12.5) and approve_job(at, JOB.id, None)
    assert look_for_approval(at, request) == {"approved": True}
    assert look_for_approval(at, {**request, "since": "2100-01-01T00:00:00+00:00"}) == {"approved": False}
    assert "maxCost" not in json.loads(at.store.read_bytes(WORK, NAMES.approved))
    decide(at.store, JOB.id, CANCELED)
    assert look_for_approval(at, request) == {"canceled": True}
    assert not approve_job(at, JOB.id, None)


def test_the_limit_is_told_to_the_orchestration_where_there_is_one() -> None:
    settings = Settings("folder:/x", max_cost=10, over_cost="refuse", queue_minutes=7)
    request = orchestration_input(JOB, settings, 0, 0.0, None)
    told = {name: request[name] for name in ("release", "maxCost", "currency", "overCost", "queueMinutes")}
    assert told == {
        "release": 3,
        "maxCost": 10,
        "currency": "USD",
        "overCost": "refuse",
        "queueMinutes": 7,
    }
    assert "maxCost" not in orchestration_input(JOB, Settings("folder:/x"), 0, 0.0, None)


def test_a_run_whose_submission_meets_a_cancellation_is_stopped_in_the_end(
    at: Services, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(request: RunRequest) -> None:
        assert cancel_job(at, JOB.id)
        forget_canceling(at.store, JOB.id)  # the upkeep has been there and saw no run
        cluster.stopped.clear()
        cluster.error = ComputeError("the answer was lost")
        raise cluster.error

    monkeypatch.setattr(cluster, "submit", lost)
    assert submit(at, submission(patient=True)) == ""
    left = f"{CANCELING}{JOB.id}"
    assert at.store.stat(WORK, left) is not None, "it could not be stopped yet: the upkeep has to look again"
    assert is_told(at.store, JOB.id), "and tells nobody a second time"
    cluster.error = None
    assert submit(at, submission(patient=True)) == "", "the same step, delivered again"
    assert cluster.stopped == [(JOB.id, [RUN])]
