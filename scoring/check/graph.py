"""What can be read off a graph without running it, and what forbids running it at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from scoring.check.verdict import Refused

_OWN_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft", "com.microsoft.nchwc"})
_STATISTICS = frozenset(
    {
        "InstanceNormalization",
        "GroupNormalization",
        "MeanVarianceNormalization",
        "LayerNormalization",
        "LpNormalization",
        "GlobalAveragePool",
        "GlobalMaxPool",
        "ReduceMean",
        "ReduceSum",
        "ReduceL2",
        "ReduceMax",
        "ReduceMin",
        "ReduceSumSquare",
    }
)
_LICENSE_KEYS = frozenset({"license", "licence", "model_license", "license_name"})
_MEANS = (103.939, 116.779, 123.68)  # of ImageNet: blue, green, red


@dataclass(frozen=True)
class TensorFacts:
    """A graph's input or output as declared: ONNX type name, and per axis its length or None when free."""

    name: str
    dtype: str
    shape: tuple[int | None, ...] | None  # None: not declared


@dataclass(frozen=True)
class GraphFacts:
    """What a graph says about itself."""

    inputs: tuple[TensorFacts, ...]
    outputs: tuple[TensorFacts, ...]
    opset: int
    statistics: tuple[str, ...]  # operators that may look at the whole picture
    license: str
    order: str | None  # RGB or BGR, where the graph or its metadata tell
    order_because: str


def graph_facts(model: ModelProto) -> GraphFacts:
    """Read `model`; nothing is run."""
    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer}
    operators = {node.op_type for node in all_nodes(model)}
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    order, because = _channel_order(model, metadata)
    return GraphFacts(
        inputs=tuple(_tensor(value) for value in graph.input if value.name not in weights),
        outputs=tuple(_tensor(value) for value in graph.output),
        opset=opset_of(model),
        statistics=tuple(sorted(operators & _STATISTICS)),
        license=_line(next((v for k, v in metadata.items() if k.lower() in _LICENSE_KEYS), "")),
        order=order,
        order_because=because,
    )


def _line(text: str) -> str:
    """At most 200 characters without line ends and control characters: it goes into cards and terminals."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())[:200]


def opset_of(model: ModelProto) -> int:
    """The version of ONNX's own operators that the model was written for."""
    return next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 1)


def refuse_unknown_operators(model: ModelProto) -> None:
    """Raise Refused (`opset`, `custom-operators`) where no onnxruntime could run the model.

    This is cheap and needs no runtime: it is the first thing asked of every model before it is loaded.
    """
    newest = onnx.defs.onnx_opset_version()
    if opset_of(model) > newest:
        raise Refused(
            "opset",
            f"it is written for opset {opset_of(model)}, the newest that exists here is {newest}",
            "Export it with an older opset; 17 runs everywhere",
        )
    defined = {(function.domain, function.name) for function in model.functions}
    foreign = sorted(
        {
            f"{node.domain}.{node.op_type}"
            for node in all_nodes(model)
            if node.domain not in _OWN_DOMAINS and (node.domain, node.op_type) not in defined
        }
    )
    if foreign:
        raise Refused(
            "custom-operators",
            f"it needs operators that are not ONNX's: {', '.join(foreign)[:200]}",
            "Export it with standard operators only",
        )


def all_nodes(model: ModelProto) -> Iterator[NodeProto]:
    """Every node of the model: its graph, the branches inside, and its functions."""
    yield from _nodes(model.graph)
    for function in model.functions:
        yield from function.node


def _nodes(graph: GraphProto) -> Iterator[NodeProto]:
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                yield from _nodes(inner)


def constants(graph: GraphProto) -> dict[str, np.ndarray[Any, Any]]:
    """The graph's weights and Constant nodes, by tensor name."""
    found = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute:
            value: Any = helper.get_attribute_value(node.attribute[0])
            if isinstance(value, TensorProto):
                found[node.output[0]] = numpy_helper.to_array(value)
            elif not isinstance(value, bytes | onnx.SparseTensorProto):
                found[node.output[0]] = np.asarray(value)
    return found


def attribute(node: NodeProto, name: str, default: Any = None) -> Any:
    """The value of a node's attribute, `default` when it has none of that name."""
    return next((helper.get_attribute_value(a) for a in node.attribute if a.name == name), default)


def _tensor(value: ValueInfoProto) -> TensorFacts:
    kind = value.type.tensor_type
    dtype = TensorProto.DataType.Name(kind.elem_type) if value.type.HasField("tensor_type") else "no tensor"
    if not kind.HasField("shape"):
        return TensorFacts(value.name, dtype, None)
    lengths = tuple(d.dim_value if d.dim_value > 0 else None for d in kind.shape.dim)
    return TensorFacts(value.name, dtype, lengths)


def _channel_order(model: ModelProto, metadata: dict[str, str]) -> tuple[str | None, str]:
    """The order that ImageNet's means have in the graph, else the one that the metadata name."""
    small = [array for array in constants(model.graph).values() if array.size == 3]
    for node in model.graph.node:
        small += [np.asarray(a.floats) for a in node.attribute if len(a.floats) == 3]
    for array in small:
        values = np.abs(array.astype(np.float64).reshape(-1))
        if values.max() < 2:
            values = values * 255
        for order, means in (("BGR", _MEANS), ("RGB", _MEANS[::-1])):
            if np.allclose(values, means, atol=0.6):
                written = ", ".join(f"{value:g}" for value in array.reshape(-1))
                return order, f"it holds ImageNet's means as {written}"
    named = metadata.get("Image.BitmapPixelFormat", "").lower()
    for order in ("BGR", "RGB"):
        if named.startswith(order.lower()):
            return order, f"its metadata say {metadata['Image.BitmapPixelFormat']}"
    return None, ""
