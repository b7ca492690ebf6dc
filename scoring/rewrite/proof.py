"""Does a rewritten model paint what the original paints? Both are run, on pictures of several sizes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from onnx import ModelProto

from scoring.check.graph import graph_facts
from scoring.check.pictures import scene
from scoring.check.trials import Array, Form, Trial, TrialFailed
from scoring.check.verdict import Refused
from scoring.contract import Contract

BOUND = 0.01
"""Largest difference of any pixel from the original's, in levels of 0..255."""

_MOST_ROUNDED_APART = 1e-3
"""Parts of the values of a model that gives bytes which may differ by one level: they are rounded."""

_SIZES = ((96, 128), (97, 131), (121, 104), (88, 145))  # (height, width): even and odd in all combinations


class Witness:
    """The original's answers, kept to compare any number of proposals with."""

    def __init__(self, model: ModelProto, contract: Contract) -> None:
        """Run `model`, which keeps `contract`. Raises TrialFailed or Refused when it does not run."""
        self._contract = contract
        shape = graph_facts(model).inputs[0].shape
        batch = shape[0] if shape else None
        self._form = Form(
            contract.input, contract.output, contract.layout, contract.dtype, "", contract.fixed_size, batch
        )
        self._tensors = [self._form.tensor(self._noisy(*size), _limits(contract)) for size in self._sizes()]
        trial = Trial(model)
        self._answers = [trial.run(tensor, contract.output) for tensor in self._tensors]

    def difference(self, proposal: ModelProto) -> float:
        """The largest difference of any pixel, in levels of 0..255; infinite where `proposal` does not run.

        For models that give bytes it is 0 where no more differ than rounding explains.
        """
        try:
            trial = Trial(proposal)
            answers = [trial.run(tensor, self._contract.output) for tensor in self._tensors]
        except (TrialFailed, Refused):
            return float("inf")
        return max(map(self._apart, self._answers, answers))

    def _apart(self, wanted: Array, got: Array) -> float:
        if wanted.shape != got.shape or wanted.dtype != got.dtype:
            return float("inf")
        apart = np.abs(wanted.astype(np.float64) - got.astype(np.float64))
        largest = float(apart.max())
        if wanted.dtype == np.uint8:
            return 0.0 if largest <= 1 and np.mean(apart > 0) <= _MOST_ROUNDED_APART else largest
        low, high = self._contract.output_limits
        # not a number is larger than any bound
        return largest * 255 / (high - low) if np.isfinite(largest) else float("inf")

    def _sizes(self) -> Sequence[tuple[int, int]]:
        if self._contract.fixed_size is not None:
            return (self._contract.fixed_size,)
        step = self._contract.size_multiple
        return [(height + -height % step, width + -width % step) for height, width in _SIZES]

    def _noisy(self, height: int, width: int) -> Array:
        """Two pictures, where the model takes any number: things with edges, and noise over all values."""
        noise = np.random.default_rng(height).integers(0, 256, (1, height, width, 3), np.uint8)
        count = self._form.batch
        return np.concatenate([scene(height, width), noise])[: 2 if count is None else count]


def _limits(contract: Contract) -> tuple[float, float]:
    low, high = contract.range
    return low, high
