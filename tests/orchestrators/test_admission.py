"""Waiting for the job's turn, in the embedded host with a clock that jumps."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrators.admission import queue_pause
from tests.orchestrators.test_stylize import QUEUED, World, names, play


def shown(folder: Path) -> dict[str, Any]:
    """Return the custom status that the host shows now."""
    (database,) = folder.glob("*.db")
    with sqlite3.connect(database) as connection:
        ((text,),) = connection.execute("select custom_status from instance").fetchall()
    return json.loads(text or "{}")


@given(st.floats(0.05, 3600), st.integers(1, 10**4), st.floats(0, 10**6))
def test_pauses_have_bounds_and_grow_with_the_queue(longest: float, ahead: int, waited: float) -> None:
    pause = queue_pause(longest, ahead, waited)
    assert longest / 8 - 1e-5 <= pause.total_seconds() <= 20 * longest + 1e-5
    assert pause <= queue_pause(longest, ahead + 1, waited)


def test_a_job_waits_until_no_job_is_ahead(tmp_path: Path) -> None:
    world, seen = World(), list[dict[str, Any]]()

    def admit(request: dict[str, Any]) -> dict[str, Any]:
        assert request == {"job": QUEUED["job"]["id"], "ticket": QUEUED["ticket"]}
        seen.append(shown(tmp_path))
        return {"ahead": max(0, 25 - len(seen))}  # longer than one execution looks

    world.script["admit_job"] = admit
    status, calls, findings = play(world, tmp_path, QUEUED)
    assert status.runtime_status == "Completed" and findings == []
    assert len(seen) == 25 and names(calls).count("split_video") == 1
    assert seen[2]["phase"] == "queued" and seen[2]["summary"] == "queued: 23 jobs ahead"
    assert seen[24]["summary"] == "queued: 1 job ahead" and seen[24]["ahead"] == 1
    assert status.custom_status["queueSeconds"] > 15 * sum(range(1, 25)) / 8 - 1


def test_events_are_told_around_the_work_and_never_hinder_it(tmp_path: Path) -> None:
    world = World()
    _, calls, _ = play(world, tmp_path, QUEUED)
    told = [(i, request) for i, (name, request) in enumerate(calls) if name == "tell_event"]
    assert [request["type"] for _, request in told] == ["started", "finished"]
    assert names(calls)[:3] == ["admit_job", "tell_event", "split_video"]
    assert told[1][0] == len(calls) - 1 and told[1][1]["data"]["result"]["frameCount"] == 240


@pytest.mark.logs_errors
def test_a_broken_receiver_changes_nothing(tmp_path: Path) -> None:
    world = World()

    def broken(_: Any) -> Any:
        raise RuntimeError("no such host")

    world.script["tell_event"] = broken
    status, calls, _ = play(world, tmp_path, QUEUED)
    assert status.runtime_status == "Completed" and names(calls).count("tell_event") == 2 * 4, (
        "writing it down is tried again"
    )


def test_a_failed_job_gives_its_place_away_and_tells_why(tmp_path: Path) -> None:
    world = World()
    world.script["split_video"] = lambda _: {"error": {"code": "encrypted", "message": "it is encrypted"}}
    status, calls, _ = play(world, tmp_path, QUEUED)
    assert status.runtime_status == "Failed"
    assert status.custom_status["error"] == {"code": "encrypted", "message": "it is encrypted"}
    assert names(calls)[-2:] == ["close_job", "tell_event"]
    assert calls[-1][1]["data"]["error"]["code"] == "encrypted"


def test_a_refused_upload_does_not_queue(tmp_path: Path) -> None:
    world = World()
    request = {**QUEUED, "error": {"code": "side-car", "message": "the side-car cannot be read"}}
    status, calls, _ = play(world, tmp_path, request)
    assert status.runtime_status == "Failed" and names(calls) == ["close_job", "tell_event"]
