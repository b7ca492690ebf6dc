"""How long this machine takes to repaint a frame of one video: real work on its first frames.

`python -m scoring.measure FILE --style NAME` prints one JSON object: `secondsPerFrame` of one process with
one thread, `frames` that were painted, `device`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

from reelbrush.errors import ReelbrushError, Refusal
from reelbrush.job import BlobRef, Job, Options, parse_options
from reelbrush.media.encode import SegmentEncoder
from reelbrush.media.encode_settings import encode_settings
from scoring.film import open_film
from scoring.repaint import open_repainter
from scoring.styles import SHIPPED

SECONDS = 2.0
DEVICE = "cpu"
_MOST = 2000  # frames


@dataclass(frozen=True)
class Measured:
    """What painting took: decoding, model and encoding together."""

    seconds_per_frame: float
    frames: int  # >= 1


def measure(path: Path, style: str, options: Options, styles: Path, seconds: float) -> Measured:
    """Repaint frames from the beginning of the video at `path` for about `seconds`, at least two of them.

    The first frame does not count: with it everything is warmed up. Raises what opening the video or the
    style raises, and Refusal when there are no frames to be measured.
    """
    film = open_film(path)
    settings = encode_settings(film.video, options)
    job = Job("measure-0000000000", BlobRef("input", path.name, "0", 0), style, options)
    repainter = open_repainter(job, styles, "cpu", time_base=Fraction(1, 1000), first_tick=0)
    began, count = 0.0, -1
    with (
        tempfile.TemporaryDirectory() as scratch,
        SegmentEncoder(Path(scratch) / "measured.mp4", settings) as encoder,
    ):
        for frame in islice(film.frames(), _MOST):
            encoder.write(repainter.paint(frame[None], [0])[0])
            count += 1
            if count == 0:
                began = time.monotonic()
            elif time.monotonic() - began >= seconds:
                break
        taken = time.monotonic() - began
    if count < 1:
        raise Refusal("the video has too few frames to be measured", code="no-frames")
    return Measured(taken / count, count)


def main(arguments: Sequence[str]) -> int:
    """Measure what the arguments name, print it and return the exit code; errors are one line on stderr."""
    parser = argparse.ArgumentParser(prog="python -m scoring.measure")
    parser.add_argument("file", type=Path)
    parser.add_argument("--style", required=True)
    parser.add_argument("--options", type=json.loads, default={}, metavar="JSON")
    parser.add_argument("--styles", type=Path, default=SHIPPED, metavar="DIR")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    given = parser.parse_args(arguments)
    try:
        found = measure(given.file, given.style, parse_options(given.options), given.styles, given.seconds)
    except (ReelbrushError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    shown = {"secondsPerFrame": round(found.seconds_per_frame, 6), "frames": found.frames, "device": DEVICE}
    print(json.dumps(shown))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
