"""Reading many small blobs: some at once, since each costs the way to the store and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_READERS = 8


def read_each(read: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Return `read(item)` of each item, in order. The first error ends it and is raised."""
    with ThreadPoolExecutor(_READERS, thread_name_prefix="reading") as readers:
        return list(readers.map(read, items))
