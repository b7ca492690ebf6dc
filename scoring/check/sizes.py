"""Which sizes a model takes: the multiple its sides must have, and whether it gives back what it got."""

from __future__ import annotations

from itertools import pairwise
from math import ceil

from scoring.check.pictures import scene
from scoring.check.trials import Form, Range, Trial, TrialFailed
from scoring.check.verdict import Refused

MULTIPLES = (1, 2, 4, 8, 16, 32, 64, 128, 3, 5, 6, 7, 10, 12, 14, 20, 24, 28, 48, 96)
"""The multiples that are tried, in this order."""

_LEAST_SIDE = 56  # smaller ones run into paddings that are larger than the picture
_PRIMES = (1, 2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79)


def refuse_other_sizes(trial: Trial, form: Form, size: tuple[int, int]) -> None:
    """Raise Refused (`scale`) when the answer to `size` is n times as large, or 1 / n."""
    height, width = _given(trial, form, size)
    for factor in range(2, 17):
        if (height, width) == (size[0] * factor, size[1] * factor):
            raise Refused(
                "scale",
                f"it enlarges pictures {factor} times",
                "Styles keep the size; scale the result down in the graph (AveragePool) if that is wanted",
            )
        if (height * factor, width * factor) == size:
            raise Refused(
                "scale", f"it shrinks pictures {factor} times", "Styles keep the size: use another model"
            )


def find_multiple(trial: Trial, form: Form, largest: int = 128) -> int:
    """Return the smallest number whose multiples, as sides, come back unchanged in size.

    Three sizes without another common divisor are run for each. Raises Refused (`size`) when there is none
    up to `largest`.
    """
    for multiple in MULTIPLES:
        if multiple <= largest and all(_keeps(trial, form, size) for size in _probes(multiple)):
            return multiple
    size = (128, 192)
    given = _given(trial, form, size)
    raise Refused(
        "size",
        f"it turns pictures of {size[0]}x{size[1]} into {given[0]}x{given[1]} (height x width)",
        "Styles keep the size: pad inside the model as much as its convolutions take away",
    )


def smallest_side(trial: Trial, form: Form, multiple: int) -> int:
    """Return the smallest side (a multiple of `multiple`, tried in powers of two) of a square that runs."""
    side = multiple
    while side < 1024 and not _keeps(trial, form, (side, side)):
        side *= 2
    return side


def _probes(multiple: int) -> list[tuple[int, int]]:
    """Three (height, width), multiples of `multiple` with factors that share no divisor."""
    least = ceil(_LEAST_SIDE / multiple)
    factors = [prime for prime in _PRIMES if prime >= least][:4]
    if multiple == 1:
        # odd and even, and every remainder of 4
        return [(59, 62), (61, 67), (58, 65)]
    return [(a * multiple, b * multiple) for a, b in pairwise(factors)]


def _keeps(trial: Trial, form: Form, size: tuple[int, int]) -> bool:
    try:
        return _given(trial, form, size) == size
    except TrialFailed:
        return False


def _given(trial: Trial, form: Form, size: tuple[int, int]) -> tuple[int, int]:
    limits: Range = (0.0, 255.0) if form.dtype == "uint8" else (0.0, 1.0)
    return form.size_of(trial.run(form.tensor(scene(*size), limits), form.output))
