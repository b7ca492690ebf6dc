"""Sessions of one thread each, made for the shape of a film's frames: several streams on one GPU."""

from __future__ import annotations

import fcntl
import logging
import threading
import weakref
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from reelbrush.errors import ReelbrushError
from scoring.bound import BoundChain, Frames
from scoring.cuda_options import Way
from scoring.gate import Gate
from scoring.loading import load_graphs
from scoring.providers import Plan
from scoring.runtime_errors import explain
from scoring.tensorrt import engine_digest
from scoring.wrap import GraphChain

DEVICE = Gate()
"""All that this process does on its GPU. While CUDA records a graph, most calls of other threads break it."""

_LOG = logging.getLogger("scoring")


class _Lane:
    """A chain bound to buffers of one shape; `chain` is None once its memory was wanted back."""

    def __init__(self, chain: BoundChain, shape: tuple[int, ...]) -> None:
        self.chain: BoundChain | None = chain
        self.shape = shape


class Lanes:
    """Paints frames, each thread by its own session, which is made at its first call for their shape.

    onnxruntime keeps a recorded CUDA graph for the thread that recorded it, and one session has one stream.
    """

    def __init__(self, chain: GraphChain, plan: Plan, style: str) -> None:
        self._chain, self._plan, self._style = chain, plan, style
        self._own = threading.local()
        self._all: weakref.WeakSet[_Lane] = weakref.WeakSet()
        self.notes: dict[str, str] = {}  # for the ledger: what was found out by painting

    def paint(self, frames: Frames) -> Frames:
        """Return `frames` (N, H, W, 3) repainted. Raises what `explain` makes of onnxruntime's errors."""
        lane: _Lane | None = getattr(self._own, "lane", None)
        if lane is not None and lane.chain is not None and lane.shape == frames.shape:
            try:
                with DEVICE.together():
                    return lane.chain.paint(frames)
            except Exception as error:
                self._own.lane = None  # its memory may be what is missing
                raise self._explained(error, frames) from error
        with DEVICE.alone():
            self._own.lane = lane = None  # in here: memory given back disturbs a recording, too
            lane, painted = self._first(frames)
        self._own.lane = lane
        self._all.add(lane)
        return painted

    def drop(self) -> None:
        """Give back the sessions of all threads; none may be painting. They are made anew when needed."""
        for lane in list(self._all):
            lane.chain = None

    def _first(self, frames: Frames) -> tuple[_Lane, Frames]:
        try:
            return self._try(frames)
        except ReelbrushError as error:
            if error.code == "out-of-memory" or self._plan.fixed is None or not self._plan.fixed.captures:
                raise
            _LOG.warning("style %s: painted without a CUDA graph: %s", self._style, str(error)[:300])
        self._plan = self._plan.without_capture()
        self.notes = self.notes | {"cuda_graph": "refused"}
        return self._try(frames)

    def _try(self, frames: Frames) -> tuple[_Lane, Frames]:
        way = self._plan.at(frames.shape)
        assert way is not None
        try:
            with _engine_lock(way):
                sessions = load_graphs(self._chain, way, frames.shape)
                lane = _Lane(BoundChain(sessions, way.device, frames.shape), frames.shape)
                assert lane.chain is not None
                painted = lane.chain.paint(frames)
        except Exception as error:
            raise self._explained(error, frames) from error
        if engine := engine_digest(way):
            self.notes = self.notes | {"engine": engine}
        return lane, painted

    def _explained(self, error: Exception, frames: Frames) -> Exception:
        if isinstance(error, MemoryError | OSError):  # of the folder of engines: no model is to blame
            return error
        return explain(error, self._style, f"runs on pictures of {frames.shape}")


@contextmanager
def _engine_lock(way: Way) -> Generator[None]:
    """Let one process build an engine; those that waited find it."""
    home = way.options.get("trt_engine_cache_path")
    if home is None:
        yield
        return
    Path(home).mkdir(parents=True, exist_ok=True)
    with (Path(home) / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
