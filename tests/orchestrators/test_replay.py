"""Histories recorded by released versions still replay: same activities, same order, turn by turn.

The SDK alone does not compare names, so this test does. `python -m tests.orchestrators.test_replay VERSION`
records the histories of the present code as those of VERSION; do that once for each release.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import orchestrators
from reelbrush.host.history import SCHEDULINGS, EventType
from reelbrush.host.replay_tasks import TaskKind
from reelbrush.host.shim import Shim

HISTORIES = Path(__file__).parent / "histories"
_KINDS = {
    EventType.TASK_SCHEDULED: TaskKind.ACTIVITY,
    EventType.SUB_CREATED: TaskKind.SUB_ORCHESTRATION,
    EventType.TIMER_CREATED: TaskKind.TIMER,
}


class ReplayError(AssertionError):
    """The present code does something else than the recorded history."""


def orchestrator() -> Callable[[Any], str]:
    """Return the product's orchestrator as the worker calls it: JSON in, JSON out."""
    import azure.durable_functions as df

    app = df.DFApp()
    app.register_functions(orchestrators.bp)
    (function,) = app.get_functions()
    return function.get_user_function()


def replay(history: list[dict[str, Any]], request: str) -> int:
    """Replay every turn of a history and return their number. Raises ReplayError at the first difference."""
    from azure.functions import OrchestrationContext

    run, turns = orchestrator(), 0
    ends = [i for i, e in enumerate(history) if e["EventType"] == EventType.ORCHESTRATOR_COMPLETED]
    first = 0
    for end in ends:
        turn = history[first : end + 1]
        scheduled = [e for e in turn if e["EventType"] in SCHEDULINGS]
        seen = history[:first] + [e for e in turn[:-1] if e["EventType"] not in SCHEDULINGS]
        body = {
            "history": [{**e, "IsPlayed": i < first} for i, e in enumerate(seen)],
            "input": json.loads(request),
            "instanceId": "recorded",
            "isReplaying": first > 0,
            "parentInstanceId": None,
            "upperSchemaVersion": 1,
            "upperSchemaVersionNew": 2,
            "longRunningTimerIntervalDuration": "3.00:00:00",
            "maximumShortTimerDuration": "6.00:00:00",
            "defaultHttpAsyncRequestSleepTimeMillseconds": 30000,
        }
        try:
            answer = json.loads(run(OrchestrationContext(json.dumps(body))))
        except Exception as error:
            answer = json.loads(str(error).split("$OutOfProcData$:", 1)[1])
        shim = Shim(answer)
        for event in seen:
            shim.feed(event)
        found = [(task.kind, task.name) for task in shim.new.values()]
        wanted = [(_KINDS[EventType(e["EventType"])], e.get("Name") or "") for e in scheduled]
        if found != wanted:
            raise ReplayError(f"turn {turns}: recorded {wanted}, now {found}")
        first, turns = end + 1, turns + 1
    return turns


def recorded() -> list[Path]:
    return sorted(HISTORIES.glob("*/*.json"))


@pytest.mark.parametrize("path", recorded(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_recorded_histories_replay(path: Path) -> None:
    document = json.loads(path.read_text())
    assert replay(document["history"], document["input"]) > 1


def test_there_are_histories() -> None:
    assert {path.stem for path in recorded()} >= {"finished", "lost_run", "refused", "damaged"}


@pytest.mark.parametrize("position", [0, -1])
def test_another_order_of_steps_is_noticed(position: int) -> None:
    document = json.loads((HISTORIES / "0.1.0" / "finished.json").read_text())
    scheduled = [e for e in document["history"] if e["EventType"] == EventType.TASK_SCHEDULED]
    scheduled[position]["Name"] = "another_step"
    with pytest.raises(ReplayError, match="another_step"):
        replay(document["history"], document["input"])


def record(version: str) -> None:
    """Play some jobs and keep the histories of their last executions."""
    from tests.orchestrators.test_planning import DEAR
    from tests.orchestrators.test_stylize import BATCHES, PLAN, QUEUED, World, play

    def lost(world: World) -> None:
        usual = world.look
        text = {"i": 0, "s": "failed", "n": 48, "p": True, "code": "run-lost", "text": "killed by signal 9"}
        world.look = lambda i, a: text if (i, a) == (0, 1) else usual(i, a)  # type: ignore[method-assign]

    def refused(world: World) -> None:
        answer = {"error": {"code": "encrypted", "message": "the video is encrypted"}}
        world.script["split_video"] = lambda _: answer

    def damaged(world: World) -> None:
        usual = world.look
        text = {"i": 0, "s": "failed", "n": 0, "code": "source-damaged", "text": "frame 7", "final": True}
        world.look = lambda i, a: text if i == 0 and a < 500 else usual(i, a)  # type: ignore[method-assign]

    def queued(world: World) -> None:
        ahead = [2, 1, 0]
        world.script["admit_job"] = lambda _: {"ahead": ahead.pop(0)}

    def unproven(world: World) -> None:
        answers = [{"missing": [[0, 1]]}]
        usual = world.script["stitch_video"]
        world.script["stitch_video"] = lambda request: answers.pop() if answers else usual(request)

    def evicted(world: World) -> None:
        usual = world.look
        taken = {"i": 0, "s": "canceled", "n": 0, "e": 1}
        world.look = lambda i, a: taken if i == 0 and a < 4 else usual(i, a)  # type: ignore[method-assign]

    def probed(world: World) -> None:
        world.script["plan_job"] = lambda request: (
            {**PLAN, "batches": BATCHES[1:]}
            if request["first"]
            else {**PLAN, "batches": BATCHES[:1], "probe": True}
        )

    def approved(world: World) -> None:
        plans, looks = [DEAR, PLAN], [False] * 12 + [True]
        world.script["plan_job"] = lambda _: plans.pop(0)
        world.script["await_approval"] = lambda _: {"approved": looks.pop(0)}

    def moved(world: World) -> None:
        usual, asked = world.look, list[int]()
        answer = {"text": "no quota", "error": {"code": "queue-timeout", "message": ""}, "dedicated": True}
        world.script["ask_compute"] = lambda _: (asked.append(0), answer)[1]
        world.look = lambda i, a: usual(i, a) if asked else {"i": i, "s": "queued", "n": 0}  # type: ignore[method-assign]

    def overspent(world: World) -> None:
        usual = world.look
        world.script["plan_job"] = lambda _: {**PLAN, "budgetSeconds": 10.0}
        world.look = lambda i, a: {**usual(i, a), "s": "running", "t": 20.0}  # type: ignore[method-assign]

    folder = HISTORIES / version
    folder.mkdir(parents=True, exist_ok=True)
    cases = {
        "finished": lambda _: None,
        "lost_run": lost,
        "refused": refused,
        "damaged": damaged,
        "queued": queued,
        "unproven": unproven,
        "evicted": evicted,
        "probed": probed,
        "approved": approved,
        "moved": moved,
        "overspent": overspent,
        "lingered": lost,
    }
    others = {"moved": {"pollSeconds": 400}, "lingered": {"lingers": True}}
    for name, change in cases.items():  # pauses are long where half an hour has to pass in one execution
        world = World()
        change(world)
        with tempfile.TemporaryDirectory() as data:
            play(world, Path(data), {**QUEUED, **others.get(name, {})})
            (database,) = Path(data).glob("*.db")
            with sqlite3.connect(database) as connection:
                rows = connection.execute("select event from history order by seq").fetchall()
                ((request,),) = connection.execute("select input from instance").fetchall()
        document = {"input": request, "history": [json.loads(text) for (text,) in rows]}
        (folder / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    record(sys.argv[1])
