"""Models whose verdict is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from onnx import ModelProto

from tests.scoring.check.sketch import (
    HALF,
    Sketch,
    planes_painter,
)
from tests.scoring.check.specimens import (
    bends,
    blocks,
    broken_numbers,
    broken_wiring,
    bytes_painter,
    chance,
    classifier,
    custom_operator,
    deaf,
    ends_in,
    external,
    fixed,
    fixed_and_normed,
    fixed_and_normed_by_hand,
    foreign_type,
    grey,
    grey_undeclared,
    impossible,
    infinite_half,
    means,
    mixing,
    no_input,
    normed,
    one_at_a_time,
    one_picture_without_batch,
    pixels_painter,
    pointwise,
    scaled,
    scrambled_bytes,
    several_outputs,
    swapping,
    turned,
    two_inputs,
    undeclared,
    unit_to_bytes,
    valid_convolution,
    wide_tanh,
)


@dataclass(frozen=True)
class Known:
    """What the check must say: a code, fields of the contract, codes of all warnings."""

    model: Callable[[], ModelProto | bytes]
    code: str = "accepted"
    contract: dict[str, Any] = field(default_factory=dict[str, Any])
    warnings: tuple[str, ...] = ()
    how: dict[str, str] = field(default_factory=dict[str, str])


FREED = {"fixed_size": None, "range": (0.0, 255.0)}

ZOO: dict[str, Known] = {
    "planes 0..255": Known(lambda: planes_painter(0, 255), contract={"layout": "NCHW", "range": (0, 255)}),
    "planes 0..1": Known(lambda: planes_painter(0, 1), contract={"range": (0, 1), "output_range": None}),
    "pixels 0..255": Known(pixels_painter, contract={"layout": "NHWC", "range": (0, 255)}),
    "bytes": Known(bytes_painter, contract={"layout": "NHWC", "dtype": "uint8"}, how={"range": "declared"}),
    "sigmoid": Known(
        lambda: ends_in("Sigmoid", 0, 1), contract={"range": (0, 1)}, how={"output range": "graph"}
    ),
    "tanh": Known(lambda: ends_in("Tanh", -1, 1), contract={"range": (-1, 1), "output_range": None}),
    "tanh * 150 + 127.5": Known(wide_tanh, contract={"range": (0, 255), "output_range": None}),
    "0..1 in, 0..255 out": Known(unit_to_bytes, contract={"range": (0, 1), "output_range": (0, 255)}),
    "BGR means": Known(
        lambda: means("BGR"), contract={"channels": "BGR", "range": (0, 255)}, how={"channels": "graph"}
    ),
    "RGB means": Known(
        lambda: means("RGB"), contract={"channels": "RGB", "range": (0, 255)}, how={"range": "graph"}
    ),
    "half 0..1": Known(lambda: planes_painter(0, 1, HALF), contract={"dtype": "float16", "range": (0, 1)}),
    "half 0..255": Known(lambda: planes_painter(0, 255, HALF), contract={"dtype": "float16"}),
    "no licence": Known(lambda: planes_painter(0, 255, metadata={"author": "x"}), warnings=("no-license",)),
    "shapes undeclared": Known(undeclared, contract={"layout": "NCHW"}),
    "identity": Known(lambda: pointwise("Identity"), contract={"size_multiple": 1}),
    "opset 11": Known(lambda: planes_painter(0, 255, opset=11)),
    "instance norm": Known(lambda: normed("InstanceNormalization"), warnings=("whole-picture",)),
    "grey world": Known(lambda: normed("GlobalAveragePool"), warnings=("whole-picture",)),
    "mixes a batch": Known(mixing, warnings=("batch",)),
    "one at a time": Known(one_at_a_time),
    "overflows in 16 bits": Known(lambda: bends("large"), warnings=("float16",)),
    "vanishes in 16 bits": Known(lambda: bends("small"), warnings=("float16",)),
    "a picture and a number": Known(lambda: several_outputs(1)),
    "swaps channels": Known(swapping, warnings=("swaps-channels",)),
    "fixed by Resize": Known(lambda: fixed("resize"), contract=FREED | {"size_multiple": 2}),
    "fixed by Reshape": Known(lambda: fixed("reshape"), contract=FREED | {"size_multiple": 2}),
    "fixed by ConvTranspose": Known(lambda: fixed("conv-transpose"), contract=FREED | {"size_multiple": 2}),
    "fixed by Slice": Known(lambda: fixed("slice"), contract=FREED | {"size_multiple": 1}),
    "fixed and normed": Known(fixed_and_normed, contract=FREED, warnings=("whole-picture",)),
    "fixed and normed by hand": Known(fixed_and_normed_by_hand, contract=FREED, warnings=("whole-picture",)),
    "unlike its input": Known(scrambled_bytes, warnings=("unlike-input",)),
    "fixed by weights": Known(
        lambda: fixed("weights"), contract={"fixed_size": (64, 96)}, warnings=("fixed-size",)
    ),
    **{
        f"multiple of {n}": Known(lambda n=n: blocks(n), contract={"size_multiple": n}) for n in (2, 4, 8, 32)
    },
    "multiple of 3": Known(lambda: blocks(3), contract={"size_multiple": 3}),
    "x2": Known(lambda: scaled(2), "scale"),
    "x4": Known(lambda: scaled(4), "scale"),
    "half the size": Known(lambda: scaled(0.5), "scale"),
    "loses its border": Known(valid_convolution, "size"),
    "rolls dice": Known(chance, "nondeterministic"),
    "divides by zero": Known(lambda: broken_numbers("everywhere"), "not-finite"),
    "breaks on black": Known(lambda: broken_numbers("black"), "not-finite"),
    "infinite in half": Known(infinite_half, "not-finite"),
    "one colour": Known(lambda: pointwise("Mul", 0.0), "one-colour"),
    "deaf": Known(deaf, "ignores-input"),
    "two inputs": Known(two_inputs, "inputs"),
    "no input": Known(no_input, "inputs"),
    "two pictures": Known(lambda: several_outputs(2), "outputs"),
    "classifier": Known(classifier, "not-an-image-model"),
    "grey in": Known(lambda: grey("in"), "channels"),
    "grey out": Known(lambda: grey("out"), "channels"),
    "grey in, undeclared": Known(grey_undeclared, "channels"),
    "no batch": Known(one_picture_without_batch, "rank"),
    "planes in, pixels out": Known(turned, "layout"),
    "doubles in": Known(lambda: foreign_type("in"), "dtype"),
    "doubles out": Known(lambda: foreign_type("out"), "dtype"),
    "values far away": Known(lambda: pointwise("Add", 1e5), "range"),
    "weights elsewhere": Known(external, "external-data"),
    "ends early": Known(lambda: planes_painter(0, 255).SerializeToString()[:-400], "truncated"),
    "text": Known(lambda: b"# a style\nwith words", "not-onnx"),
    "nothing": Known(lambda: b"", "not-onnx"),
    "opset of the future": Known(lambda: pointwise("Relu", opset=99), "opset"),
    "a maker's operator": Known(custom_operator, "custom-operators"),
    "reads nothing": Known(broken_wiring, "invalid-graph"),
    "an unknown operator": Known(lambda: pointwise("Paint"), "custom-operators"),
    "never runs": Known(impossible, "does-not-run"),
    "thousands of pictures": Known(lambda: Sketch([3000, 3, "H", "W"]).model("x"), "too-large"),
    "a square mile": Known(lambda: Sketch([1, 3, 12000, 12000]).model("x"), "too-large"),
    "endlessly high": Known(lambda: Sketch([None, 3, 1 << 40, None]).model("x"), "too-large"),
}
