"""The ordered parallel map: order, bounds, and no stage that waits for ever whatever fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.pipeline import PipelineStopped, ordered_map


def stage_threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name == "decode" or t.name.startswith("infer-")]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    began = time.monotonic()
    yield
    assert stage_threads() == []
    assert time.monotonic() - began < 60


@settings(max_examples=60, deadline=None)
@given(count=st.integers(0, 60), workers=st.integers(1, 6), depth=st.integers(1, 9))
def test_results_come_in_order(count: int, workers: int, depth: int) -> None:
    assert list(ordered_map(range(count), lambda n: n * n, workers=workers, depth=depth)) == [
        n * n for n in range(count)
    ]


def test_order_holds_when_early_items_are_slow() -> None:
    def work(number: int) -> int:
        time.sleep(0.03 if number % 3 == 0 else 0.0)
        return number

    assert list(ordered_map(range(30), work, workers=4, depth=8)) == list(range(30))


def test_workers_work_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=60)

    def work(number: int) -> int:
        together.wait()
        return number

    assert list(ordered_map(range(9), work, workers=3, depth=3)) == list(range(9))


def test_never_more_than_depth_items_exist() -> None:
    alive, most, lock = 0, 0, threading.Lock()

    def items() -> Iterator[int]:
        nonlocal alive, most
        for number in range(50):
            with lock:
                alive += 1
                most = max(most, alive)
            yield number

    for _ in ordered_map(items(), lambda n: n, workers=2, depth=5):
        time.sleep(0.002)
        with lock:
            alive -= 1
    assert 1 < most <= 6  # the caller's own item counts until it asks for the next one


def test_a_failing_source_is_raised_promptly_and_closed() -> None:
    closed: list[bool] = []

    def items() -> Iterator[int]:
        try:
            yield 0
            yield 1
            raise ValueError("frame 2")
        finally:
            closed.append(True)

    with pytest.raises(ValueError, match="frame 2"):
        for _ in ordered_map(items(), lambda n: n, workers=2, depth=4):
            pass
    assert closed == [True]


def test_a_failing_worker_stops_an_endless_source() -> None:
    def endless() -> Iterator[int]:
        number = 0
        while True:
            yield number
            number += 1

    def work(number: int) -> int:
        if number == 7:
            raise ArithmeticError("frame 7")
        return number

    with pytest.raises(ArithmeticError, match="frame 7"):
        for _ in ordered_map(endless(), work, workers=3, depth=4):
            pass


def test_the_first_failure_is_the_one_that_is_raised() -> None:
    def work(number: int) -> int:
        time.sleep(0.01 * (5 - number))
        raise ArithmeticError(f"item {number}")

    with pytest.raises(ArithmeticError, match="item 4"):
        list(ordered_map(range(5), work, workers=5, depth=5))


def test_a_consumer_that_fails_or_leaves_stops_all_stages() -> None:
    closed: list[bool] = []

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.append(True)

    results = ordered_map(endless(), lambda n: n, workers=2, depth=3)
    assert next(results) == 1
    results.close()
    assert closed == [True]


def test_a_stop_is_seen_while_a_worker_is_busy() -> None:
    release = threading.Event()
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    threading.Timer(0.6, release.set).start()
    began = time.monotonic()
    with pytest.raises(PipelineStopped):
        list(ordered_map([1], lambda n: release.wait(60), workers=1, depth=1, should_stop=stop.is_set))
    assert time.monotonic() - began < 20


def test_memory_errors_travel() -> None:
    def work(number: int) -> int:
        raise MemoryError

    with pytest.raises(MemoryError):
        list(ordered_map(range(3), work, workers=2, depth=2))


def test_all_stages_together_have_one_time_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scoring.pipeline._JOIN_SECONDS", 0.5)
    release = threading.Event()
    results = ordered_map(
        range(8), lambda n: release.wait(60), workers=6, depth=8, should_stop=lambda: began + 0.1 < now()
    )
    now = time.monotonic
    began = now()
    with pytest.raises(PipelineStopped):
        next(results)
    assert now() - began < 20
    release.set()
    while stage_threads():
        time.sleep(0.01)
