"""Convolutions of a float graph on 8 bit whole numbers: Q and DQ nodes around each, rearrangements inside.

What only moves values (borders, pixel shuffles, cuts) is drawn in between, so that it moves a quarter of the
bytes. Whatever computes something else, as norms do, stays in float.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, helper, numpy_helper

from scoring.check.graph import attribute, constants, opset_of
from training.imported.moving import channels_behind

LEAST_CHANNELS = 16
"""Of a convolution's input and output. The first and the last one have 3 to 12: in int8 they were slower than
in float, and what they round is seen in the picture.
"""

_MOVES = {"DepthToSpace", "Pad", "Reshape", "Slice", "SpaceToDepth", "Transpose"}
LEAST_OPSET = 13
"""The first whose operators know a scale per channel."""

_STILL = 0.1
"""Width of the range of a channel that hardly changes: what is below it is left small, not made noise of. A
norm's epsilon, usually 1e-5, takes a deviation of 0.003 for nothing.
"""

_LARGEST_GAIN = 1000.0

Numbers = NDArray[np.float32]


@dataclass(frozen=True)
class Range:
    """What the values of each channel of a tensor are taken to be, (C,) each, both inclusive."""

    low: Numbers
    high: Numbers

    def scale_and_zero(self) -> tuple[np.float32, np.uint8]:
        """value = scale * (byte - zero), of all channels; 0 is a byte exactly, as borders of zeros need."""
        low, high = min(float(self.low.min()), 0.0), max(float(self.high.max()), 0.0)
        scale = max((high - low) / 255, 1e-12)
        return np.float32(scale), np.uint8(round(-low / scale))

    def spread(self, groups: NDArray[np.int64]) -> tuple[Numbers, Numbers, np.float32]:
        """What makes of every group of channels one that fills the bytes: gain (C,), offset (C,), scale.

        (value + offset) * gain lies in 0..255 * scale; groups (C,): the group of each channel.
        """
        count = int(groups.max()) + 1
        low, high = np.full(count, np.inf), np.full(count, -np.inf)
        np.minimum.at(low, groups, self.low)
        np.maximum.at(high, groups, self.high)
        width = np.maximum(high - low, max(_STILL, float((high - low).max()) / _LARGEST_GAIN))
        gain = width.max() / width
        middle = (low + high - width) / 2
        scale = np.float32(width.max() / 255)
        return gain[groups].astype(np.float32), -middle[groups].astype(np.float32), scale


@dataclass(frozen=True)
class Place:
    """A convolution that can be computed in int8: `source` is quantised before it, `result` behind it."""

    convolution: str  # its output's name
    source: str
    result: str  # its output, or that of the Relu behind it
    before: tuple[str, ...]  # outputs of what only moves values between source and convolution, in order
    after: tuple[str, ...]


def places(model: ModelProto) -> tuple[Place, ...]:
    """The convolutions of `model` that gain by int8, in the graph's order."""
    graph = _Graph(model)
    if opset_of(model) < LEAST_OPSET:
        return ()
    return tuple(graph.place(node) for node in model.graph.node if graph.gains(node))


def in_int8(model: ModelProto, ranges: Mapping[str, Range], skip: int = 0) -> ModelProto:
    """A copy of `model` with its `places` but the first `skip` in int8.

    ranges: of their sources and results, by name. Weights have a scale per output channel, and so have
    results that a norm follows. Raises KeyError when a range is missing.
    """
    graph = _Graph(model)
    for place in places(model)[skip:]:
        graph.quantise(place, ranges)
    return graph.model


class _Graph:
    def __init__(self, model: ModelProto) -> None:
        self.model = ModelProto()
        self.model.CopyFrom(model)
        self._known = constants(model.graph)
        self._makers = {name: node for node in self.model.graph.node for name in node.output}
        self._takers: dict[str, list[NodeProto]] = {}
        for node in self.model.graph.node:
            for name in node.input:
                self._takers.setdefault(name, []).append(node)
        self._given = {value.name for value in model.graph.output}
        self._moved: set[str] = set()
        self._rounded: set[str] = set()

    def gains(self, node: NodeProto) -> bool:
        weight = self._known.get(node.input[1]) if node.op_type == "Conv" else None
        known = all(name in self._known for name in node.input[1:] if name)
        return (
            weight is not None
            and known
            and weight.dtype == np.float32
            and weight.ndim == 4
            and min(weight.shape[:2]) >= LEAST_CHANNELS
            and attribute(node, "group", 1) == 1
        )

    def place(self, node: NodeProto) -> Place:
        before = [step.output[0] for step in self._upwards(node.input[0])]
        source = self._makers[before[-1]].input[0] if before else node.input[0]
        self._moved.update(before)
        result = node.output[0]
        taker = self._taker(result)
        if taker is not None and taker.op_type == "Relu":
            result = taker.output[0]
        after = [step.output[0] for step in self._downwards(result)]
        self._moved.update(after)
        return Place(node.output[0], source, result, tuple(reversed(before)), tuple(after))

    def _upwards(self, tensor: str) -> Iterator[NodeProto]:
        while (maker := self._makers.get(tensor)) is not None and self._moves(maker):
            yield maker
            tensor = maker.input[0]

    def _downwards(self, tensor: str) -> Iterator[NodeProto]:
        while (taker := self._taker(tensor)) is not None and taker.input[0] == tensor and self._moves(taker):
            yield taker
            tensor = taker.output[0]

    def _moves(self, node: NodeProto) -> bool:
        """Whether it only moves values, for one taker, and was not drawn into int8 already."""
        if node.op_type not in _MOVES or node.output[0] in self._moved:
            return False
        zeros = node.op_type == "Pad" and attribute(node, "mode", b"constant") == b"constant"
        return not zeros and self._taker(node.output[0]) is not None

    def _taker(self, tensor: str) -> NodeProto | None:
        takers = self._takers.get(tensor, [])
        return takers[0] if len(takers) == 1 and tensor not in self._given else None

    def quantise(self, place: Place, ranges: Mapping[str, Range]) -> None:
        node = self._makers[place.convolution]
        source = ranges[place.source].scale_and_zero()
        first = self._makers[place.before[0]] if place.before else node
        rounded = f"{place.source}/rounded"
        if place.source not in self._rounded:  # once for all who take it
            self._rounded.add(place.source)
            self._insert(first, self._step("QuantizeLinear", place.source, rounded, *source))
        first.input[0] = rounded
        last = place.before[-1] if place.before else rounded
        values = f"{place.convolution}/taken"
        self._insert(node, self._step("DequantizeLinear", last, values, *source))
        node.input[0] = values
        found = self._clipped(place) or ranges[place.result]
        groups = self._normed_as(place)
        if groups is None:
            same = np.ones(len(self._known[node.input[1]]), np.float32)
            self._weights(node, source[0], same, 0 * same)
            self._result(place, found.scale_and_zero())
        else:
            gain, offset, scale = found.spread(groups)
            self._weights(node, source[0], gain, offset)
            self._result(place, (scale, np.uint8(0)))

    def _clipped(self, place: Place) -> Range | None:
        """The range to which the result is clipped at once, as pictures are."""
        taker = self._taker(place.after[-1] if place.after else place.result)
        if taker is None or taker.op_type != "Clip" or not self._known.keys() >= set(taker.input[1:3]):
            return None
        low, high = (np.array([self._known[name]], np.float32) for name in taker.input[1:3])
        return Range(low, high)

    def _normed_as(self, place: Place) -> NDArray[np.int64] | None:
        """Which channel of the norm behind it each channel of a convolution becomes; None without a norm.

        A norm per channel gives the same whatever gain and offset the channel had before.
        """
        last = place.after[-1] if place.after else place.result
        taker = self._taker(last)
        if taker is None or taker.op_type != "InstanceNormalization" or place.result != place.convolution:
            return None
        channels = len(self._known[self._makers[place.convolution].input[1]])
        return channels_behind([self._makers[name] for name in place.after], self._known, channels)

    def _result(self, place: Place, scaled: tuple[np.float32, np.uint8]) -> None:
        maker = self._makers[place.result]
        values, given = f"{place.result}/values", f"{place.result}/given"
        maker.output[0] = values
        position = self._position(maker)
        self.model.graph.node.insert(position + 1, self._step("QuantizeLinear", values, given, *scaled))
        last, position = place.result, position + 1
        if place.after:
            last = place.after[-1]
            self._makers[place.after[0]].input[0] = given
            ending = self._makers[last]
            given = f"{last}/given"
            ending.output[0] = given
            position = self._position(ending)
        self.model.graph.node.insert(position + 1, self._step("DequantizeLinear", given, last, *scaled))

    def _weights(self, node: NodeProto, source_scale: np.float32, gain: Numbers, offset: Numbers) -> None:
        weight: Numbers = self._known[node.input[1]]
        scales = np.maximum(np.abs(weight).max((1, 2, 3)) / 127, 1e-12).astype(np.float32)
        whole = np.rint(weight / scales[:, None, None, None]).astype(np.int8)
        scales = scales * gain
        name = f"{node.output[0]}/weight"
        self._insert(node, self._constant(name, whole, scales))
        bias = np.zeros(len(weight))
        if len(node.input) > 2 and node.input[2]:
            bias = self._known[node.input[2]].astype(np.float64)
        steps = scales * source_scale
        bias = np.rint((bias + offset) * gain / steps).clip(-(2**31), 2**31 - 1)
        inputs = [node.input[0], name, f"{node.output[0]}/bias"]
        self._insert(node, self._constant(inputs[2], bias.astype(np.int32), steps))
        del node.input[:]
        node.input.extend(inputs)

    def _constant(self, name: str, whole: NDArray[np.integer], scales: NDArray[np.float32]) -> NodeProto:
        inputs = [f"{name}/whole", f"{name}/scale", f"{name}/zero"]
        zeros = np.zeros(len(scales), whole.dtype)
        for given, values in zip(inputs, (whole, scales, zeros), strict=True):
            self.model.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(values), given))
        return helper.make_node("DequantizeLinear", inputs, [name], name=name, axis=0)

    def _step(self, kind: str, tensor: str, output: str, scale: np.float32, zero: np.uint8) -> NodeProto:
        inputs = [tensor, f"{output}/scale", f"{output}/zero"]
        for name, value in zip(inputs[1:], (scale, zero), strict=True):
            self.model.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
        return helper.make_node(kind, inputs, [output], name=output)

    def _insert(self, before: NodeProto, node: NodeProto) -> None:
        self.model.graph.node.insert(self._position(before), node)

    def _position(self, wanted: NodeProto) -> int:
        outputs = list(wanted.output)
        return next(i for i, node in enumerate(self.model.graph.node) if list(node.output) == outputs)
