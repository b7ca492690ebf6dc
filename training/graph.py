"""Building an ONNX graph node by node: every tensor has the name of the node that gives it."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import helper, numpy_helper

Array = NDArray[np.float64]


class Graph:
    """Nodes and constants in the order in which they were added."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def constant(self, name: str, values: ArrayLike, dtype: type[np.generic]) -> str:
        """Add a constant of that type and return its name."""
        self.weights.append(numpy_helper.from_array(np.array(values, dtype, order="C"), name))
        return name

    def floats(self, name: str, values: Array | float) -> str:
        """Add a constant of 32 bit floats and return its name."""
        return self.constant(name, values, np.float32)

    def integers(self, name: str, *values: int) -> str:
        """Add a list of 64 bit integers and return its name."""
        return self.constant(name, values, np.int64)

    def scalar(self, name: str, value: int) -> str:
        """Add one 64 bit integer, without dimensions, and return its name."""
        return self.constant(name, value, np.int64)

    def node(self, operator: str, name: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output, of the same name, which is returned."""
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return name

    def conv(self, name: str, x: str, weight: Array, bias: Array, stride: int = 1, pad: int = 0) -> str:
        """Add a convolution with its weight (O, I, kH, kW) and bias (O); stride and pad for both axes."""
        return self.node(
            "Conv",
            name,
            x,
            self.floats(f"{name}.weight", weight),
            self.floats(f"{name}.bias", bias),
            kernel_shape=list(weight.shape[2:]),
            strides=[stride] * 2,
            pads=[pad] * 4,
        )
