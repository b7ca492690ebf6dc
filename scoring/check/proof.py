"""Does a rewritten model compute what the original does, also at sizes that the original cannot take?

At the original's size the outputs must be equal bit by bit. At a larger size the original cannot be asked,
but it can be asked about windows: two corners of the larger picture, each of the original's size. There the
rewritten model's answer must be the same up to the far ends, where the window's border is not the picture's.
Statistics of the whole picture (InstanceNormalization and the like) would differ between window and picture,
so both models are compared with these frozen to the same numbers; such operators know no sizes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, helper, numpy_helper

from scoring.check.dynamic import Rewrite
from scoring.check.graph import attribute, constants
from scoring.check.pictures import Values, scene
from scoring.check.trials import Array, Form, Range, Trial, TrialFailed
from scoring.check.verdict import Refused

_MORE = 64  # pixels by which the larger picture is larger; a multiple of every usual stride
_CLOSE = 1e-3  # parts of the answer's spread; sums in another order differ by about 1e-5
_PROBES = ((128, 160), (192, 224))
_WHOLE_PICTURE = ("GlobalAveragePool", "GlobalMaxPool", "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin")


def is_exact(original: ModelProto, form: Form, rewrite: Rewrite, ranges: tuple[Range, ...]) -> bool:
    """Return whether `rewrite` is proven to compute what `original`, of `form`, does, in all `ranges`."""
    size = form.fixed_size
    try:
        first, second = Trial(original), Trial(rewrite.model)
        for limits in ranges:
            if not _equal_at(first, form, second, rewrite.form, size or _PROBES[0], limits):
                return False
        return size is None or all(
            _equal_in_corners(original, form, rewrite, size, limits) for limits in ranges
        )
    except (TrialFailed, Refused):
        return False


def _equal_at(
    first: Trial, form: Form, second: Trial, free: Form, size: tuple[int, int], limits: Range
) -> bool:
    frames = scene(*size)
    answers = form.paint(first, frames, limits), free.paint(second, frames, limits)
    return np.array_equal(*answers, equal_nan=True)


def _equal_in_corners(
    original: ModelProto, form: Form, rewrite: Rewrite, size: tuple[int, int], limits: Range
) -> bool:
    statistics = _statistics(rewrite, limits)
    window_trial = Trial(_frozen(original, statistics))
    whole_trial = Trial(_frozen(rewrite.model, statistics))
    height, width = size
    frames = scene(height + _MORE, width + _MORE)
    whole = rewrite.form.paint(whole_trial, frames, limits)
    if whole.shape != frames.shape:
        return False
    for offset, inside in ((0, slice(None, 5)), (_MORE, slice(3, None))):
        window = frames[:, offset : offset + height, offset : offset + width]
        alone = _cut(form.paint(window_trial, np.ascontiguousarray(window), limits), inside)
        seen = _cut(whole[:, offset : offset + height, offset : offset + width], inside)
        if not np.isfinite(alone).all():
            return False
        # a sum that is off by 1e-6 may round to the next level
        allowed = max(_CLOSE * float(alone.max() - alone.min()), 1.0 if form.output_dtype == "uint8" else 0.0)
        if not np.abs(alone - seen).max() <= allowed:
            return False
    return True


def _cut(pictures: Values, eighths: slice) -> Values:
    """The part of (N, H, W, C) between eighths of both sides."""
    rows, columns = (
        slice(*(None if e is None else side * e // 8 for e in (eighths.start, eighths.stop)))
        for side in pictures.shape[1:3]
    )
    return pictures[:, rows, columns]


def _statistics(rewrite: Rewrite, limits: Range) -> Mapping[str, Array]:
    """For every operator that looks at the whole picture: what to replace its output by.

    InstanceNormalization: gain and offset (2, 1, C, 1, 1); others: their output as it is at one size.
    """
    nodes = list(_looking_at_all(rewrite.model))
    names = {n.input[0] if n.op_type == "InstanceNormalization" else n.output[0] for n in nodes}
    names -= {value.name for value in rewrite.model.graph.output} | {rewrite.form.input}
    if not names:
        return {}
    trial = Trial(rewrite.model, sorted(names), optimised=False)
    small, large = (trial.tensors(rewrite.form.tensor(scene(*size), limits)) for size in _PROBES)
    known = constants(rewrite.model.graph)
    found: dict[str, Array] = {}
    for node in nodes:
        if node.op_type == "InstanceNormalization":
            found[node.output[0]] = _gain_and_offset(node, small[node.input[0]], known)
        elif node.output[0] in small and small[node.output[0]].shape == large[node.output[0]].shape:
            found[node.output[0]] = small[node.output[0]]
    return found


def _gain_and_offset(node: NodeProto, values: Array, known: Mapping[str, Any]) -> Array:
    if not {node.input[1], node.input[2]} <= known.keys():
        raise Refused("invalid-graph", "a norm whose numbers are computed", "")
    axes = tuple(range(2, values.ndim))
    numbers = values.astype(np.float64)
    deviation = np.sqrt(numbers.var(axes) + attribute(node, "epsilon", 1e-5))
    gain = known[node.input[1]] / deviation[0]
    offset = known[node.input[2]] - numbers.mean(axes)[0] * gain
    shape = (1, -1) + (1,) * len(axes)
    return np.stack([gain.reshape(shape), offset.reshape(shape)]).astype(values.dtype)


def _looking_at_all(model: ModelProto) -> Iterator[NodeProto]:
    for node in model.graph.node:
        if node.op_type == "InstanceNormalization" or node.op_type in _WHOLE_PICTURE:
            yield node


def _frozen(model: ModelProto, statistics: Mapping[str, Array]) -> ModelProto:
    """`model` with every output in `statistics` no longer depending on the picture's own statistics."""
    copy = ModelProto()
    copy.CopyFrom(model)
    nodes = list(copy.graph.node)
    del copy.graph.node[:]
    for node in nodes:
        output = node.output[0] if node.output else ""
        if output not in statistics:
            copy.graph.node.append(node)
            continue
        value = statistics[output]
        if node.op_type != "InstanceNormalization":
            copy.graph.initializer.append(numpy_helper.from_array(value, output))
            continue
        names = [f"{output}/gain", f"{output}/offset"]
        copy.graph.initializer.extend(
            numpy_helper.from_array(np.ascontiguousarray(v), n) for v, n in zip(value, names, strict=True)
        )
        copy.graph.node.append(helper.make_node("Mul", [node.input[0], names[0]], [f"{output}/scaled"]))
        copy.graph.node.append(helper.make_node("Add", [f"{output}/scaled", names[1]], [output]))
    return copy
