"""Models exported for one size, made to take any: sizes written into nodes become relative to their input.

A rewrite is a proposal. `scoring.check.proof` decides whether it computes the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, ValueInfoProto, helper, numpy_helper

from scoring.check.graph import attribute, constants
from scoring.check.pictures import scene
from scoring.check.reshape import follow, is_unfolding, relative_shape
from scoring.check.trials import Form, Range, Trial, TrialFailed
from scoring.check.verdict import Refused

Shape = tuple[int, ...]

_PROBE = (128, 160)
_STEP = 32  # by which one side of the probe grows to see which axes follow it
_TO_THE_END = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Rewrite:
    """A model that should take any N, H and W, the form it has then, and what was done, in words."""

    model: ModelProto
    form: Form
    changes: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """Where a node with a size stands: its first input's shape at the model's own size, and what may vary."""

    shape: Shape
    free_axes: frozenset[int]
    earlier: Mapping[str, Shape]  # inputs of sized nodes before this one, at the model's own size


def free_sizes(model: ModelProto, form: Form) -> Rewrite | None:
    """Propose a form of `model` without fixed N, H and W; None when a node's size cannot be made relative.

    `form` has a fixed size or a fixed batch.
    """
    copy = ModelProto()
    copy.CopyFrom(model)
    _free_declared(copy, form)
    free = replace(form, fixed_size=None, batch=None)
    changes = ["declared height, width and number of pictures are free"]
    if form.fixed_size is None:
        return Rewrite(copy, free, ("the declared number of pictures is free",))
    known = constants(model.graph)
    sized = [node for node in copy.graph.node if _is_sized(node, known)]
    try:
        shapes = _input_shapes(model, form, form.fixed_size, sized)
        earlier: dict[str, Shape] = {}
        for node in sized:
            if node.input[0] in known:
                continue
            axes = _free_axes(copy, free, node.input[0])
            place = Place(shapes[node.input[0]], axes, dict(earlier))
            earlier[node.input[0]] = place.shape
            before = node.SerializeToString(deterministic=True)
            if axes and not _RULES[node.op_type](copy, node, place, known):
                return None
            if node.SerializeToString(deterministic=True) != before:
                changes.append(f"{node.op_type} {node.output[0]}: its size follows its input")
    except (TrialFailed, Refused, KeyError):
        return None
    return Rewrite(copy, free, tuple(changes))


def _free_declared(model: ModelProto, form: Form) -> None:
    names = ("N", 0, "H", "W") if form.layout == "NCHW" else ("N", "H", "W", 0)
    del model.graph.value_info[:]
    for value in (*model.graph.input, *model.graph.output):
        if value.name not in (form.input, form.output):
            continue
        if value.type.tensor_type.HasField("shape"):
            for dimension, name in zip(value.type.tensor_type.shape.dim, names, strict=True):
                if isinstance(name, str):
                    dimension.Clear()
                    dimension.dim_param = name


def _is_sized(node: NodeProto, known: Mapping[str, Any]) -> bool:
    if node.op_type == "ConvTranspose":
        return attribute(node, "output_shape") is not None
    if node.op_type == "Crop":
        return attribute(node, "scale") is not None
    if node.op_type == "Resize":
        return len(node.input) > 3 and node.input[3] in known
    if node.op_type == "Reshape":
        return len(node.input) == 2 and node.input[1] in known
    return node.op_type == "Slice" and len(node.input) > 2 and {node.input[1], node.input[2]} <= known.keys()


def _input_shapes(
    model: ModelProto, form: Form, size: tuple[int, int], nodes: list[NodeProto]
) -> Mapping[str, Shape]:
    names = sorted({node.input[0] for node in nodes} - {form.input})
    tensor = form.tensor(scene(*size), _limits(form))
    values = Trial(model, names, optimised=False).tensors(tensor) if names else {}
    return {form.input: tensor.shape, **{name: tuple(value.shape) for name, value in values.items()}}


def _free_axes(model: ModelProto, form: Form, tensor: str) -> frozenset[int]:
    """The axes of `tensor` that grow with N, H or W, seen by running the graph up to it."""
    head = _up_to(model, tensor)
    trial = Trial(head, optimised=False)
    height, width = _PROBE
    shapes: list[Shape] = []
    for count, size in (
        (1, (height, width)),
        (1, (height + _STEP, width)),
        (1, (height, width + _STEP)),
        (2, (height, width)),
    ):
        frames = np.repeat(scene(*size), count, axis=0)
        shapes.append(tuple(trial.run(form.tensor(frames, _limits(form)), tensor).shape))
    base = shapes[0]
    return frozenset(axis for axis in range(len(base)) for other in shapes[1:] if other[axis] != base[axis])


def _up_to(model: ModelProto, tensor: str) -> ModelProto:
    head = ModelProto()
    head.CopyFrom(model)
    nodes = list(head.graph.node)
    last = next((i for i, node in enumerate(nodes) if tensor in node.output), -1)
    del head.graph.node[last + 1 :], head.graph.output[:]
    if last < 0:
        head.graph.node.append(helper.make_node("Identity", [tensor], [tensor + "/seen"]))
        head.graph.output.append(ValueInfoProto(name=tensor + "/seen"))
        return head
    head.graph.output.append(ValueInfoProto(name=tensor))
    return head


def _limits(form: Form) -> Range:
    return (0.0, 255.0) if form.dtype == "uint8" else (0.0, 1.0)


def _conv_transpose(model: ModelProto, node: NodeProto, place: Place, known: Mapping[str, Any]) -> bool:
    """output_shape as the pads and output_padding that give it (ONNX operators, ConvTranspose)."""
    spatial = len(place.shape) - 2
    wanted = list(attribute(node, "output_shape"))[-spatial:]
    kernel = list(attribute(node, "kernel_shape") or known[node.input[1]].shape[2:])
    strides = list(attribute(node, "strides") or [1] * spatial)
    dilations = list(attribute(node, "dilations") or [1] * spatial)
    more = list(attribute(node, "output_padding") or [0] * spatial)
    begins, ends = [0] * spatial, [0] * spatial
    upper = attribute(node, "auto_pad", b"NOTSET") == b"SAME_UPPER"
    for axis, side in enumerate(place.shape[2:]):
        covered = strides[axis] * (side - 1) + more[axis] + (kernel[axis] - 1) * dilations[axis] + 1
        total = covered - wanted[axis]
        if total < 0:
            more[axis], total = more[axis] - total, 0
        begins[axis] = total // 2 if upper else total - total // 2
        ends[axis] = total - begins[axis]
    _set(node, {"output_shape": None, "auto_pad": None, "pads": begins + ends, "output_padding": more})
    return True


def _crop(model: ModelProto, node: NodeProto, place: Place, known: Mapping[str, Any]) -> bool:
    left, top, _, _ = attribute(node, "border")
    height, width = attribute(node, "scale")
    right, bottom = place.shape[3] - left - width, place.shape[2] - top - height
    _set(node, {"scale": None, "border": [left, top, right, bottom]})
    return min(right, bottom) >= 0


def _resize(model: ModelProto, node: NodeProto, place: Place, known: Mapping[str, Any]) -> bool:
    sizes = known[node.input[3]]
    if len(sizes) != len(place.shape) or attribute(node, "axes") is not None:
        return False
    scales = np.array([size / side for size, side in zip(sizes, place.shape, strict=True)], np.float32)
    exact = all(
        float(scale) * side == size for scale, side, size in zip(scales, place.shape, sizes, strict=True)
    )
    node.input[2], node.input[3] = _constant(model, node, "scales", scales), ""
    del node.input[3:]
    return exact


def _reshape(model: ModelProto, node: NodeProto, place: Place, known: Mapping[str, Any]) -> bool:
    target = known[node.input[1]].tolist()
    twin = next((name for name, shape in place.earlier.items() if list(shape) == target), None)
    if twin is not None and is_unfolding(place.shape, place.free_axes, target):
        follow(model, node, twin)
        return True
    return relative_shape(model, node, place.shape, place.free_axes, target)


def _slice(model: ModelProto, node: NodeProto, place: Place, known: Mapping[str, Any]) -> bool:
    """Ends and starts in the far half of a free axis count from its end."""
    starts, ends = known[node.input[1]].copy(), known[node.input[2]].copy()
    axes = known[node.input[3]].tolist() if len(node.input) > 3 and node.input[3] else range(len(starts))
    if len(node.input) > 4 and node.input[4] and not (known.get(node.input[4], np.zeros(1)) > 0).all():
        return False
    for index, axis in enumerate(axes):
        side = place.shape[axis]
        if axis % len(place.shape) not in place.free_axes:
            continue
        if starts[index] > side // 2:
            starts[index] -= side
        if ends[index] >= side:
            ends[index] = _TO_THE_END if ends.dtype == np.int64 else np.iinfo(ends.dtype).max
        elif ends[index] > side // 2:
            ends[index] -= side
    if not np.array_equal(starts, known[node.input[1]]):
        node.input[1] = _constant(model, node, "starts", starts)
    if not np.array_equal(ends, known[node.input[2]]):
        node.input[2] = _constant(model, node, "ends", ends)
    return True


_RULES: Mapping[str, Callable[[ModelProto, NodeProto, Place, Mapping[str, Any]], bool]] = {
    "ConvTranspose": _conv_transpose,
    "Crop": _crop,
    "Resize": _resize,
    "Reshape": _reshape,
    "Slice": _slice,
}


def _constant(model: ModelProto, node: NodeProto, what: str, values: np.ndarray) -> str:
    name = f"{node.output[0]}/{what}"
    model.graph.initializer.append(numpy_helper.from_array(values, name))
    return name


def _set(node: NodeProto, values: Mapping[str, Any]) -> None:
    """Replace attributes; None removes one."""
    kept = [one for one in node.attribute if one.name not in values]
    made = [helper.make_attribute(name, value) for name, value in values.items() if value is not None]
    del node.attribute[:]
    node.attribute.extend([*kept, *made])
