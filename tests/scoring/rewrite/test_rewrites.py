"""Every rewrite keeps the function up to rounding, at any size, and leaves alone what only looks alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import ModelProto

from scoring.check.trials import Trial
from scoring.rewrite.doubling import convolve_before_doubling
from scoring.rewrite.draft import Draft
from scoring.rewrite.few_outputs import four_pixels_at_once
from scoring.rewrite.scaling import fold_scaling
from scoring.rewrite.transposed import transposed_as_shuffled
from tests.scoring.check.sketch import Sketch

SIZES = ((6, 8), (7, 9), (8, 11), (5, 6))
FEW = settings(max_examples=12, derandomize=True, deadline=None)
ASYMMETRIC = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
HALF_PIXEL = {"mode": "nearest", "coordinate_transformation_mode": "half_pixel"}
channels = st.integers(1, 9)


def eight(random: np.random.Generator, sketch: Sketch, count: int) -> str:
    """`count` planes made of the three colours, so that models keep their usual input."""
    return sketch.conv("x", random.normal(size=(count, 3, 1, 1)).astype(np.float32))


def apart(first: ModelProto, second: ModelProto, sizes: tuple[tuple[int, int], ...] = SIZES) -> float:
    """The largest difference relative to the largest value, for two pictures of every size."""
    one, other = Trial(first), Trial(second)
    worst = 0.0
    for height, width in sizes:
        x = np.random.default_rng(height).normal(size=(2, 3, height, width)).astype(np.float32)
        wanted, got = one.run(x), other.run(x)
        assert wanted.shape == got.shape and np.abs(wanted).max() > 0.01
        worst = max(worst, float(np.abs(wanted - got).max() / np.abs(wanted).max()))
    return worst


def holds(model: ModelProto, rewrite: Callable[[Draft], int], places: int = 1) -> ModelProto:
    """`rewrite` finds `places`, keeps the function of `model` and does not touch `model` itself."""
    before = model.SerializeToString(deterministic=True)
    draft = Draft(model)
    assert rewrite(draft) == places
    assert model.SerializeToString(deterministic=True) == before
    assert apart(model, draft.model) < 2e-6
    return draft.model


def alone(model: ModelProto, rewrite: Callable[[Draft], int]) -> None:
    draft = Draft(model)
    assert rewrite(draft) == 0
    assert draft.model.graph.node == model.graph.node


@dataclass(frozen=True)
class Doubled:
    """Doubling, a border of `around` pixels and a convolution."""

    inputs: int = 3
    outputs: int = 4
    side: int = 3
    border: str | None = "reflect"  # a mode of Pad; None: the convolution's own zeros
    around: int = 1
    scale: float = 2.0
    stride: int = 1
    resize: tuple[tuple[str, str], ...] = tuple(ASYMMETRIC.items())
    opset: int = 17

    def model(self) -> ModelProto:
        random, sketch = np.random.default_rng(self.inputs), Sketch()
        x, scales = eight(random, sketch, self.inputs), sketch.constant([1, 1, self.scale, self.scale])
        if self.opset >= 11:
            region = sketch.constant([]) if self.opset < 13 else ""  # it must be there, and be empty
            x = sketch.add("Resize", x, region, scales, **dict(self.resize))
        else:
            x = sketch.add("Upsample" if self.opset < 10 else "Resize", x, scales, mode="nearest")
        pads = [0, 0, self.around, self.around] * 2
        if self.border is not None and self.opset >= 11:
            x = sketch.add("Pad", x, sketch.constant(pads, np.int64), mode=self.border)
        elif self.border is not None:
            x = sketch.add("Pad", x, pads=pads, mode=self.border)
        weight = random.normal(size=(self.outputs, self.inputs, self.side, self.side)).astype(np.float32)
        bias = random.normal(size=self.outputs)
        zeros = [0 if self.border else self.around] * 4
        y = sketch.conv(x, weight, bias, pads=zeros, strides=[self.stride] * 2)
        return sketch.model(y, opset=self.opset)


@FEW
@given(
    channels,
    channels,
    st.sampled_from(["reflect", "edge", "constant", None]),
    st.sampled_from([9, 10, 11, 17]),
)
def test_convolving_before_doubling(inputs: int, outputs: int, border: str | None, opset: int) -> None:
    model = Doubled(inputs, outputs, border=border, opset=opset).model()
    made = holds(model, convolve_before_doubling)
    assert not {"Resize", "Upsample"} & {node.op_type for node in made.graph.node}


@pytest.mark.parametrize("rounding", ["round_prefer_floor", "round_prefer_ceil"])
def test_other_words_for_doubling(rounding: str) -> None:
    ways = tuple({**HALF_PIXEL, "nearest_mode": rounding}.items())
    holds(Doubled(resize=ways).model(), convolve_before_doubling)


@pytest.mark.parametrize(
    "near",
    [
        Doubled(scale=3.0),
        Doubled(side=5, around=2),
        Doubled(around=2),
        Doubled(around=0),
        Doubled(stride=2),
        Doubled(border=None, around=0),
        Doubled(resize=(("mode", "linear"),)),
        Doubled(resize=tuple({**ASYMMETRIC, "nearest_mode": "ceil"}.items())),
        Doubled(resize=tuple({**HALF_PIXEL, "coordinate_transformation_mode": "align_corners"}.items())),
        Doubled(resize=tuple({**HALF_PIXEL, "nearest_mode": "ceil"}.items())),
    ],
    ids=str,
)
def test_what_only_looks_like_doubling_is_left_alone(near: Doubled) -> None:
    alone(near.model(), convolve_before_doubling)


@pytest.mark.parametrize("inside", [False, True])
def test_a_doubled_picture_that_others_need_too_is_left_alone(inside: bool) -> None:
    model = Doubled(inputs=3, outputs=3).model()
    doubled = next(node.output[0] for node in model.graph.node if node.op_type == "Resize")
    if inside:
        model.graph.node.add(op_type="Relu", input=[doubled], output=["more"])
    model.graph.output.add().name = "more" if inside else doubled
    alone(model, convolve_before_doubling)


def to_few(
    inputs: int = 8, outputs: int = 3, opset: int = 17, kernel: int = 3, **attributes: object
) -> ModelProto:
    random, sketch = np.random.default_rng(inputs), Sketch()
    x = eight(random, sketch, inputs)
    weight = random.normal(size=(outputs, inputs, kernel, kernel)).astype(np.float32)
    return sketch.model(sketch.conv(x, weight, random.normal(size=outputs), **attributes), opset=opset)


@FEW
@given(
    st.integers(8, 12),
    st.integers(1, 4),
    st.integers(3, 5),
    st.lists(st.integers(0, 3), min_size=4, max_size=4),
)
def test_four_pixels_at_once_at_any_size(inputs: int, outputs: int, kernel: int, pads: list[int]) -> None:
    model = to_few(inputs, outputs, kernel=kernel, pads=pads)
    holds(model, lambda draft: four_pixels_at_once(draft, even=False))


@pytest.mark.parametrize("way", ["SAME_UPPER", "SAME_LOWER", "VALID"])
@pytest.mark.parametrize("kernel", [3, 4, 9])
def test_borders_that_are_named(way: str, kernel: int) -> None:
    model = to_few(kernel=kernel, pads=None, auto_pad=way)
    draft = Draft(model)
    assert four_pixels_at_once(draft, even=False) == 1
    assert apart(model, draft.model, ((12, 14), (13, 15))) < 2e-6


def test_even_sides_need_no_cut_and_odd_ones_do() -> None:
    model, draft = to_few(opset=9, kernel=5), Draft(to_few(opset=9, kernel=5))
    assert four_pixels_at_once(draft, even=False) == 0  # this opset cannot cut to a computed size
    assert four_pixels_at_once(draft, even=True) == 1
    assert apart(model, draft.model, ((6, 8), (10, 4))) < 2e-6


@pytest.mark.parametrize(
    "near", [to_few(4), to_few(8, 5), to_few(kernel=1), to_few(strides=[2, 2]), to_few(dilations=[2, 2])]
)
def test_other_convolutions_are_left_alone(near: ModelProto) -> None:
    alone(near, lambda draft: four_pixels_at_once(draft, even=False))


def transposed(
    inputs: int = 3, outputs: int = 3, bias: bool = True, kernel: int = 3, **more: object
) -> ModelProto:
    random, sketch = np.random.default_rng(inputs), Sketch()
    weight = random.normal(size=(inputs, outputs, kernel, kernel)).astype(np.float32)
    numbers = [sketch.constant(weight)] + ([sketch.constant(random.normal(size=outputs))] if bias else [])
    more = {"strides": [2, 2], **more}
    return sketch.model(sketch.add("ConvTranspose", eight(random, sketch, inputs), *numbers, **more))


@FEW
@given(
    channels,
    channels,
    st.booleans(),
    st.sampled_from(
        [
            {"auto_pad": "SAME_UPPER"},
            {"pads": [0, 0, 1, 1]},
            {"pads": [1, 1, 1, 1], "output_padding": [1, 1]},
            {"pads": [1, 1, 0, 0]},
            {"pads": [0, 0, 2, 2], "output_padding": [1, 1]},
        ]
    ),
)
def test_transposed_convolutions(inputs: int, outputs: int, bias: bool, more: dict[str, object]) -> None:
    holds(transposed(inputs, outputs, bias, **more), transposed_as_shuffled)


@pytest.mark.parametrize(
    "near",
    [
        {"pads": [1, 1, 1, 1]},
        {"pads": [0, 1, 1, 0]},
        {"auto_pad": "SAME_LOWER"},
        {"strides": [1, 1], "pads": [0, 0, 1, 1]},
        {"kernel": 4, "pads": [1, 1, 1, 1]},
        {"pads": [0, 0, 1, 1], "dilations": [2, 2]},
        {"inputs": 4, "group": 2, "pads": [0, 0, 1, 1]},
        {"output_shape": [12, 16]},
    ],
    ids=str,
)
def test_other_transposed_convolutions_are_left_alone(near: dict[str, object]) -> None:
    alone(transposed(**near), transposed_as_shuffled)


@FEW
@given(
    st.sampled_from(["Mul", "Div", "Add", "Sub"]),
    st.booleans(),
    st.sampled_from([(), (1,), (3, 1, 1), (1, 3, 1, 1)]),
    st.sampled_from(["behind", "before", "before the border"]),
)
def test_scaling_is_folded(op: str, first: bool, shape: tuple[int, ...], place: str) -> None:
    random, sketch = np.random.default_rng(3), Sketch()
    first = first or op == "Div"  # a picture as divisor is no scaling
    weight = random.normal(size=(3, 3, 3, 3)).astype(np.float32)
    number = sketch.constant(random.uniform(0.5, 2, shape))

    def scaled(x: str) -> str:
        return sketch.add(op, x, number) if first else sketch.add(op, number, x)

    x = "x" if place == "behind" else scaled("x")
    if place == "before the border":
        x = sketch.add("Pad", x, sketch.constant([0, 0, 1, 1] * 2, np.int64), mode="reflect")
    y = sketch.conv(x, weight, random.normal(size=3), pads=[0] * 4)
    made = holds(sketch.model(scaled(y) if place == "behind" else y), fold_scaling)
    assert {node.op_type for node in made.graph.node} <= {"Pad", "Conv"}


def test_what_zeros_at_the_border_forbid_is_left_alone() -> None:
    sketch = Sketch()
    weight = np.ones((3, 3, 3, 3), np.float32)
    alone(sketch.model(sketch.conv(sketch.add("Add", "x", sketch.constant(1.0)), weight)), fold_scaling)
    sketch = Sketch()
    holds(sketch.model(sketch.conv(sketch.add("Mul", "x", sketch.constant(2.0)), weight)), fold_scaling)


def test_a_divisor_that_is_a_picture_is_left_alone() -> None:
    sketch = Sketch()
    y = sketch.conv("x", np.ones((3, 3, 3, 3), np.float32), 5.0)
    alone(sketch.model(sketch.add("Div", sketch.constant(1.0), y)), fold_scaling)
    alone(sketch.model(sketch.add("Mul", y, y)), fold_scaling)
