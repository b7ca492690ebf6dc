"""Work blobs that are half-written, of another job, or made by a foe: every step answers, or says why not."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from activities.approval import look_for_approval
from activities.batches import batch_rows
from activities.finish import finish
from activities.kept_receipt import kept_receipt
from activities.marks import is_canceled
from activities.plan import plan_for
from activities.poll import poll, poll_patiently
from activities.services import Services
from activities.split import split
from activities.stitch import stitch
from function_app.job_view import receipt_view
from function_app.watch.films import find_film
from reelbrush.compute.local import LocalCompute
from reelbrush.errors import ReelbrushError
from reelbrush.job import (
    BatchProgress,
    BatchState,
    Job,
    LedgerPage,
    run_id,
    timestamps_hash,
    to_json,
)
from reelbrush.job.names import INPUT, WORK
from reelbrush.media.decode import SegmentReader
from reelbrush.media.encode import SegmentEncoder
from reelbrush.pricing.kept import keep_quote
from reelbrush.pricing.rates import note_rates
from reelbrush.settings import Settings
from reelbrush.store import FolderStore
from tests.scoring.jobs import PreparedJob, make_clip, prepare
from tests.torture.fuzz.hostile_json import damaged
from tests.torture.toll import Toll

STRANGERS = (  # names that nobody of ours gives
    ".queue/x", ".queue/0000000000000-", ".jobs/readme.txt", ".ended/a-b", "{job}/index/segments/x.json",
    "{job}/index/segments/99999.json", "{job}/index/segments/-1.json", ".rates/cpu/x/identity.float32.json",
)  # fmt: skip
PAYLOAD = 10_000  # bytes of an activity's answer


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> PreparedJob:
    """A job of three segments, scored and not stitched yet, with all that its steps leave behind."""
    folder = tmp_path_factory.mktemp("whole")
    make_clip(folder / "clip.mp4", 36)
    made = prepare(folder, folder / "clip.mp4")
    store, names, manifest = made.store, made.names, made.manifest
    raw = store.read_bytes(WORK, manifest.timestamps_blob)
    times = memoryview(raw).cast("q").tolist()
    pages: list[LedgerPage] = []
    size = (manifest.encode.width, manifest.encode.height)
    with SegmentReader(lambda: store.open(INPUT, "clip.mp4"), manifest.media, manifest.video, size) as reader:
        for segment in manifest.segments:
            wanted = times[segment.first_frame : segment.first_frame + segment.frame_count]
            path = folder / "segment.mp4"
            with SegmentEncoder(path, manifest.encode) as encoder:
                for picture in reader.frames(segment, wanted):
                    encoder.write(picture)
            store.put_file(WORK, names.segment(manifest.generation, segment.index), path)
            page = LedgerPage(
                segment.index, segment.frame_count, timestamps_hash(wanted), _sha256(path),
                path.stat().st_size,
                run_id(made.job.id, 0, 1), {"total": 1.5, "infer": 1.0}, {"model": "m", "device": "cpu"},
            )  # fmt: skip
            pages.append(page)
            _put(store, names.page(manifest.generation, segment.index), to_json(page))
    run = made.request()
    description = json.loads(store.read_bytes(WORK, names.batch(run)))
    _put(store, names.batch(run), {**description, "submittedAt": "2026-01-01T00:00:00.000+00:00", "nodes": 1})
    for name, state in ((names.progress(run), BatchState.RUNNING), (names.result(run), BatchState.FAILED)):
        told = BatchProgress(run, state, 3, 3, 36, 36, 1767225690.0, 4.5, 36, "it broke", "scoring")
        _put(store, name, to_json(told))
    created = "2026-01-01T00:00:00.000+00:00"
    _put(store, names.record, {"job": to_json(made.job), "createdAt": created, "traceparent": ""})
    _put(store, names.approved, {"at": created, "maxCost": 5.0})
    _put(store, names.cancel, {"end": "finished", "at": created})
    figures = {"low": 1.0, "likely": 2.0, "high": 3.0}
    keep_quote(
        store, made.job.id,
        {"frames": 36, "measured": True, "gpuHours": figures, "minutes": figures, "cost": {**figures,
        "currency": "USD"}},
    )  # fmt: skip
    note_rates(store, made.job, 64 * 48, pages)
    return made


def _put(store: FolderStore, name: str, document: Any) -> None:
    store.put_bytes(WORK, name, json.dumps(document).encode())


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _steps(to: Services, job: Job) -> dict[str, Callable[[], Any]]:
    """What looks at the work of a job, in the order of its life."""
    request = {
        "job": to_json(job),
        "result": {"frameCount": 36},
        "retries": 0,
        "attempts": [1],
        "nodeSeconds": 4.5,
    }
    since = "2025-01-01T00:00:00.000+00:00"
    return {
        "is_canceled": lambda: is_canceled(to.store, job.id),
        "split": lambda: split(to, job, False),
        "look_for_approval": lambda: look_for_approval(to, {"job": job.id, "ticket": "t", "since": since}),
        "plan": lambda: plan_for(to, {"job": to_json(job)}),
        "poll": lambda: poll(to, job.id, [[0, 1]]),
        "poll_patiently": lambda: poll_patiently(to, job.id, [[0, 1]]),
        "batches": lambda: batch_rows(to, job.id, [1]),
        "watch": lambda: _watched(to, job),
        "stitch": lambda: stitch(to, job),
        "finish": lambda: finish(to, request),
        "finish again": lambda: finish(to, request),
        "batches then": lambda: batch_rows(to, job.id, [1]),
        "receipt": lambda: _receipt(to, job),
    }


def _watched(to: Services, job: Job) -> int:
    film = find_film(to.store, job.id)
    return -1 if film is None or not film.published() else len(film.fragment(0) or b"")


def _receipt(to: Services, job: Job) -> Any:
    receipt = kept_receipt(to.store, job.id)
    return None if receipt is None else receipt_view(job.id, receipt)


def judge(step: str, call: Callable[[], Any]) -> tuple[str, str]:
    """Return how a step ended, and what is wrong with that, "" for nothing."""
    try:
        answer = call()
    except ReelbrushError as error:
        return f"{type(error).__name__} {error.code}", "" if str(error).strip() else f"{step}: no reason"
    except Exception:
        return "exception", f"{step}: {traceback.format_exc()[-900:]}"
    try:
        size = len(json.dumps(answer, allow_nan=False).encode())
    except (TypeError, ValueError) as error:
        return "no JSON", f"{step}: its answer is no JSON: {error}: {str(answer)[:300]}"
    if size > PAYLOAD:
        return "large", f"{step}: its answer has {size} bytes"
    return "answer", ""


@pytest.mark.slow
@pytest.mark.logs_errors
@pytest.mark.timeout(3000)
@pytest.mark.torture("damaged work blobs: an answer or a reason", full=600, slice=30)
def test_steps_over_damaged_work_blobs(toll: Toll, whole: PreparedJob, tmp_path: Path) -> None:
    ends = Counter[str]()
    for seed in toll.seeds():
        rng = random.Random(seed)
        root = tmp_path / "store"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(whole.store.root, root)
        store = FolderStore(root)
        source = store.stat(INPUT, "clip.mp4")
        assert source is not None
        job = replace(whole.job, source=source)
        to = Services(
            Settings(store=store.uri, max_cost=1.0, price_per_hour=1.0), store,
            LocalCompute(store.uri, tmp_path / "runs", workers=1),
        )  # fmt: skip
        told = _damage(store, rng)
        strange = rng.choice(STRANGERS) if rng.random() < 0.3 else ""
        if strange:
            store.put_bytes(WORK, strange.format(job=job.id), b"nobody knows")
        faults: list[str] = []
        for step, call in _steps(to, job).items():
            end, fault = judge(step, call)
            ends[end] += 1
            if fault:
                faults.append(fault)
        if faults:
            toll.lost(f"seed {seed}, {told}: {faults[0]}")
        else:
            toll.survived()
    toll.figure("ends of steps", ", ".join(f"{end} {count}" for end, count in ends.most_common(12)))


def _damage(store: FolderStore, rng: random.Random) -> str:
    """Damage one to three blobs of `work`; return their names."""
    names = sorted(blob.name for blob in store.list(WORK))
    chosen = rng.sample(names, rng.choice((1, 1, 2, 3)))
    for name in chosen:
        text, other = store.read_bytes(WORK, name), store.read_bytes(WORK, rng.choice(names))
        if rng.random() < 0.05:
            store.delete(WORK, name)
            names.remove(name)
        else:
            store.put_bytes(WORK, name, damaged(text, rng, other))
    return ", ".join(chosen)


def test_the_judge_notices(tmp_path: Path) -> None:
    def broken() -> Any:
        raise KeyError("job")

    assert judge("s", broken)[1]
    assert judge("s", lambda: {"n": float("nan")})[1]
    assert judge("s", lambda: {"n": "x" * PAYLOAD})[1]
    assert not judge("s", lambda: {"n": 1})[1]
