"""Ranges that fail, and sources that are replaced, at any point of a job's way."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from activities.services import Services
from reelbrush.job import BlobRef, Job
from reelbrush.store import BlobStore, FolderStore
from tests.torture.large.account import Account, Fault
from tests.torture.large.films import Film, make
from tests.torture.large.jobs import FilmsElsewhere, drive, output_of, services
from tests.torture.large.sparse import Layout, spread
from tests.torture.toll import Toll

pytestmark = pytest.mark.timeout(900)  # seconds, for machines that are busy

FRAMES = 480
ISLANDS = 6
SIZE = 1 << 30  # bytes of the source
FAULTS: tuple[Fault, ...] = ("503", "reset", "short")


def blob_store() -> BlobStore:
    """The store of the account in the variable FILMS."""
    return BlobStore("env:FILMS")


def film_of(folder: Path, frames: int = FRAMES, front: bool = False) -> Path:
    """A film whose islands take some ranges to be read."""
    small = make(folder / "small.mp4", Film(frames))
    target = folder / f"film-{frames}.mp4"
    spread(small, target, Layout(SIZE, ISLANDS, front, apart=True))
    return target


def new_job(folder: Path, account: Account, seed: int) -> tuple[Services, Job]:
    """A job with a work folder of its own."""
    work = folder / f"work-{seed}"
    work.mkdir()
    source = BlobRef("input", "film.mp4", account.etags.get("film.mp4", "v1"), SIZE)
    to = services(FilmsElsewhere(blob_store(), FolderStore(work)), work)
    return to, Job("film-0123456789", source, "identity")


def undisturbed(folder: Path, account: Account) -> tuple[str, int]:
    """The sha256 of the output where nothing fails, and how many ranges are asked for."""
    account.films["film.mp4"] = film_of(folder)
    to, job = new_job(folder, account, 0)
    account.forget()
    return drive(to, job)["result"]["sha256"], account.requests


def now_and_then(random_: random.Random) -> Callable[[int], Fault | None]:
    """Every sixth request fails, never three in a row: the SDK and the steps try as often."""
    ill: list[bool] = []

    def fault(number: int) -> Fault | None:
        ill.append(random_.random() < 1 / 6 and not all(ill[-2:] or [False]))
        return random_.choice(FAULTS) if ill[-1] else None

    return fault


@pytest.mark.slow
@pytest.mark.torture("ranges of a source that fail on the way are asked for again", full=60, slice=2)
def test_failing_ranges_change_nothing(tmp_path: Path, films: Account, toll: Toll) -> None:
    expected, _ = undisturbed(tmp_path, films)
    failed = 0
    for seed in toll.seeds():
        to, job = new_job(tmp_path, films, seed)
        fault, told = now_and_then(random.Random(seed)), []
        films.fault = lambda number: told.append(fault(number)) or told[-1]  # noqa: B023
        answer = drive(to, job)
        failed += sum(each is not None for each in told)
        if answer.get("result", {}).get("sha256") == expected:
            toll.survived()
        else:
            toll.lost(f"seed {seed}: {answer}")
        shutil.rmtree(to.store.work.root)
    toll.figure("requests that failed", str(failed))


@pytest.mark.slow
@pytest.mark.torture(
    "a store that stays away ends a job with a reason, never with half a film", full=40, slice=1
)
def test_a_store_that_stays_away(tmp_path: Path, films: Account, toll: Toll) -> None:
    expected, requests = undisturbed(tmp_path, films)
    for seed in toll.seeds():
        to, job = new_job(tmp_path, films, seed)
        films.forget()
        random_ = random.Random(seed)
        last, kind = random_.randrange(requests), random_.choice(FAULTS)
        films.fault = lambda number: kind if number >= last else None  # noqa: B023
        answer = drive(to, job)
        films.fault = lambda number: None
        told = answer.get("error", {})
        blames_the_film = told.get("code") != "tries" and not told.get("retryable")
        if output_of(to, job) or not told.get("message") or blames_the_film:
            toll.lost(f"seed {seed}, {kind} from request {last} on: {answer}")
        elif drive(to, job).get("result", {}).get("sha256") != expected:
            toll.lost(f"seed {seed}: the retry gives other bytes")
        else:
            toll.survived()
        shutil.rmtree(to.store.work.root)


@pytest.mark.slow
@pytest.mark.torture("a source that is replaced under a job is noticed, never mixed", full=60, slice=2)
def test_a_source_that_is_replaced(tmp_path: Path, films: Account, toll: Toll) -> None:
    expected, requests = undisturbed(tmp_path, films)
    first = films.films["film.mp4"]
    (tmp_path / "other").mkdir()
    other = film_of(tmp_path / "other", FRAMES + 48)
    noticed = 0
    for seed in toll.seeds():
        films.films["film.mp4"], films.etags["film.mp4"] = first, "v1"
        to, job = new_job(tmp_path, films, seed)
        films.forget()
        last = random.Random(seed).randrange(requests + 2)
        films.fault = lambda number: replaced(films, other) if number >= last else None  # noqa: B023
        answer = drive(to, job)
        films.fault = lambda number: None
        outputs = output_of(to, job)
        if films.etags["film.mp4"] == "v1":
            right = answer.get("result", {}).get("sha256") == expected
        else:
            right = answer.get("error", {}).get("code") == "source-changed" and not outputs
        noticed += films.etags["film.mp4"] == "v2"
        if right:
            toll.survived()
        else:
            toll.lost(f"seed {seed}, replaced at request {last}: {answer}, {outputs}")
        shutil.rmtree(to.store.work.root)
    toll.figure("replaced before the job had ended", str(noticed))


def replaced(account: Account, film: Path) -> None:
    """Put another version in place of the film."""
    with account.lock:
        account.films["film.mp4"], account.etags["film.mp4"] = film, "v2"


def test_an_answer_of_other_bytes_would_be_seen(tmp_path: Path, films: Account) -> None:
    expected, _ = undisturbed(tmp_path, films)
    (tmp_path / "other").mkdir()
    films.films["film.mp4"] = film_of(tmp_path / "other", FRAMES + 48)
    to, job = new_job(tmp_path, films, 1)
    found: dict[str, Any] = drive(to, job)
    assert found["result"]["sha256"] != expected
