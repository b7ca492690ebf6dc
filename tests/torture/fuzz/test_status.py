"""Runs that tell anything at all: the job shown is what openapi.yaml says, its custom status short enough."""

from __future__ import annotations

import json
import random
import traceback
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from openapi_schema_validator import OAS30Validator

from activities.poll import poll_patiently
from activities.services import Services
from function_app.job_view import job_view
from orchestrators.batches import BatchEntry, Look, is_lost, seen, submitted, wants_retry
from orchestrators.scoring import _ending, _measure, _note_progress
from orchestrators.status import status_of
from reelbrush.compute import RunStatus
from reelbrush.job import Batch, BatchProgress, BatchState, BlobRef, Job, WorkNames, run_id, to_json
from reelbrush.job.names import WORK
from reelbrush.settings import Settings
from reelbrush.store import FolderStore
from tests.conftest import ROOT
from tests.torture.fuzz.hostile_json import VALUES, WORDS, damaged
from tests.torture.toll import Toll

LIMIT = 8000  # characters of a custom status
PAYLOAD = 10_000  # bytes of what a poll answers
JOB = Job("clip-0123456789", BlobRef("input", "wave/clip.mp4", "e", 9), "wave")
STATES = (
    "Pending",
    "Running",
    "ContinuedAsNew",
    "Suspended",
    "Completed",
    "Failed",
    "Terminated",
    "Canceled",
)
DESCRIPTION = yaml.safe_load((ROOT / "function_app" / "openapi.yaml").read_text(encoding="utf-8"))


class Runs:
    """A backend whose runs are in any state."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def status(self, _: str, runs: list[str]) -> dict[str, RunStatus]:
        """Tell of most of the runs something."""
        return {run: self._one(run) for run in runs if self._rng.random() < 0.9}

    def _one(self, run: str) -> RunStatus:
        text = self._rng.choice((None, *WORDS))
        code = self._rng.choice(("", "run-lost", "evicted", "x" * 300))
        return RunStatus(run, self._rng.choice(list(BatchState)), text, code, self._rng.random() < 0.8)

    def log_tail(self, _run: str, lines: int) -> str:
        """Return long lines."""
        return "\n".join([self._rng.choice(WORDS)] * lines)

    def stop(self, _job: str, _run: str) -> None:
        """A run that stands still."""


def validator() -> OAS30Validator:
    """Return a validator of the job's schema."""
    schema = {"$ref": "#/components/schemas/Job", "components": DESCRIPTION["components"]}
    return OAS30Validator(schema)


def told(rng: random.Random, run: str, batch: Batch) -> bytes:
    """Return what a run has written of itself: mostly well-formed, never to be trusted."""

    def number(top: int) -> Any:
        return rng.choice((0, 1, top // 2, top, top, top + 1, rng.randrange(top + 1), rng.choice(VALUES)))

    progress = BatchProgress(run, rng.choice(list(BatchState)), 1, 2, 0, batch.frame_count, 1767225600.0)
    document = {
        **to_json(progress), "frames_done": number(batch.frame_count),
        "new_frames": number(batch.frame_count),
        "seconds": rng.choice((0.0, 0.04, 12.5, 1e5, rng.choice(VALUES))),
        "error": rng.choice((None, *WORDS)), "error_code": rng.choice((None, "style", *WORDS)),
        "retryable": rng.random() < 0.9,
    }  # fmt: skip
    text = json.dumps(document).encode()
    return damaged(text, rng) if rng.random() < 0.1 else text


class Story:
    """One job from its first run on, told by runs that say what they like."""

    def __init__(self, rng: random.Random, folder: Path, schema: OAS30Validator) -> None:
        self.rng, self.schema = rng, schema
        self.store = FolderStore(folder)
        self.to = Services(Settings(store=self.store.uri), self.store, Runs(rng))  # type: ignore[arg-type]
        count = rng.choice((1, 2, 5, 100))
        frames = [rng.choice((1, 48, 96, 100_000)) for _ in range(count)]
        self.entries = [
            BatchEntry(Batch(i, i, 1, n), state=BatchState.CANCELED) for i, n in enumerate(frames)
        ]
        self.work: dict[str, Any] = {
            "entries": [], "frames": sum(frames), "retries": 0, "input": {"width": 64, "segments": count},
            "plan": rng.choice(("wanted", "made")), "nodeSeconds": 0.0,
        }  # fmt: skip
        self.request = {
            "job": to_json(JOB),
            "retry": rng.randrange(3),
            "startedAt": "2026-01-01T00:00:00.000+00:00",
        }
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def look(self) -> None:
        """Take one look at all open runs, as the orchestrator does, and show the job."""
        rng, names = self.rng, WorkNames(JOB.id)
        self.entries = [submitted(e) if is_lost(e) else e for e in self.entries]
        runs = [[e.batch.index, e.attempt] for e in self.entries if e.state is not BatchState.DONE]
        for index, attempt in runs:
            run, batch = run_id(JOB.id, index, attempt), self.entries[index].batch
            description = {"job": to_json(JOB), "batch": to_json(batch), "submittedAt": self.now.isoformat()}
            self.store.put_bytes(WORK, names.batch(run), json.dumps(description).encode())
            for name in (names.progress(run), names.result(run)):
                if rng.random() < 0.4:
                    self.store.put_bytes(WORK, name, told(rng, run, batch))
        answers = json.loads(_checked(poll_patiently(self.to, JOB.id, runs), PAYLOAD))
        looks = {look.index: look for look in map(Look.unpack, (a for a in answers if "i" in a))}
        self.now += timedelta(seconds=rng.choice((0, 2, 15, 3600)))
        _measure(self.work, self.entries, looks, self.now)
        self.entries = [seen(e, looks[e.batch.index]) if e.batch.index in looks else e for e in self.entries]
        _note_progress(self.work, self.entries, self.now)
        lost = [e for e in self.entries if is_lost(e) and e.batch.index in looks]
        final = [e for e in lost if not wants_retry(e, looks[e.batch.index], 3)]
        for entry in lost[:1]:
            about = looks[entry.batch.index]
            self.work["lastError"] = {
                "code": about.code or "scoring", "message": about.message, "batch": about.index,
                "run": run_id(JOB.id, about.index, entry.attempt), "log": [line[-120:] for line in about.log],
            }  # fmt: skip
        self.work["entries"] = [entry.pack() for entry in self.entries]
        self.show(_ending(self.work, self.entries, [looks[e.batch.index] for e in final]))

    def show(self, error: dict[str, Any] | None) -> None:
        """Hold the custom status to its limit and the document to its description."""
        rng = self.rng
        phase = "failed" if error else rng.choice(("scoring", "scoring", "stitching", "splitting", "queued"))
        more = {"error": error} if error else {}
        text = _checked(status_of(phase, self.request, self.work, self.now, **more), 10**9)
        assert len(text) < LIMIT, f"a custom status of {len(text)} characters"
        for state in ("Failed",) if error else STATES:
            status = SimpleNamespace(
                instance_id=JOB.id, name="stylize_video", runtime_status=SimpleNamespace(name=state),
                input_=json.dumps(self.request), custom_status=json.loads(text), output=rng.choice((None,
                *WORDS)),
                created_time=self.now, last_updated_time=self.now,
            )  # fmt: skip
            view = job_view(status, self.now, rng.choice((0.0, 3.6)), "USD")  # type: ignore[arg-type]
            if state == "Completed":
                view.pop("result", None)
            shown = {**json.loads(_checked(view, 10**9)), "links": _LINKS}
            wrong = next(self.schema.iter_errors(shown), None)
            assert wrong is None, f"{list(wrong.absolute_path)}: {wrong.message[:300]}"


_LINKS = {name: f"http://127.0.0.1/{name}" for name in ("self", "batches", "logs", "media", "input")}


def _checked(value: Any, most: int) -> str:
    text = json.dumps(value, allow_nan=False, ensure_ascii=False)
    assert len(text.encode("utf-8", "surrogatepass")) <= most, f"{len(text)} characters: {text[:200]}"
    return text


@pytest.mark.timeout(3000)
@pytest.mark.torture("runs that tell anything: what is shown of a job", full=300, slice=12)
def test_whatever_runs_tell_the_job_is_shown(toll: Toll, tmp_path: Path) -> None:
    schema, phases = validator(), Counter[str]()
    for seed in toll.seeds():
        rng = random.Random(seed)
        try:
            story = Story(rng, tmp_path / str(seed), schema)
            for _ in range(rng.choice((1, 3, 8))):
                story.look()
            phases["".join(sorted({entry.state.value[0] for entry in story.entries}))] += 1
            toll.survived()
        except Exception:
            toll.lost(f"seed {seed}: {traceback.format_exc()[-1200:]}")
    toll.figure("states of batches at the end", ", ".join(f"{s} {n}" for s, n in phases.most_common(8)))


def test_the_description_notices() -> None:
    assert list(validator().iter_errors({"id": 5}))
