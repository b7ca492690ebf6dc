"""Stages of a scoring process that raise: which there are, what they raise, and from which call on."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import scoring.segments
from reelbrush.media.decode import SegmentReader
from reelbrush.media.encode import SegmentEncoder
from reelbrush.store import FolderStore
from scoring.batch import _Run  # pyright: ignore[reportPrivateUsage]
from scoring.progress import Tally
from scoring.repaint import Repainter

KINDS: dict[str, Callable[[], BaseException]] = {
    kind.__name__: kind
    for kind in (
        ValueError,
        RuntimeError,
        MemoryError,
        RecursionError,
        StopIteration,
        GeneratorExit,
        KeyboardInterrupt,
        SystemExit,
        ConnectionResetError,
        TimeoutError,
        AssertionError,
    )
} | {"disk full": lambda: OSError(errno.ENOSPC, "No space left on device")}
_PLACES: dict[str, tuple[Any, str]] = {
    "source": (_Run, "_open_media"),
    "decode": (SegmentReader, "timed"),
    "paint": (Repainter, "paint"),
    "sample": (scoring.segments, "take_samples"),
    "encoder": (SegmentEncoder, "__enter__"),
    "encode": (SegmentEncoder, "write"),
    "finish": (SegmentEncoder, "close"),
    "proof": (scoring.segments, "_sha256"),
    "count": (Tally, "count_painted"),
    "upload": (FolderStore, "put_file"),
    "page": (FolderStore, "put_bytes"),
    "heartbeat": (FolderStore, "put_bytes"),
    "published": (Tally, "count_published"),
}
STAGES = tuple(_PLACES)


@dataclass
class Fault:
    """Raises at one stage, from its call number `first` on (0: the first) for `times` calls."""

    stage: str
    kind: str
    first: int
    times: int
    calls: int = 0
    raised: int = 0

    def _strike(self) -> None:
        self.calls += 1
        if self.first < self.calls <= self.first + self.times:
            self.raised += 1
            raise KINDS[self.kind]()

    def _concerns(self, arguments: tuple[Any, ...]) -> bool:
        name = str(arguments[2]) if len(arguments) > 2 else ""
        if self.stage == "page":
            return "/segments/" in name
        return self.stage != "heartbeat" or Path(name).name == "progress.json"

    def placed(self) -> Any:
        """Return a context in which the fault is there."""
        owner, name = _PLACES[self.stage]
        usual = getattr(owner, name)

        def called(*arguments: Any, **named: Any) -> Any:
            if self._concerns(arguments):
                self._strike()
            return usual(*arguments, **named)

        def frames(*arguments: Any, **named: Any) -> Iterator[Any]:
            for frame in usual(*arguments, **named):
                self._strike()
                yield frame

        return patch.object(owner, name, frames if self.stage == "decode" else called)
