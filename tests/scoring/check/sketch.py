"""Small image-to-image graphs, put together node by node, and the painter that most of the zoo is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

FLOAT, HALF, BYTE, DOUBLE = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.UINT8, TensorProto.DOUBLE
PLANES = ["N", 3, "H", "W"]
PIXELS = ["N", "H", "W", 3]


class Sketch:
    """A graph from `x` to `y` under construction."""

    def __init__(self, shape: Sequence[str | int | None] | None = PLANES, kind: int = FLOAT) -> None:
        self.inputs = [helper.make_tensor_value_info("x", kind, shape)]
        self.nodes: list[Any] = []
        self.weights: list[TensorProto] = []

    def constant(self, values: Any, dtype: Any = np.float32) -> str:
        name = f"c{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def affine(self, x: str, gain: Any = 1.0, offset: Any = 0.0) -> str:
        return self.add("Add", self.add("Mul", x, self.constant(gain)), self.constant(offset))

    def conv(self, x: str, weight: np.ndarray, bias: Any = 0.0, **attributes: Any) -> str:
        shift = np.broadcast_to(np.asarray(bias, np.float32), (len(weight),))
        attributes.setdefault("pads", [weight.shape[2] // 2] * 4)
        return self.add("Conv", x, self.constant(weight), self.constant(shift), **attributes)

    def model(
        self,
        y: str | dict[str, int],
        kind: int = FLOAT,
        shape: Sequence[str | int | None] | None = (None,) * 4,
        opset: int = 17,
        metadata: dict[str, str] | None = None,
    ) -> ModelProto:
        outputs = {y: kind} if isinstance(y, str) else y
        graph = helper.make_graph(
            self.nodes,
            "sketch",
            self.inputs,
            [helper.make_tensor_value_info(name, one, shape) for name, one in outputs.items()],
            self.weights,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
        helper.set_model_props(model, metadata or {"license": "CC0-1.0"})
        return model


def soft(size: int = 3, mix: float = 0.15, outputs: int = 3) -> np.ndarray:
    """(outputs, 3, size, size) weights that blur and mix the channels a little; their sum per output is 1."""
    channels = np.full((outputs, 3), mix / 2)
    channels[np.arange(outputs), np.arange(outputs) % 3] = 1 - mix
    kernel = np.outer(np.hanning(size + 2)[1:-1], np.hanning(size + 2)[1:-1])
    return (channels[:, :, None, None] * kernel / kernel.sum()).astype(np.float32)


def painter(sketch: Sketch, x: str, low: float, high: float) -> str:
    """Planes in low..high to planes in about low..high: a convolution, a bend at the mid-tones, another."""
    width = high - low
    bent = sketch.add("Relu", sketch.conv(x, soft(), -low - 0.15 * width))
    return sketch.conv(bent, soft(), low + 0.1 * width)


def planes_painter(low: float, high: float, kind: int = FLOAT, **model: Any) -> ModelProto:
    """The painter as a model for planes of float32, or of `kind` with casts around."""
    sketch = Sketch(kind=kind)
    x = sketch.add("Cast", "x", to=FLOAT) if kind != FLOAT else "x"
    y = painter(sketch, x, low, high)
    return sketch.model(sketch.add("Cast", y, to=kind) if kind != FLOAT else y, kind=kind, **model)
