"""Recorded histories as half-done jobs: cut after any turn, put into a hub as the release left it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from reelbrush.host.clock import microseconds
from reelbrush.host.history import (
    COMPLETIONS,
    Event,
    EventType,
    completed_task,
    new_event,
    parse_timestamp,
)
from reelbrush.host.storage import Storage
from reelbrush.job import BlobRef
from tests.orchestrators.test_replay import recorded

NAME = "stylize_video"


@dataclass(frozen=True)
class Cut:
    """One recorded job after some of its turns."""

    release: str
    case: str
    turns: int
    request: str  # JSON text of the instance's input
    past: tuple[Event, ...]
    future: tuple[Event, ...]

    @property
    def title(self) -> str:
        return f"{self.release} {self.case} after {self.turns} turns"

    @property
    def at(self) -> datetime:
        """The moment of the cut."""
        return datetime.fromisoformat(self.past[-1]["Timestamp"][:26] + "+00:00")

    @property
    def input(self) -> dict[str, Any]:
        """The orchestration's input."""
        return json.loads(json.loads(self.request))

    def open_tasks(self) -> list[Event]:
        """Return what was scheduled and has not come back."""
        ended = {completed_task(event) for event in self.past if event["EventType"] in COMPLETIONS}
        kinds = (EventType.TASK_SCHEDULED, EventType.TIMER_CREATED)
        return [e for e in self.past if e["EventType"] in kinds and e["EventId"] not in ended]

    def done_steps(self) -> Iterator[tuple[str, Any, Any]]:
        """Yield name, request and answer of each step that came back, in order."""
        called = {e["EventId"]: e for e in self.past if e["EventType"] == EventType.TASK_SCHEDULED}
        for event in self.past:
            if event["EventType"] == EventType.TASK_COMPLETED:
                step = called[event["TaskScheduledId"]]
                yield step["Name"], json.loads(step["Input"]), json.loads(event["Result"])

    def leave(self, hub: Path, late: bool) -> None:
        """Write the hub. With `late` what was under way came back, but no turn was taken since."""
        storage = Storage(hub)
        started = next(e for e in self.past if e["EventType"] == EventType.EXECUTION_STARTED)
        place = started["OrchestrationInstance"]
        job, execution = place["InstanceId"], place["ExecutionId"]
        now = microseconds(self.at)
        with storage.transaction():
            storage.write(
                "insert into instance(id, name, version, execution, input, status, created, updated)"
                " values(?,?,'',?,?,'Running',?,?)",
                (job, NAME, execution, self.request, now, now),
            )
            storage.write_many(
                "insert into history(instance, seq, event) values(?,?,?)",
                [(job, i, json.dumps({**e, "IsPlayed": True})) for i, e in enumerate(self.past)],
            )
            for task in self.open_tasks():
                answer = self._answer(task) if late else None
                if task["EventType"] == EventType.TIMER_CREATED:
                    due = parse_timestamp(task["FireAt"])
                    answer = new_event(
                        EventType.TIMER_FIRED, due, TimerId=task["EventId"], FireAt=task["FireAt"]
                    )
                if answer is None:
                    storage.write(
                        "insert into work(instance, execution, task, name, input) values(?,?,?,?,?)",
                        (job, execution, task["EventId"], task["Name"], task["Input"]),
                    )
                    continue
                storage.write(
                    "insert into inbox(instance, execution, kind, due, event) values(?,?,?,?,?)",
                    (
                        job,
                        execution,
                        answer["EventType"],
                        parse_timestamp(answer["Timestamp"]),
                        json.dumps(answer),
                    ),
                )
            if self.release < "0.3":
                storage.write("alter table work add column leased_by text")
            storage.write("pragma user_version=0")
        storage.close()

    def _answer(self, task: Event) -> Event | None:
        for event in self.future:
            if event["EventType"] in COMPLETIONS and completed_task(event) == task["EventId"]:
                return event
        return None

    def later(self) -> Cut:
        """Return the cut with the answers of what was under way in its past, for what they had done."""
        answers = [answer for task in self.open_tasks() if (answer := self._answer(task)) is not None]
        return Cut(self.release, self.case, self.turns, self.request, (*self.past, *answers), self.future)


def cuts(source: BlobRef, output: str) -> list[Cut]:
    """Return every recorded history cut after each turn but its last, for a job of `source` instead."""
    found: list[Cut] = []
    for path in recorded():
        document = json.loads(_adapted(path.read_text(), source, output))
        history = document["history"]
        ends = [i + 1 for i, e in enumerate(history) if e["EventType"] == EventType.ORCHESTRATOR_COMPLETED]
        for turns, end in enumerate(ends[:-1], 1):
            past, future = tuple(history[:end]), tuple(history[end:])
            found.append(Cut(path.parent.name, path.stem, turns, document["input"], past, future))
    return found


def _adapted(text: str, source: BlobRef, output: str) -> str:
    """Put the source's version, a style that is there, and the output's place into a recorded text."""
    version = r'(etag(\\*)": \\*")e(\\*", \\*"size\\*": )9\b'
    text = re.sub(version, rf"\g<1>{source.etag}\g<3>{source.size}", text)
    text = re.sub(r'(style\\*": \\*")wave', r"\g<1>identity", text)
    return text.replace("output/x", output)
