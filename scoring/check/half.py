"""Would the model survive 16-bit floats? Its inner values are watched, not converted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from onnx import ModelProto

from scoring.check.graph import constants
from scoring.check.pictures import EXTREMES, scene
from scoring.check.trials import Array, Form, Range, Trial, TrialFailed
from scoring.check.verdict import Refused

LARGEST = 65504.0
"""The largest finite float16 (IEEE 754 binary16)."""

SMALLEST = 2.0**-25
"""Numbers up to this become zero in float16."""

_TOGETHER = 1_500_000  # pixels of all inner tensors asked for in one run, which bounds the memory


@dataclass(frozen=True)
class HalfReport:
    """The largest inner value seen, where, and whether float16 could hold all of them.

    `vanishing` names single constants that would become zero (the epsilon under a division, mostly).
    """

    largest: float
    where: str
    vanishing: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Whether nothing overflows and no single constant vanishes."""
        return self.largest <= LARGEST and not self.vanishing


def watch_inner_values(model: ModelProto, form: Form, size: tuple[int, int], limits: Range) -> HalfReport:
    """Run `model` on a scene and on extremes and look at every tensor inside. float32 models only.

    Raises Refused or TrialFailed when the runtime does not give its inner tensors.
    """
    weights = constants(model.graph)
    largest, where = 0.0, ""
    for name, array in weights.items():
        if array.dtype == np.float32 and array.size and (peak := _peak(array)) > largest:
            largest, where = peak, name
    names = [output for node in model.graph.node for output in node.output if output]
    declared = {value.name for value in model.graph.output}
    inner = [name for name in names if name not in declared and name not in weights]
    pictures = [scene(*size), *(picture(*size) for picture in EXTREMES.values())]
    together = max(4, _TOGETHER // (size[0] * size[1]))
    for start in range(0, max(1, len(inner)), together):
        trial = Trial(model, inner[start : start + together], optimised=False)
        for frames in pictures:
            for name, value in trial.tensors(form.tensor(frames, limits)).items():
                if getattr(value, "dtype", None) == np.float32 and value.size:
                    peak = _peak(value)
                    if peak > largest:
                        largest, where = peak, name
    vanishing = tuple(
        name
        for name, array in weights.items()
        if array.dtype == np.float32 and array.size == 1 and 0 < abs(float(array.reshape(-1)[0])) <= SMALLEST
    )
    return HalfReport(largest, where, vanishing)


def _peak(values: Array) -> float:
    peak = float(np.abs(values).max())
    return peak if np.isfinite(peak) else float("inf")


def try_watching(model: ModelProto, form: Form, size: tuple[int, int], limits: Range) -> HalfReport | None:
    """`watch_inner_values`, or None when the runtime does not show them."""
    try:
        return watch_inner_values(model, form, size, limits)
    except (Refused, TrialFailed):
        return None
