"""How fast a job's frames are painted, and how long the rest will take. Pure, so that replays agree."""

from __future__ import annotations

from collections.abc import Sequence

WINDOW = 8  # looks that a rate is measured over, of those that told something new
STITCH_START, STITCH_PER_FRAME = 0.5, 0.0005  # seconds; packets are only copied


def measured_rate(samples: Sequence[Sequence[float]]) -> float | None:
    """Return the frames that one run paints per second, measured between the first and the last of `samples`.

    A sample is (seconds that all runs have spent painting, frames that they painted in these seconds). None
    when the samples do not tell: fewer than two, no time between them, or no frame painted.
    """
    if len(samples) < 2:
        return None
    seconds, frames = samples[-1][0] - samples[0][0], samples[-1][1] - samples[0][1]
    return frames / seconds if seconds > 0 and frames > 0 else None


def eta_seconds(left: Sequence[int], running: int, rate: float, frames: int) -> float:
    """Return the seconds until a job of `frames` frames is done, stitching included; >= 0.

    `left` holds the frames left of each batch, `running` how many batches are being painted now, `rate` > 0
    the frames per second of one of them. Batches are not divided: the longest one is a bound of its own.
    """
    total, longest = sum(left), max(left, default=0)
    scoring = max(total / max(1, running), longest) / rate
    return scoring + STITCH_START + STITCH_PER_FRAME * frames
