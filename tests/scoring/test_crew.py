"""Threads are chosen by measured rates, within what the process may use, and no byte depends on them."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from reelbrush.job import BlobRef, Job
from scoring import crew
from scoring.cores import usable_cores
from scoring.cpu_options import session_options
from scoring.crew import choose_threads, fewest_as_fast, measure_rates
from scoring.probe import probe_picture
from scoring.repaint import Repainter, open_repainter
from scoring.session import FRAMES
from scoring.styles import SHIPPED, load_style

MANY = 10**9  # frames, more than any machine paints at once


@dataclass
class Machine:
    """A clock that moves by what painting costs: all threads in step, or one after the other."""

    parallel: bool
    now: float = 0.0
    painted: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _round: set[int] = field(default_factory=set[int])

    def paint(self) -> None:
        with self._lock:
            self.painted += 1
            if not self.parallel or not self._round:
                self.now += 0.1
            self._round.add(self.painted)

    def clock(self) -> float:
        self._round.clear()
        return self.now

    def spent(self) -> float:
        return self.painted * 0.1


def test_cores_that_paint_side_by_side_are_all_used() -> None:
    machine = Machine(parallel=True)
    rates = measure_rates(machine.paint, [1, 2, 4], clock=machine.clock, spent=machine.spent)
    assert rates == pytest.approx({1: 10, 2: 20, 4: 40})
    assert fewest_as_fast(rates) == 4
    assert 2.0 <= machine.spent() < 2.0 + 0.7  # a round of seven calls may be one too many


def test_threads_that_only_wait_for_each_other_are_left_out() -> None:
    machine = Machine(parallel=False)
    rates = measure_rates(machine.paint, [1, 2], clock=machine.clock, spent=machine.spent)
    assert rates == pytest.approx({1: 10, 2: 10})
    assert fewest_as_fast(rates) == 1


@pytest.mark.parametrize(
    ("rates", "fewest"), [({2: 10.0, 4: 10.2}, 2), ({2: 10.0, 4: 11.0}, 4), ({1: 5.0, 2: 4.0}, 1)]
)
def test_what_measuring_cannot_tell_apart_is_equal(rates: dict[int, float], fewest: int) -> None:
    assert fewest_as_fast(rates) == fewest


def probed(rates: dict[int, float]) -> Callable[..., dict[int, float]]:
    def measured(paint: object, counts: object, **more: object) -> dict[int, float]:
        return rates

    return measured


def eight(process: int) -> set[int]:
    return set(range(8))


@pytest.fixture(scope="module")
def repainter() -> Repainter:
    job = Job("a", BlobRef("input", "a", "0", 1), "starry-night")
    return open_repainter(job, SHIPPED, "cpu", time_base=Fraction(1, 25), first_tick=0)


def test_a_long_batch_is_probed_once(
    repainter: Repainter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "usable_cores", lambda: 4)
    monkeypatch.setattr(crew, "measure_rates", probed({2: 9.0, 4: 5.0}))
    assert choose_threads(repainter, 64, 48, MANY, 0, tmp_path) == 2
    (kept,) = tmp_path.iterdir()
    assert json.loads(kept.read_text())["threads"] == 2
    monkeypatch.setattr(crew, "measure_rates", probed({2: 1.0, 4: 5.0}))
    assert choose_threads(repainter, 64, 48, MANY, 0, tmp_path) == 2
    assert choose_threads(repainter, 64, 64, MANY, 0, tmp_path) == 4  # another size, another answer
    os.utime(kept, (0, 0))
    assert choose_threads(repainter, 64, 48, MANY, 0, tmp_path) == 4  # the answer was old


@pytest.mark.parametrize("text", ["", "[]", '{"threads": 1e999}', '{"threads": 3}', "\xff"])
def test_an_answer_that_is_none_is_measured_again(
    repainter: Repainter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(crew, "usable_cores", lambda: 2)
    monkeypatch.setattr(crew, "measure_rates", probed({1: 9.0, 2: 5.0}))
    assert choose_threads(repainter, 64, 48, MANY, 0, tmp_path) == 1
    (kept,) = tmp_path.iterdir()
    kept.write_text(text, "latin-1")
    monkeypatch.setattr(crew, "measure_rates", probed({1: 1.0, 2: 5.0}))
    assert choose_threads(repainter, 64, 48, MANY, 0, tmp_path) == 2


def test_who_is_to_stop_measures_no_more(
    repainter: Repainter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(parallel=True)
    stopped = machine.clock, machine.spent
    rates = measure_rates(
        machine.paint, [1, 2], clock=stopped[0], spent=stopped[1], should_stop=lambda: machine.painted > 0
    )
    assert machine.painted == 1 and rates[2] == 0
    monkeypatch.setattr(crew, "usable_cores", lambda: 4)
    assert choose_threads(repainter, 64, 48, MANY, 0, tmp_path, lambda: True) == 4
    assert not list(tmp_path.iterdir())  # what was not measured is not kept


def test_a_short_batch_takes_what_it_was_given(
    repainter: Repainter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "usable_cores", lambda: 4)
    monkeypatch.delattr(crew, "measure_rates")
    assert choose_threads(repainter, 64, 48, 24, 0, tmp_path) == 4
    assert choose_threads(repainter, 64, 48, 24, 3, tmp_path) == 3
    assert choose_threads(repainter, 64, 48, MANY, 1, tmp_path) == 1


def test_a_probe_that_cannot_be_kept_still_answers(
    repainter: Repainter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "usable_cores", lambda: 2)
    monkeypatch.setattr(crew, "measure_rates", probed({1: 9.0, 2: 5.0}))
    (tmp_path / "file").touch()
    assert choose_threads(repainter, 64, 48, MANY, 0, tmp_path / "file") == 1


@pytest.mark.parametrize(
    ("file", "text", "cores"),
    [
        ("cpu.max", "150000 100000", 2),
        ("cpu.max", "50000 100000", 1),
        ("cpu.max", "max 100000", 8),
        ("cpu.max", "", 8),
        (None, "", 8),
    ],
)
def test_cores_of_a_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str | None, text: str, cores: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", eight)
    if file:
        (tmp_path / file).write_text(text)
    assert usable_cores(tmp_path) == cores


def test_cores_of_an_older_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", eight)
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("300000\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert usable_cores(tmp_path) == 3
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("-1\n")
    assert usable_cores(tmp_path) == 8


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_even_threads_inside_the_model_change_no_byte(precision: str) -> None:
    model = load_style("starry-night").in_precision(precision).load_model().SerializeToString()
    frames, painted = probe_picture(121, 175), list[np.ndarray]()
    for threads in (1, 2, 3):
        options = session_options()
        options.intra_op_num_threads = threads
        session = ort.InferenceSession(model, options, ["CPUExecutionProvider"])
        painted.append(np.asarray(session.run(None, {FRAMES: frames})[0]))
    assert np.array_equal(painted[0], painted[1]) and np.array_equal(painted[0], painted[2])
