"""The models of the zoo: each a few kilobytes, each with one thing to be found out."""

from __future__ import annotations

import numpy as np
from onnx import ModelProto, helper
from onnx.external_data_helper import set_external_data

from tests.scoring.check.sketch import (
    BYTE,
    DOUBLE,
    FLOAT,
    HALF,
    PIXELS,
    PLANES,
    Sketch,
    painter,
    planes_painter,
    soft,
)

BGR_MEANS = np.array([103.939, 116.779, 123.68]).reshape(1, 3, 1, 1)
RGB_MEANS = np.array([0.485, 0.456, 0.406]).reshape(1, 3, 1, 1)
RGB_DEVIATIONS = np.array([0.229, 0.224, 0.225]).reshape(1, 3, 1, 1)


def pixels_painter() -> ModelProto:
    sketch = Sketch(PIXELS)
    planes = painter(sketch, sketch.add("Transpose", "x", perm=[0, 3, 1, 2]), 0, 255)
    return sketch.model(sketch.add("Transpose", planes, perm=[0, 2, 3, 1]))


def bytes_painter() -> ModelProto:
    sketch = Sketch(PIXELS, BYTE)
    x = sketch.add("Transpose", sketch.add("Cast", "x", to=FLOAT), perm=[0, 3, 1, 2])
    y = sketch.add("Clip", painter(sketch, x, 0, 255), sketch.constant(0.0), sketch.constant(255.0))
    y = sketch.add("Cast", sketch.add("Transpose", y, perm=[0, 2, 3, 1]), to=BYTE)
    return sketch.model(y, BYTE)


def ends_in(op: str, low: float, high: float) -> ModelProto:
    sketch = Sketch()
    y = painter(sketch, "x", low, high)
    if op == "Sigmoid":
        return sketch.model(sketch.add("Sigmoid", sketch.affine(y, 6.0, -3.0)))
    return sketch.model(sketch.add("Tanh", sketch.affine(y, 1.5, 0.1)))


def wide_tanh() -> ModelProto:
    sketch = Sketch()
    y = sketch.add("Tanh", sketch.affine(painter(sketch, "x", 0, 255), 1 / 100, -1.2))
    return sketch.model(sketch.affine(y, 150.0, 127.5))


def unit_to_bytes() -> ModelProto:
    sketch = Sketch()
    y = sketch.add("Sigmoid", sketch.affine(painter(sketch, sketch.affine("x", 2.0, -1.0), -1, 1), 3.0))
    return sketch.model(sketch.affine(y, 255.0))


def means(kind: str) -> ModelProto:
    sketch = Sketch()
    if kind == "BGR":
        x = sketch.add("Sub", "x", sketch.constant(BGR_MEANS))
        return sketch.model(sketch.add("Add", painter(sketch, x, -120, 135), sketch.constant(BGR_MEANS)))
    x = sketch.add("Div", "x", sketch.constant(255.0))
    x = sketch.add("Div", sketch.add("Sub", x, sketch.constant(RGB_MEANS)), sketch.constant(RGB_DEVIATIONS))
    return sketch.model(sketch.affine(painter(sketch, x, -2, 2), 60.0, 120.0))


def blocks(multiple: int) -> ModelProto:
    sketch = Sketch()
    side = [multiple] * 2
    small = sketch.add("AveragePool", "x", kernel_shape=side, strides=side)
    scales = sketch.constant([1, 1, multiple, multiple])
    y = painter(sketch, sketch.add("Resize", small, "", scales, mode="nearest"), 0, 255)
    return sketch.model(y)


def normed(op: str) -> ModelProto:
    sketch = Sketch()
    y = painter(sketch, "x", 0, 255)
    if op == "InstanceNormalization":
        y = sketch.add(op, y, sketch.constant([50, 55, 60]), sketch.constant([120, 110, 100]))
        return sketch.model(y)
    mean = sketch.add("GlobalAveragePool", y)
    return sketch.model(sketch.affine(sketch.add("Sub", y, mean), 1.0, 120.0))


def mixing() -> ModelProto:
    sketch = Sketch()
    y = painter(sketch, "x", 0, 255)
    mean = sketch.add("ReduceMean", y, axes=[0], keepdims=1)
    return sketch.model(sketch.affine(sketch.add("Add", y, mean), 0.5))


def bends(name: str) -> ModelProto:
    """Fine in 32 bits; in 16 bits a value inside or a constant is out of range."""
    sketch = Sketch()
    y = painter(sketch, "x", 0, 255)
    if name == "large":
        return sketch.model(sketch.affine(sketch.affine(y, 1e4), 1e-4))
    root = sketch.add("Sqrt", sketch.add("Add", sketch.add("Mul", y, y), sketch.constant(1e-8)))
    return sketch.model(root)


def fixed(way: str) -> ModelProto:
    """Made for 64x96 pictures in four ways that can be freed and one that cannot."""
    sketch = Sketch([1, 3, 64, 96])
    if way == "resize":
        small = sketch.conv("x", soft(), strides=[2, 2])
        sizes = sketch.constant([1, 3, 64, 96], np.int64)
        y = sketch.add("Resize", small, "", "", sizes, mode="linear")
    elif way == "reshape":
        deep = sketch.conv("x", soft(5, outputs=12), strides=[2, 2])
        y = sketch.add("Reshape", deep, sketch.constant([1, 2, 2, 3, 32, 48], np.int64))
        y = sketch.add("Transpose", y, perm=[0, 3, 4, 1, 5, 2])
        y = sketch.add("Reshape", y, sketch.constant([1, 3, 64, 96], np.int64))
    elif way == "conv-transpose":
        small = sketch.conv("x", soft(), strides=[2, 2])
        weight = sketch.constant(np.einsum("oikl->iokl", soft(4)) * 4)
        y = sketch.add("ConvTranspose", small, weight, strides=[2, 2], output_shape=[64, 96])
    elif way == "slice":
        wide = sketch.conv("x", soft(), pads=[3, 3, 3, 3])
        ends, axes = sketch.constant([66, 98], np.int64), sketch.constant([2, 3], np.int64)
        y = sketch.add("Slice", wide, sketch.constant([2, 2], np.int64), ends, axes)
    else:
        rows = np.linspace(0.5, 1, 64, dtype=np.float32).reshape(1, 1, 64, 1)
        y = sketch.add("Mul", "x", sketch.constant(np.broadcast_to(rows, (1, 3, 64, 96))))
    return sketch.model(painter(sketch, y, 0, 255), shape=[1, 3, 64, 96])


def fixed_and_normed() -> ModelProto:
    sketch = Sketch([1, 3, 160, 192])
    y = sketch.conv("x", soft(), strides=[2, 2])
    y = sketch.add("InstanceNormalization", y, sketch.constant([1, 1.1, 1.2]), sketch.constant([0.2, 0.1, 0]))
    y = sketch.add("Resize", y, "", "", sketch.constant([1, 3, 160, 192], np.int64), mode="nearest")
    return sketch.model(sketch.affine(sketch.add("Tanh", sketch.conv(y, soft())), 150.0, 127.5))


def fixed_and_normed_by_hand() -> ModelProto:
    """The same with a norm of plain operators, whose shape is spelled out."""
    sketch = Sketch([1, 3, 160, 192])
    y = sketch.conv("x", soft())
    flat = sketch.add("Reshape", y, sketch.constant([1, 3, 160 * 192], np.int64))
    centred = sketch.add("Sub", flat, sketch.add("ReduceMean", flat, axes=[2], keepdims=1))
    power = sketch.add("ReduceMean", sketch.add("Mul", centred, centred), axes=[2], keepdims=1)
    y = sketch.add("Div", centred, sketch.add("Sqrt", sketch.affine(power, 1.0, 1e-5)))
    y = sketch.add("Reshape", y, sketch.constant([1, 3, 160, 192], np.int64))
    return sketch.model(sketch.affine(sketch.add("Tanh", sketch.conv(y, soft())), 150.0, 127.5))


def scrambled_bytes() -> ModelProto:
    """Bytes to bytes, with light and dark thrown together: nobody can call its range wrong."""
    sketch = Sketch(PIXELS, BYTE)
    x = sketch.add("Sin", sketch.affine(sketch.add("Cast", "x", to=FLOAT), 0.25))
    return sketch.model(sketch.add("Cast", sketch.affine(x, 120.0, 127.0), to=BYTE), BYTE)


def scaled(factor: float) -> ModelProto:
    sketch = Sketch()
    y = painter(sketch, "x", 0, 255)
    return sketch.model(sketch.add("Resize", y, "", sketch.constant([1, 1, factor, factor]), mode="linear"))


def valid_convolution() -> ModelProto:
    sketch = Sketch()
    return sketch.model(sketch.conv("x", soft(5), pads=[0, 0, 0, 0]))


def chance() -> ModelProto:
    sketch = Sketch()
    noise = sketch.add("RandomNormalLike", "x", scale=5.0)
    return sketch.model(sketch.add("Add", painter(sketch, "x", 0, 255), noise))


def broken_numbers(where: str) -> ModelProto:
    sketch = Sketch()
    if where == "everywhere":
        return sketch.model(sketch.add("Div", "x", sketch.constant(0.0)))
    return sketch.model(sketch.add("Add", painter(sketch, "x", 0, 255), sketch.add("Log", "x")))


def pointwise(op: str, *constants: float, opset: int = 17) -> ModelProto:
    sketch = Sketch()
    return sketch.model(sketch.add(op, "x", *(sketch.constant(value) for value in constants)), opset=opset)


def deaf() -> ModelProto:
    """Always the same gradient, as large as the picture."""
    sketch = Sketch()
    ones = sketch.add("Add", sketch.add("Mul", "x", sketch.constant(0.0)), sketch.constant(1.0))
    ramp = sketch.add("CumSum", ones, sketch.constant(3, np.int64))
    ramp = sketch.add("Sub", ramp, sketch.add("CumSum", ones, sketch.constant(2, np.int64)))
    return sketch.model(sketch.affine(ramp, 1.0, 120.0))


def two_inputs() -> ModelProto:
    sketch = Sketch()
    sketch.inputs.append(helper.make_tensor_value_info("strength", FLOAT, [1]))
    return sketch.model(sketch.add("Mul", "x", "strength"))


def no_input() -> ModelProto:
    sketch = Sketch()
    sketch.inputs.clear()
    return sketch.model(sketch.add("Identity", sketch.constant(np.zeros((1, 3, 8, 8)))))


def several_outputs(pictures: int) -> ModelProto:
    sketch = Sketch()
    y = painter(sketch, "x", 0, 255)
    other = sketch.affine(y, 0.5) if pictures > 1 else sketch.add("GlobalAveragePool", y)
    return sketch.model({y: FLOAT, other: FLOAT})


def classifier() -> ModelProto:
    sketch = Sketch()
    features = sketch.add("GlobalAveragePool", sketch.conv("x", soft(outputs=10)))
    return sketch.model(sketch.add("Softmax", sketch.add("Flatten", features)), shape=None)


def grey(side: str) -> ModelProto:
    sketch = Sketch(["N", 1, "H", "W"] if side == "in" else PLANES)
    weight = soft()[:, :1] if side == "in" else soft()[:1]
    return sketch.model(sketch.conv("x", weight))


def grey_undeclared() -> ModelProto:
    sketch = Sketch(["N", None, "H", "W"])
    return sketch.model(sketch.conv("x", soft()[:, :1]))


def one_picture_without_batch() -> ModelProto:
    sketch = Sketch([3, "H", "W"])
    return sketch.model(sketch.add("Relu", "x"), shape=None)


def turned() -> ModelProto:
    sketch = Sketch()
    return sketch.model(sketch.add("Transpose", painter(sketch, "x", 0, 255), perm=[0, 2, 3, 1]))


def foreign_type(side: str) -> ModelProto:
    sketch = Sketch(kind=DOUBLE if side == "in" else FLOAT)
    y = painter(sketch, sketch.add("Cast", "x", to=FLOAT), 0, 255)
    return sketch.model(sketch.add("Cast", y, to=DOUBLE), DOUBLE) if side == "out" else sketch.model(y)


def infinite_half() -> ModelProto:
    sketch = Sketch(kind=HALF)
    large = sketch.constant(300, np.float16)
    return sketch.model(sketch.add("Mul", sketch.add("Mul", "x", large), large), HALF)


def undeclared() -> ModelProto:
    sketch = Sketch(None)
    return sketch.model(painter(sketch, "x", 0, 255), shape=None)


def swapping() -> ModelProto:
    sketch = Sketch()
    backwards = sketch.constant([2, 1, 0], np.int64)
    return sketch.model(sketch.add("Gather", painter(sketch, "x", 0, 255), backwards, axis=1))


def one_at_a_time() -> ModelProto:
    """Declares one picture per call and would take more."""
    sketch = Sketch([1, 3, "H", "W"])
    return sketch.model(painter(sketch, "x", 0, 255))


def custom_operator() -> ModelProto:
    sketch = Sketch()
    model = sketch.model(sketch.add("Relu", "x"))
    model.graph.node[0].domain, model.graph.node[0].op_type = "maker.example", "Paint"
    model.opset_import.append(helper.make_opsetid("maker.example", 1))
    return model


def external() -> ModelProto:
    model = planes_painter(0, 255)
    tensor = model.graph.initializer[0]
    set_external_data(tensor, "weights.bin")
    tensor.ClearField("raw_data")
    return model


def broken_wiring() -> ModelProto:
    sketch = Sketch()
    return sketch.model(sketch.add("Add", "x", "nowhere"))


def impossible() -> ModelProto:
    sketch = Sketch()
    return sketch.model(sketch.add("Reshape", "x", sketch.constant([7, 11, 13, 17], np.int64)))
