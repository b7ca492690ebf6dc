"""The first and last nodes of a graph often tell its numbers: x / 255, tanh(x) * 150 + 127.5."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto

from scoring.check.graph import attribute, constants
from scoring.check.trials import Range

Numbers = npt.NDArray[np.float64]

_PASSING = frozenset(
    {"Identity", "Cast", "Transpose", "Pad", "Slice", "Crop", "Reshape", "Squeeze", "Unsqueeze"}
)
_BOUNDED: dict[str, Range] = {"Tanh": (-1.0, 1.0), "Sigmoid": (0.0, 1.0), "HardSigmoid": (0.0, 1.0)}
_LONGEST = 40  # nodes followed from either end

USUAL_INSIDE: tuple[Range, ...] = ((-1.0, 1.0), (0.0, 1.0), (-0.5, 0.5), (0.0, 255.0), (-127.5, 127.5))
"""Ranges in which networks compute."""


@dataclass(frozen=True)
class Affine:
    """x * gain + offset per channel, as the first nodes compute it from the graph's input."""

    gain: Numbers  # (3,)
    offset: Numbers  # (3,)

    def over(self, limits: Range) -> tuple[Numbers, Numbers]:
        """What black and white at `limits` become, per channel, the smaller first."""
        ends = [value * self.gain + self.offset for value in limits]
        return np.minimum(*ends), np.maximum(*ends)

    def expects(self, limits: Range) -> bool:
        """Whether pictures in `limits` land in a range in which networks compute.

        Ranges differ by at most 3 % of their width; means may be subtracted (ImageNet's, within 20 %).
        """
        low, high = self.over(limits)
        middle, width = float((low + high).mean() / 2), float((high - low).mean())
        if any(abs(low.mean() - a) + abs(high.mean() - b) < 0.03 * (b - a) for a, b in USUAL_INSIDE):
            return True
        near_zero = abs(middle) < 0.2 * width and bool(np.ptp(self.offset) > 0)
        return near_zero and any(abs(width - usual) < 0.2 * usual for usual in (1.0, 2.0, 4.4, 255.0))


def entry(model: ModelProto, name: str) -> Affine | None:
    """What the nodes behind the input `name` compute before anything else; None when it is nothing."""
    known = constants(model.graph)
    readers: defaultdict[str, list[NodeProto]] = defaultdict(list)
    for node in model.graph.node:
        for source in node.input:
            readers[source].append(node)
    gain, offset, touched = np.ones(3), np.zeros(3), False
    for _ in range(_LONGEST):
        users = [node for node in readers[name] if node.op_type not in ("Shape", "Size")]
        if len(users) != 1:
            break
        node = users[0]
        if node.op_type not in _PASSING:
            step = _affine_step(node, name, known)
            if step is None:
                break
            gain, offset, touched = gain * step.gain, offset * step.gain + step.offset, True
        name = node.output[0]
    return Affine(gain, offset) if touched else None


def exit_bounds(model: ModelProto, name: str) -> Range | None:
    """The values that the output `name` can have at all because of its last nodes; None when not bounded."""
    known = constants(model.graph)
    makers = {output: node for node in model.graph.node for output in node.output}
    gain, offset = np.ones(3), np.zeros(3)
    for _ in range(_LONGEST):
        node = makers.get(name)
        if node is None:
            return None
        limits = _BOUNDED.get(node.op_type) or _clip_limits(node, known)
        if limits is not None:
            low, high = Affine(gain, offset).over(limits)
            return float(low.min()), float(high.max())
        source = next((i for i in node.input if i and i not in known), None)
        if source is None:
            return None
        if node.op_type not in _PASSING and node.op_type != "DepthToSpace":
            step = _affine_step(node, source, known)
            if step is None:
                return None
            gain, offset = gain * step.gain, gain * step.offset + offset
        name = source
    return None


def _affine_step(node: NodeProto, source: str, known: dict[str, Numbers]) -> Affine | None:
    """What `node` computes from `source` where that is a gain and an offset, of one or three numbers."""
    if node.op_type == "ImageScaler":
        return Affine(np.full(3, attribute(node, "scale", 1.0)), _three(attribute(node, "bias", [0.0])))
    if node.op_type == "Affine":
        alpha, beta = attribute(node, "alpha", 1.0), attribute(node, "beta", 0.0)
        return Affine(np.full(3, alpha or 1.0), np.full(3, beta or 0.0))
    if node.op_type not in ("Add", "Sub", "Mul", "Div") or len(node.input) != 2:
        return None
    first = node.input[0] == source
    array = known.get(node.input[1 if first else 0])
    if array is None or array.size not in (1, 3):
        return None
    value = _three(array)
    if node.op_type == "Add":
        return Affine(np.ones(3), value)
    if node.op_type == "Sub":
        return Affine(np.ones(3), -value) if first else Affine(-np.ones(3), value)
    if node.op_type == "Mul":
        return Affine(value, np.zeros(3))
    return Affine(1 / value, np.zeros(3)) if first and np.all(value != 0) else None


def _clip_limits(node: NodeProto, known: dict[str, Numbers]) -> Range | None:
    if node.op_type != "Clip":
        return None
    ends = [attribute(node, name) for name in ("min", "max")]
    for position in (1, 2):
        if len(node.input) > position and node.input[position] in known:
            ends[position - 1] = float(known[node.input[position]].reshape(-1)[0])
    return (float(ends[0]), float(ends[1])) if None not in ends and ends[0] < ends[1] else None


def _three(values: object) -> Numbers:
    array = np.asarray(values, np.float64).reshape(-1)
    return np.resize(array, 3)
