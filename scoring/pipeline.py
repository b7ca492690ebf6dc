"""Ordered parallel map: one thread reads, several work, the caller receives in order, memory is bounded."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from itertools import count
from typing import Any, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_POLL_SECONDS = 0.2  # how soon a wish to stop is seen while a stage is busy
_JOIN_SECONDS = 10.0  # for all stages: one inside a call that never returns must not keep the process alive


class PipelineStopped(Exception):
    """`should_stop` became true while the caller waited for a result."""


def ordered_map(
    items: Iterable[T],
    function: Callable[[T], R],
    *,
    workers: int,
    depth: int,
    should_stop: Callable[[], bool] = lambda: False,
) -> Generator[R, None, None]:
    """Yield `function(item)` for every item, in order.

    `items` is iterated (and closed) in a thread of its own, `function` runs in `workers` threads (>= 1). At
    most `depth` items (>= 1) exist between the reading of an item and the moment when the caller asks for the
    result after it. The first exception of any stage stops all stages and is raised here; results that wait
    are dropped. Closing the generator stops all stages as well. Raises PipelineStopped once `should_stop()`
    is true.
    """
    line: _Line[T, R] = _Line(items, function, depth)
    threads = [threading.Thread(target=line.read, name="decode", daemon=True)]
    threads += [
        threading.Thread(target=line.work, name=f"infer-{number}", daemon=True) for number in range(workers)
    ]
    for thread in threads:
        thread.start()
    try:
        for number in count():
            if not line.wait_for_result(number, should_stop):
                return
            yield line.take(number)
            line.release()
    finally:
        line.close()
        deadline = time.monotonic() + _JOIN_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))


class _Line(Generic[T, R]):
    """What the stages share, guarded by one condition on which all of them wait."""

    def __init__(self, items: Iterable[T], function: Callable[[T], R], depth: int) -> None:
        self._items, self._function, self._depth = items, function, depth
        self._changed = threading.Condition()
        self._todo: deque[tuple[int, T]] = deque()
        self._ready: dict[int, R] = {}
        self._in_flight = 0
        self._total: int | None = None  # known once the items have ended
        self._failure: BaseException | None = None
        self._closed = False

    def read(self) -> None:
        """Body of the reading thread."""
        iterator = iter(self._items)
        try:
            for number in count():
                with self._changed:
                    self._changed.wait_for(lambda: self._closed or self._in_flight < self._depth)
                    if self._closed:
                        return
                    self._in_flight += 1
                try:
                    item = next(iterator)
                except StopIteration:
                    with self._changed:
                        self._total = number
                        self._changed.notify_all()
                    return
                with self._changed:
                    self._todo.append((number, item))
                    self._changed.notify_all()
                del item
        except BaseException as error:
            self._fail(error)
        finally:
            self._close_items(iterator)

    def _close_items(self, iterator: Any) -> None:
        try:
            if isinstance(iterator, Generator):
                iterator.close()
        except BaseException as error:
            self._fail(error)

    def work(self) -> None:
        """Body of each working thread."""
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._closed or self._todo or self._total is not None)
                    if self._closed or not self._todo:
                        return
                    number, item = self._todo.popleft()
                result = self._function(item)
                del item
                with self._changed:
                    self._ready[number] = result
                    self._changed.notify_all()
                del result
        except BaseException as error:
            self._fail(error)

    def wait_for_result(self, number: int, should_stop: Callable[[], bool]) -> bool:
        """Wait until result `number` is ready (True) or known not to come because the items ended (False)."""
        with self._changed:
            while True:
                if self._failure is not None:
                    raise self._failure
                if should_stop():
                    raise PipelineStopped
                if number in self._ready:
                    return True
                if number == self._total:
                    return False
                self._changed.wait(_POLL_SECONDS)

    def take(self, number: int) -> R:
        with self._changed:
            return self._ready.pop(number)

    def release(self) -> None:
        """Allow one more item in flight."""
        with self._changed:
            self._in_flight -= 1
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._todo.clear()
            self._changed.notify_all()

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._failure = self._failure or error
            self._closed = True
            self._todo.clear()
            self._changed.notify_all()
