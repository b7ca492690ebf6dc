"""Takes nodes away in the middle of work, wherever that is on a fast or a slow machine."""

from __future__ import annotations

import random
import re
import threading
import time
from dataclasses import dataclass

from cluster_cloud import stable

from tests.fakes.azureml.runs import RunView
from tests.fakes.azureml.scenario import FACES
from tests.fakes.azureml.stand_in import StandIn

SEGMENT = re.compile(r"\bsegment (\d+) frames (\d+)\.\.(\d+) ")
_SHARE = re.compile(r"\b(\d+) segments, (\d+) published already")
_LOOK_SECONDS = 0.05


@dataclass
class _Fate:
    """When and how one start ends: `wait` seconds after it has painted `share` of what it has to."""

    face: str
    share: float
    wait: float
    before: int  # segments in the log when it began
    due: float | None = None  # time.monotonic()


class Preemption(threading.Thread):
    """Takes the node of each start with the chance `chance`; `drawn` counts the starts that were chosen.

    The moment is drawn in segments, not in seconds: it lies anywhere from a start's first sign of life to
    its last segment.
    """

    def __init__(self, azure_ml: StandIn, seed: int, chance: float) -> None:
        super().__init__(name="preemption", daemon=True)
        self._azure_ml, self._seed, self._chance = azure_ml, seed, chance
        self._fates: dict[tuple[str, int], _Fate | None] = {}
        self._closing = threading.Event()
        self.drawn = 0

    def close(self) -> None:
        """Take no more nodes."""
        self._closing.set()
        self.join(10)

    def run(self) -> None:
        """Look at all running runs again and again."""
        while not self._closing.wait(_LOOK_SECONDS):
            for run in self._azure_ml.runs():
                if run.status == "Running":
                    self._look(run)

    def _look(self, run: RunView) -> None:
        key = (run.id, run.starts)
        if key not in self._fates:
            self._fates[key] = self._draw(run)
        fate = self._fates[key]
        if fate is None:
            return
        if fate.due is None and self._painted(run, fate):
            fate.due = time.monotonic() + fate.wait
        if fate.due is not None and time.monotonic() >= fate.due:
            self._azure_ml.evict(run.id, fate.face)
            self._fates[key] = None

    def _draw(self, run: RunView) -> _Fate | None:
        draws = random.Random(f"{self._seed} {stable(run.id)} {run.starts}")
        if draws.random() >= self._chance:
            return None
        self.drawn += 1
        before = len(SEGMENT.findall(self._log(run)))
        return _Fate(draws.choice(FACES), draws.random(), draws.uniform(0, 0.3), before)

    def _painted(self, run: RunView, fate: _Fate) -> bool:
        log = self._log(run)
        shares = _SHARE.findall(log)
        if len(shares) < run.starts:  # this start has not begun to paint
            return False
        total, published = map(int, shares[-1])
        return len(SEGMENT.findall(log)) - fate.before >= int(fate.share * (total - published))

    def _log(self, run: RunView) -> str:
        return "".join(self._azure_ml.logs(run.id).values())
