"""Runs in which nothing moves are noticed and stopped; runs that only seem to stand are left alone."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import activities.stalled
from activities.poll import poll
from activities.services import Services
from activities.stalled import BEGINS, LOOK, SEGMENTS, STALLED, STANDS
from reelbrush.job import BatchState
from reelbrush.settings import Settings
from reelbrush.store import FolderStore
from tests.torture.hangs.lives import FRAMES, JOB, Life, Ward, described, life_by
from tests.torture.toll import Toll


class Watch:
    """An app that looks at a run again and again; its clock is true but for what a test does to it."""

    def __init__(self, folder: Path, life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
        self.life, self.ward, self.shift = life, Ward(life), 1e9
        store = FolderStore(folder / "store")
        self.to = Services(Settings(store.uri, backend="azureml"), store, self.ward)  # type: ignore[arg-type]
        described(store, life)
        monkeypatch.setattr(activities.stalled, "clock", lambda: life.now + self.shift)
        forget()

    def look(self) -> dict[str, Any]:
        (seen,) = poll(self.to, JOB, [[0, 1]])
        return seen


def forget() -> None:
    """Be another process of the app, which remembers nothing."""
    activities.stalled._standing.clear()  # pyright: ignore[reportPrivateUsage]


def patience(life: Life) -> float:
    """How long a run may stand until it is noticed, were it looked at often; it may seem half as fast.

    Rare looks count for less, and refused heartbeats make it seem slower still.
    """
    return max(BEGINS, 2 * SEGMENTS * FRAMES * life.pace)


@pytest.mark.torture("runs that stand still, and runs that only seem to", full=300, slice=8)
def test_hanging_runs_are_stopped_and_no_others(
    toll: Toll, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    longest = 0.0
    for seed in toll.seeds():
        chance = random.Random(seed)
        hangs, pause = chance.random() < 0.5, chance.choice((60.0, 90.0, 120.0, 300.0))
        life = life_by(chance, hangs)
        watch = Watch(tmp_path / str(seed), life, monkeypatch)
        watch.ward.refuses = chance.choice((0, 0, 2)) if hangs else 0
        naps, told = sorted(life.asleep), ""
        while not told:
            while naps and naps[0][0] <= life.now:
                watch.shift += naps.pop(0)[1]  # the clocks go on, nothing else does
            life.live(watch.to.store, pause)
            if chance.random() < 0.02:
                forget()
            seen = watch.look()
            if seen["s"] == BatchState.FAILED:
                told = str(seen["code"])
            elif seen["s"] == BatchState.DONE:
                told = "done"
            elif life.stalls is not None and life.now - life.stalls > 5 * patience(life):
                told = "never noticed"
        wanted = STALLED if hangs else "done"
        if told == wanted and (not hangs or watch.ward.stopped):
            toll.survived()
            if hangs and life.pace < 1 and life.worked > life.loading + 5 * FRAMES * life.pace:
                longest = max(longest, life.now - (life.stalls or 0.0))
        else:
            toll.lost(f"seed {seed}: {told} instead of {wanted} at {life.now:.0f} s, {life}")
    if longest:
        told = f"{longest / 60:.0f} minutes awake at most, naps included"
        toll.figure("a fast run that hung was noticed after", told)


def test_the_watch_notices_and_spares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = Life(segments=3, pace=1.0, queued=0.0, loading=5.0)
    for stalls, wanted in ((None, BatchState.DONE), (60.0, BatchState.FAILED)):
        life = replace(usual, stalls=stalls)
        watch = Watch(tmp_path / str(wanted), life, monkeypatch)
        seen = {"s": BatchState.RUNNING}
        while seen["s"] == BatchState.RUNNING and life.now < 1e5:
            life.live(watch.to.store, 30.0)
            seen = watch.look()
        assert seen["s"] == wanted
    again = watch.look()
    assert again["s"] == BatchState.FAILED and again["code"] == STALLED, "a repeated look says the same"
    assert STANDS + 60 <= life.now <= STANDS + 60 + 2 * LOOK and watch.ward.stopped


def test_segments_tell_of_life_where_no_heartbeat_gets_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = Life(segments=3, pace=120.0, queued=0.0, loading=5.0, refused=(0.0, 1e9))
    watch, seen = Watch(tmp_path, life, monkeypatch), {"s": BatchState.RUNNING}
    while seen["s"] == BatchState.RUNNING:
        life.live(watch.to.store, LOOK)
        seen = watch.look()
    assert seen["s"] == BatchState.DONE and life.now > 2 * BEGINS


def test_slow_frames_of_many_threads_come_in_bursts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    life = Life(segments=4, pace=30.0, queued=0.0, loading=5.0, threads=64)
    watch, seen = Watch(tmp_path, life, monkeypatch), {"s": BatchState.RUNNING}
    while seen["s"] == BatchState.RUNNING:
        life.live(watch.to.store, 30.0)
        seen = watch.look()
    assert seen["s"] == BatchState.DONE and not watch.ward.stopped


@pytest.mark.parametrize("forgets", [False, True])
def test_a_run_that_lost_its_node_begins_anew(
    forgets: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = Life(segments=30, pace=1.0, queued=0.0, loading=5.0, frozen=True)
    watch = Watch(tmp_path, life, monkeypatch)

    def lives(seconds: float) -> BatchState:
        end, state = life.now + seconds, BatchState.RUNNING
        while life.now < end:
            life.live(watch.to.store, 30.0)
            state = BatchState(watch.look()["s"])
        return state

    assert lives(120.0) is BatchState.RUNNING
    life.stalls = life.now  # its node is gone, and the service does not know yet
    assert lives(STANDS - 2 * LOOK) is BatchState.RUNNING
    if forgets:
        forget()
    life.queued = life.now + 300.0
    assert lives(270.0) is BatchState.QUEUED
    assert lives(STANDS) is BatchState.RUNNING, "what it loads takes its time again"
