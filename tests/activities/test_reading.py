"""Many small blobs are read some at once."""

from __future__ import annotations

import threading
import time

import pytest

from activities.reading import read_each


def test_answers_are_in_the_order_of_the_questions_though_some_are_asked_at_once() -> None:
    met = threading.Barrier(4, timeout=60)

    def read(number: int) -> int:
        met.wait()
        time.sleep(0.01 * (number % 3))
        return number * number

    assert read_each(read, range(8)) == [number * number for number in range(8)]


def test_the_first_error_is_told_and_ends_it() -> None:
    asked: list[int] = []

    def read(number: int) -> int:
        asked.append(number)
        if number == 3:
            raise ValueError("three")
        time.sleep(0.01)
        return number

    with pytest.raises(ValueError, match="three"):
        read_each(read, range(1000))
    assert len(asked) < 100
