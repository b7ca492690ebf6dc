"""Writes down when a process of the product did what, where LANES_FOLDER names a folder to write to.

Python imports this module by itself when its folder is on PYTHONPATH. It changes nothing of the product: as
soon as one of its modules below is imported, the calls in it that matter are timed. One line of JSON per
piece of work: lane (of the process), what, from and to in nanoseconds since the epoch.
"""

from __future__ import annotations

import atexit
import functools
import importlib.machinery
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from types import ModuleType
from typing import Any

_FOLDER = os.environ.get("LANES_FOLDER", "")


class _Journal:
    """One file per process, each line written by one call, so that no thread cuts another's."""

    def __init__(self) -> None:
        self._file = os.open(f"{_FOLDER}/{os.getpid()}.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def add(self, lane: str, what: str, since: int, until: int) -> None:
        line = {"lane": lane, "what": what, "from": since, "to": until}
        os.write(self._file, json.dumps(line).encode() + b"\n")


def _timed(journal: _Journal, lane: Callable[[], str], what: str, call: Callable[..., Any]) -> Any:
    @functools.wraps(call)
    def measured(*arguments: Any, **named: Any) -> Any:
        began = time.time_ns()
        try:
            return call(*arguments, **named)
        finally:
            journal.add(lane(), what, began, time.time_ns())

    return measured


def _watch_host(journal: _Journal, module: ModuleType) -> None:
    """Time activities, other functions and turns of orchestrators."""
    call, replay = module.Invoker.call, module.Invoker.replay

    async def timed_call(self: Any, function: Any, argument: Any) -> Any:
        began = time.time_ns()
        try:
            return await call(self, function, argument)
        finally:
            lane = "steps" if function.trigger == "activityTrigger" else "functions"
            journal.add(lane, function.name, began, time.time_ns())

    async def timed_replay(self: Any, function: Any, body: str) -> str:
        began = time.time_ns()
        try:
            return await replay(self, function, body)
        finally:
            journal.add("turns", function.name, began, time.time_ns())

    module.Invoker.call, module.Invoker.replay = timed_call, timed_replay


def _watch_pipeline(journal: _Journal, module: ModuleType) -> None:
    """Time the decoding, painting and encoding of each group of frames."""
    ordered_map = module.ordered_map

    def decoded(items: Iterable[Any]) -> Generator[Any]:
        iterator: Iterator[Any] = iter(items)
        try:
            while True:
                began = time.time_ns()
                try:
                    item = next(iterator)
                except StopIteration:
                    return
                journal.add("decode", "decode", began, time.time_ns())
                yield item
        finally:
            if isinstance(iterator, Generator):
                iterator.close()

    def timed_map(items: Iterable[Any], function: Callable[[Any], Any], **named: Any) -> Generator[Any]:
        paint = _timed(journal, lambda: threading.current_thread().name, "paint", function)
        results = ordered_map(decoded(items), paint, **named)
        try:
            for result in results:
                began = time.time_ns()
                yield result
                journal.add("encode", "encode", began, time.time_ns())
        finally:
            results.close()

    module.__dict__["ordered_map"] = timed_map


def _watch_publish(journal: _Journal, module: ModuleType) -> None:
    module.Publisher.publish = _timed(journal, lambda: "publish", "publish", module.Publisher.publish)


_WATCHED = {
    "reelbrush.host.invoker": _watch_host,
    "scoring.pipeline": _watch_pipeline,
    "scoring.publish": _watch_publish,
}


class _Finder:
    """Finds the watched modules where they are, and has them watched once they are loaded."""

    def __init__(self, journal: _Journal) -> None:
        self._journal = journal

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in _WATCHED:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_watch(module: ModuleType) -> None:
                execute(module)
                _WATCHED[name](self._journal, module)

            spec.loader.exec_module = execute_and_watch
        return spec


def _begin() -> None:
    journal, began = _Journal(), time.time_ns()

    def end() -> None:
        journal.add("process", f"CPU {time.process_time():.3f}", began, time.time_ns())

    journal.add("process", " ".join(sys.orig_argv)[:300], began, began)
    sys.meta_path.insert(0, _Finder(journal))
    atexit.register(end)


if _FOLDER:
    _begin()
