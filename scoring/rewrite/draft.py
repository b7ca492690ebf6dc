"""A copy of an ONNX graph under rewriting: who makes and takes a tensor, new nodes in place of old ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, helper, numpy_helper

from scoring.check.graph import constants, opset_of

_PREFIX = "rewritten/"
_CONSTANT_WEIGHTS_IR = 4  # from this version on weights that are no graph inputs are constants


class Draft:
    """A copy of a model; `model` is valid between two rewrites, the original is never touched."""

    def __init__(self, model: ModelProto) -> None:
        self.model = ModelProto()
        self.model.CopyFrom(model)
        self.opset = opset_of(model)
        self.known = constants(model.graph)  # weights and constants by tensor name
        self._fresh: list[NodeProto] = []
        self._names = {name for node in model.graph.node for name in node.output} | self.known.keys()
        self._weights_are_constants()

    def _weights_are_constants(self) -> None:
        """Weights that callers could replace would keep onnxruntime from preparing them for its kernels."""
        graph = self.model.graph
        weights = {tensor.name for tensor in graph.initializer}
        inputs = [value for value in graph.input if value.name not in weights]
        del graph.input[:]
        graph.input.extend(inputs)
        self.model.ir_version = max(self.model.ir_version, _CONSTANT_WEIGHTS_IR)

    @property
    def nodes(self) -> list[NodeProto]:
        """The graph's nodes as they are now."""
        return list(self.model.graph.node)

    @property
    def has_subgraphs(self) -> bool:
        """Whether nodes hold graphs or functions, which may use any tensor without being its consumer."""
        return bool(self.model.functions) or any(
            attribute.HasField("g") or attribute.graphs
            for node in self.model.graph.node
            for attribute in node.attribute
        )

    def maker(self, tensor: str) -> NodeProto | None:
        """The node that gives `tensor`; None for inputs and weights."""
        return next((node for node in self.model.graph.node if tensor in node.output), None)

    def taker(self, tensor: str) -> NodeProto | None:
        """The only node that takes `tensor`; None where there are several, or it is given out as well."""
        if any(value.name == tensor for value in self.model.graph.output):
            return None
        takers = [node for node in self.model.graph.node if tensor in node.input]
        return takers[0] if len(takers) == 1 else None

    def constant(self, values: Any, dtype: Any = np.float32) -> str:
        """The name of a new weight of the graph."""
        name = self._name("c")
        tensor = numpy_helper.from_array(np.ascontiguousarray(values, dtype), name)
        self.model.graph.initializer.append(tensor)
        self.known[name] = numpy_helper.to_array(tensor)
        return name

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:
        """A new node with one output, whose name is returned; it enters the graph at `put`."""
        name = self._name("t")
        self._fresh.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def put(self, result: str, in_place_of: Iterable[NodeProto]) -> None:
        """Put the added nodes where the last of `in_place_of` was, whose output becomes `result`'s.

        The old nodes and the weights that nobody takes any more are gone.
        """
        old = list(in_place_of)
        taken = {name for node in old for name in node.output}
        last = old[-1].output[0]
        for node in self._fresh:
            node.output[:] = [last if name == result else name for name in node.output]
        nodes: list[NodeProto] = []
        for node in self.nodes:
            if node.output and node.output[0] == last:
                nodes.extend(self._fresh)
            elif not set(node.output) & taken:
                nodes.append(node)
        graph = self.model.graph
        del graph.node[:], graph.value_info[:]
        graph.node.extend(nodes)
        self._fresh = []
        used = {name for node in nodes for name in node.input} | {value.name for value in graph.output}
        kept = [tensor for tensor in graph.initializer if tensor.name in used]
        del graph.initializer[:]
        graph.initializer.extend(kept)

    def _name(self, kind: str) -> str:
        number = len(self._names)
        while f"{_PREFIX}{kind}{number}" in self._names:
            number += 1
        self._names.add(f"{_PREFIX}{kind}{number}")
        return f"{_PREFIX}{kind}{number}"
