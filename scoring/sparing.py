"""A style's session that spares memory when there is too little: step by step, and never back again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from reelbrush.errors import ScoringError
from scoring.gate import Gate
from scoring.session import Frames, StyleSession

_LOG = logging.getLogger("scoring")


@dataclass(frozen=True)
class _Manner:
    """How frames are painted now."""

    session: StyleSession
    frames: int  # of one call, >= 1
    alone: bool = False  # one thread at a time
    half: bool = False  # 16-bit floats


class SparingSession:
    """Repaints frames; `paint` may be called by several threads at once.

    What does not fit into memory is tried again with half as many frames per call down to one, then by one
    thread at a time, then in 16-bit floats. Where it got to, it stays.
    """

    def __init__(
        self,
        style: str,
        session: StyleSession,
        halved: Callable[[Callable[[], None]], StyleSession | None],
        frames: int = 0,
        *,
        half: bool = False,
    ) -> None:
        """`frames` per call, 0 for the default; a model that was made for a number of frames keeps it.

        `halved` opens the 16-bit session, None where there is none; it calls its argument, which closes
        `session`, when it needs the room. With `half` the session computes in 16-bit floats already.
        """
        self._style, self._halved = style, halved
        self._fixed = session.fixed
        per_call = session.frames_per_call if self._fixed or not frames else frames
        self._manner = _Manner(session, per_call, half=half)
        self._spent: Exception | None = None  # what ended it: there was nothing left to spare
        self._stepping = threading.Lock()
        self._gate = Gate()
        self.runtime_version, self.provider = session.runtime_version, session.provider
        self._spared = {"precision": "float16"} if half else dict[str, str]()

    @property
    def notes(self) -> dict[str, str]:
        """What the bytes depend on besides provider and model, for the ledger; lack of memory adds to it."""
        return self._manner.session.notes | self._spared

    @property
    def streams(self) -> int:
        """Threads that have to paint at the same time for the device to be busy, >= 1."""
        return self._manner.session.streams

    @property
    def frames_per_call(self) -> int:
        """Frames to give to one `paint`, >= 1; more are painted in parts."""
        return self._manner.frames

    def paint(self, frames: Frames) -> Frames:
        """Return `frames` (N, H, W, 3) uint8 repainted, same shape and type.

        Raises what `StyleSession.paint` raises: `out-of-memory`, or MemoryError, only when nothing is left to
        be spared.
        """
        while True:
            if self._spent is not None:
                raise self._spent
            manner = self._manner
            try:
                with self._gate.alone() if manner.alone else self._gate.together():
                    if manner is not self._manner:
                        continue
                    return _in_parts(manner, frames)
            except (ScoringError, MemoryError) as error:
                if isinstance(error, ScoringError) and error.code != "out-of-memory":
                    raise
                if not self._spare(manner, error):
                    raise

    def _spare(self, manner: _Manner, error: Exception) -> bool:
        """Take the next step, unless another thread did so since `manner`; False when there is none."""
        with self._stepping:
            if self._spent is not None:
                raise self._spent
            if self._manner is not manner:
                return True
            text = " ".join(str(error).split())[:200]
            if manner.frames > 1 and not self._fixed:
                self._manner = replace(manner, frames=manner.frames // 2)
                self._spared = self._spared | {"frames_per_call": str(self._manner.frames)}
                step = f"{self._manner.frames} frame{'s' if manner.frames > 3 else ''} per call"
            elif not manner.alone:
                with self._gate.alone():
                    manner.session.trim()
                self._manner = replace(manner, alone=True)
                if manner.session.plan.fixed is not None:
                    self._spared = self._spared | {"painted_by": manner.session.provider}
                step = "one thread at a time"
            else:
                session = None
                if not manner.half:
                    with self._gate.alone():
                        session = self._halved(manner.session.close)
                        if session is not None:
                            session.trim()
                if session is None:
                    self._spent = error
                    return False
                self._manner = replace(manner, session=session, half=True)
                self._spared = self._spared | {"precision": "float16"}
                step = "16-bit floats"
            _LOG.warning("style %s: too little memory, from now on %s (%s)", self._style, step, text)
            return True


def _in_parts(manner: _Manner, frames: Frames) -> Frames:
    # an arena that is nearly full serves the next call only if it is not cut into pieces by this one
    session, size, trim = manner.session, manner.frames, manner.alone
    if len(frames) <= size:
        return session.paint(frames, trim=trim, together=size)
    starts = range(0, len(frames), size)
    return np.concatenate([session.paint(frames[i : i + size], trim=trim, together=size) for i in starts])
