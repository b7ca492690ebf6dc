"""Links for watching are good for one job and a time, and nobody else can make them."""

from __future__ import annotations

from pathlib import Path

import pytest

from function_app.api.signature import KEY, Verdict, check_token, watch_path, watch_token
from reelbrush.job.names import WORK
from reelbrush.store import FolderStore

JOB, OTHER = "clip-0123456789", "clip-9876543210"


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path)


def test_a_token_is_good_for_its_job_until_it_expires(store: FolderStore) -> None:
    token = watch_token(store, JOB, 600, 1000.5)
    assert check_token(store, JOB, token, 1600.4) is Verdict.GOOD
    assert check_token(store, JOB, token, 1660.5) is Verdict.EXPIRED
    assert check_token(store, OTHER, token, 1000.5) is Verdict.FORGED


def test_tokens_of_one_minute_are_equal(store: FolderStore) -> None:
    assert watch_token(store, JOB, 600, 1201) == watch_token(store, JOB, 600, 1259)
    assert watch_token(store, JOB, 600, 1201) != watch_token(store, JOB, 600, 1261)


@pytest.mark.parametrize("change", [lambda t: "9" + t, lambda t: t[:-1], lambda t: t + "A", lambda t: ""])
def test_a_changed_token_is_forged(store: FolderStore, change: object) -> None:
    token = watch_token(store, JOB, 600, 1000)
    assert callable(change)
    assert check_token(store, JOB, change(token), 1000) is Verdict.FORGED


def test_every_character_of_the_signature_counts(store: FolderStore) -> None:
    token = watch_token(store, JOB, 600, 1000)
    expiry, _, signature = token.partition("-")
    for at, letter in enumerate(signature):
        changed = signature[:at] + ("B" if letter == "A" else "A") + signature[at + 1 :]
        assert check_token(store, JOB, f"{expiry}-{changed}", 1000) is Verdict.FORGED


def test_all_processes_have_one_key(store: FolderStore, tmp_path: Path) -> None:
    token = watch_token(store, JOB, 600, 1000)
    assert check_token(FolderStore(tmp_path), JOB, token, 1000) is Verdict.GOOD
    assert len(store.read_bytes(WORK, KEY)) == 32
    assert check_token(FolderStore(tmp_path / "another"), JOB, token, 1000) is Verdict.FORGED


def test_the_path_holds_no_key(store: FolderStore) -> None:
    path = watch_path(store, JOB, 600)
    assert path.startswith(f"/api/jobs/{JOB}/watch/") and path.endswith("/index.m3u8")
    assert store.read_bytes(WORK, KEY).hex() not in path
