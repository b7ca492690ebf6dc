"""How a model behaves: does it repeat itself, keep pictures of a batch apart, look at the whole picture."""

from __future__ import annotations

import numpy as np

from scoring.check.pictures import EXTREMES, scene
from scoring.check.trials import Form, Range, Trial, TrialFailed
from scoring.check.verdict import Refused

_SAME = 2e-3  # parts of the output range: half a level of 256


def refuse_chance(trial: Trial, form: Form, size: tuple[int, int], ranges: tuple[Range, ...]) -> None:
    """Raise Refused (`nondeterministic`) when two runs on the same picture differ in any bit."""
    frames = scene(*size)
    for limits in ranges:
        first, second = (form.paint(trial, frames, limits) for _ in range(2))
        if not np.array_equal(first, second, equal_nan=True):
            raise Refused(
                "nondeterministic",
                f"two runs on the same picture differ by up to {np.nanmax(np.abs(first - second)):.3g}",
                "Export it in evaluation mode; replace random nodes by constants",
            )


def refuse_deafness(trial: Trial, form: Form, size: tuple[int, int], ranges: tuple[Range, ...]) -> None:
    """Raise Refused (`one-colour`, `ignores-input`) when a picture has the same answer as its mirror image.

    A model may be dead in a range that is not its own; it is refused when it is in all of `ranges`.
    """
    frames = scene(*size)
    mirrored = frames[:, ::-1, ::-1]
    answers = [[form.paint(trial, one, limits) for one in (frames, mirrored)] for limits in ranges]
    if not all(np.array_equal(first, second) for first, second in answers):
        return
    last = answers[-1][0]
    if last.max(axis=(1, 2)).tolist() == last.min(axis=(1, 2)).tolist():
        raise Refused(
            "one-colour",
            f"whatever the picture is, it becomes the colour {last[0, 0, 0].tolist()}",
            "Check that the weights are in the file",
        )
    raise Refused(
        "ignores-input",
        "its answer is always the same picture",
        "Check the export: the output does not hang on the input",
    )


def refuse_not_finite(trial: Trial, form: Form, size: tuple[int, int], limits: Range) -> None:
    """Raise Refused (`not-finite`) when a black, a white or a noisy picture gives NaN or infinity."""
    for name, picture in EXTREMES.items():
        if not np.isfinite(form.paint(trial, picture(*size), limits)).all():
            raise Refused(
                "not-finite",
                f"its answer to {name} holds NaN or infinity",
                "Look for a division by zero, a root or a logarithm of what may be zero or negative",
            )


def batches(trial: Trial, form: Form, size: tuple[int, int], limits: Range, output: Range) -> str:
    """Return whether two pictures in one call are painted as alone: `apart`, `mixed`, or `fails`.

    Only for a form without a fixed batch. Differences below half a level of 256 do not count.
    """
    frames = np.concatenate([scene(*size), scene(*size)[:, ::-1] // 2])
    try:
        both = form.paint(trial, frames, limits)
    except TrialFailed:
        return "fails"
    alone = np.concatenate([form.paint(trial, one[None], limits) for one in frames])
    if both.shape != alone.shape:
        return "fails"
    return "apart" if _differ(both, alone, output) < _SAME else "mixed"


def sees_whole_picture(trial: Trial, form: Form, multiple: int, limits: Range, output: Range) -> bool:
    """Return whether the left end of a wide picture is painted otherwise when only its right end changes."""
    height = multiple * max(1, round(64 / multiple))
    width = multiple * max(1, round(640 / multiple))
    frames = scene(height, width)
    changed = frames.copy()
    changed[:, :, -width // 4 :] = 255 - changed[:, :, -width // 4 :] // 3
    first, second = (form.paint(trial, f, limits)[:, :, : width // 4] for f in (frames, changed))
    return _differ(first, second, output) > _SAME


def moves_other_channels(
    trial: Trial, form: Form, size: tuple[int, int], limits: Range, output: Range
) -> bool:
    """Return whether the first and last channel of the answer follow the last and first of the input.

    Only a clear exchange counts: the swapped pairs correlate by 0.2 more than the straight ones.
    """
    frames = scene(*size)
    low, high = output
    painted = np.clip(form.paint(trial, frames, limits), low, high)
    inside = frames.astype(np.float32)

    def likeness(given: int, taken: int) -> float:
        a, b = painted[..., given].ravel(), inside[..., taken].ravel()
        return float(np.corrcoef(a, b)[0, 1]) if a.std() > 0 else 0.0

    return min(likeness(0, 2) - likeness(0, 0), likeness(2, 0) - likeness(2, 2)) > 0.2


def _differ(first: np.ndarray, second: np.ndarray, limits: Range) -> float:
    """The largest difference in parts of the range."""
    return float(np.abs(first - second).max()) / (limits[1] - limits[0])
