"""`reelbrush train`: a style from a painting. The trainer and torch are loaded here and nowhere else."""

from __future__ import annotations

import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

from reelbrush.errors import ReelbrushError
from reelbrush.job.names import STYLE_NAME
from training.order import TrainOrder

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130  # exit codes


class _Stop:
    """The first Ctrl-C (or SIGTERM) ends the training after its present step, the second at once."""

    def __init__(self) -> None:
        self.asked = False

    @contextmanager
    def caught(self) -> Generator[None]:
        """Handle the signals inside the block."""
        before = {number: signal.signal(number, self._hit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _hit(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        print("stops after this step and keeps the work; Ctrl-C again stops at once", file=sys.stderr)


def train_style(order: TrainOrder, quiet: bool) -> int:
    """Train, print what came of it and return the exit code; what is wrong is said with its fix."""
    if not STYLE_NAME.fullmatch(order.out.name) or order.out.name == "identity":
        print(
            f"{order.out.name!r} cannot be a style's name: 1 to 64 lower-case letters, digits and dashes",
            file=sys.stderr,
        )
        return USAGE
    try:
        from training.command import summary, train
        from training.report import open_report
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("torch", "PIL"):
            raise
        print(
            f"{error.name} is not installed, training needs it: pip install 'reelbrush[train]'",
            file=sys.stderr,
        )
        return FAILED
    stop, report = _Stop(), open_report(quiet)
    try:
        with stop.caught():
            trained = train(order, report, lambda: stop.asked)
    except KeyboardInterrupt:
        return INTERRUPTED
    except (ReelbrushError, OSError, ValueError) as error:
        report.close()
        print(error, file=sys.stderr)
        return FAILED
    finally:
        report.close()
    for word, text in summary(trained):
        print(f"{word:<10} {text}")
    if trained.style is None:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return INTERRUPTED
    return OK
