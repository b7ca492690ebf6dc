"""Any image-to-image ONNX graph as one that takes and gives (N, H, W, 3) uint8 RGB frames."""

from __future__ import annotations

from dataclasses import dataclass

from onnx import GraphProto, ModelProto, TensorProto, ValueInfoProto, compose, helper

from reelbrush.errors import StyleError
from scoring.contract import DTYPES, Contract
from scoring.edges import FRAME_SIZE, FRAMES, MIN_OPSET, STYLIZED, Edge, input_edge, output_edge

_ELEMENT_NAMES: dict[int, str] = {
    TensorProto.UINT8: "uint8",
    TensorProto.FLOAT16: "float16",
    TensorProto.FLOAT: "float32",
}
MODEL_PREFIX = "model/"  # of all names of the wrapped model, so that they never meet the edges' names
_MIN_IR = 8  # weights need not be graph inputs from 4 on; 8 is read by every onnxruntime since 1.10


@dataclass(frozen=True)
class GraphChain:
    """Graphs to be run one after the other; each takes what earlier ones gave, by tensor name.

    The first takes `frames` (N, H, W, 3) uint8, the last gives `stylized` of the same shape and type. `raw`
    is the name of the model's own output in a chain of three, None when it stays inside a merged graph.
    """

    graphs: tuple[ModelProto, ...]
    frames_per_call: int | None  # N that the model was made for; None: any
    raw: str | None = None
    unchanged: bool = False  # the model alone, without edges


def wrap(model: ModelProto, contract: Contract, style: str, *, merge: bool = True) -> GraphChain:
    """Return `model` with its edges: one merged graph where possible, else three (or with `merge` False).

    A model that passes frames already is returned alone and unchanged. Graphs of an opset below 11 stay on
    their own, because the edges' operators need 11. Raises StyleError when the graph's inputs or outputs
    differ from the contract; `style` is for the message.
    """
    source, target = _edges_of(model.graph, contract, style)
    batch = _fixed_dimension(source, 0)
    gives_bytes = target.type.tensor_type.elem_type == TensorProto.UINT8
    if contract.passes_frames and gives_bytes and (contract.input, contract.output) == (FRAMES, STYLIZED):
        return GraphChain((model,), batch, unchanged=True)
    prefixed = compose.add_prefix(model, MODEL_PREFIX)
    model_input, model_output = MODEL_PREFIX + contract.input, MODEL_PREFIX + contract.output
    before, after = input_edge(contract, model_input), output_edge(contract, model_output)
    opset = next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 1)
    if merge and opset >= MIN_OPSET:
        return GraphChain((_merged(prefixed, before, after),), batch)
    first = _edge_model(
        before, [_value(FRAMES, TensorProto.UINT8)], [_like(source, model_input), _size_value()], "before"
    )
    last = _edge_model(
        after, [_like(target, model_output), _size_value()], [_value(STYLIZED, TensorProto.UINT8)], "after"
    )
    return GraphChain((first, prefixed, last), batch, raw=model_output)


def _edges_of(graph: GraphProto, contract: Contract, style: str) -> tuple[ValueInfoProto, ValueInfoProto]:
    """The graph's declared input and output that the contract names, proven to be what it says."""
    weights = {tensor.name for tensor in graph.initializer}
    inputs = {value.name: value for value in graph.input if value.name not in weights}
    outputs = {value.name: value for value in graph.output}
    problems: list[str] = []
    if set(inputs) != {contract.input}:
        problems.append(f"the model's inputs are {sorted(inputs)}, the card's input is {contract.input!r}")
    if contract.output not in outputs:
        problems.append(
            f"the model's outputs are {sorted(outputs)}, the card's output is {contract.output!r}"
        )
    if problems:
        raise _differs(style, problems)
    source, target = inputs[contract.input], outputs[contract.output]
    given = _ELEMENT_NAMES.get(source.type.tensor_type.elem_type, "another type")
    if given != contract.dtype:
        problems.append(f"the model takes {given}, the card's dtype is {contract.dtype}")
    if target.type.tensor_type.elem_type not in _ELEMENT_NAMES:
        problems.append(f"the model's output type is not one of {', '.join(DTYPES)}")
    channel_axis = 3 if contract.layout == "NHWC" else 1
    for what, value in (("input", source), ("output", target)):
        if not value.type.tensor_type.HasField("shape"):
            continue
        rank = len(value.type.tensor_type.shape.dim)
        if rank != 4:
            problems.append(f"the model's {what} has {rank} dimensions, images in batches have 4")
        elif _fixed_dimension(value, channel_axis) not in (None, 3):
            problems.append(f"axis {channel_axis} of the model's {what} is not 3 channels: is layout right?")
    if not problems and source.type.tensor_type.HasField("shape"):
        axes = (1, 2) if contract.layout == "NHWC" else (2, 3)
        sides = tuple(_fixed_dimension(source, axis) for axis in axes)
        wanted = contract.fixed_size or (None, None)
        if any(side not in (None, want) for side, want in zip(sides, wanted, strict=True)):
            problems.append(
                f"the model takes pictures of {list(sides)}, the card's fixed_size is {list(wanted)}"
            )
    if problems:
        raise _differs(style, problems)
    return source, target


def _differs(style: str, problems: list[str]) -> StyleError:
    return StyleError(
        f"style {style}: the model is not what its card says: {'; '.join(problems)}",
        advice="Change the contract in card.json to what the model has",
    )


def _fixed_dimension(value: ValueInfoProto, axis: int) -> int | None:
    dimensions = value.type.tensor_type.shape.dim
    if axis >= len(dimensions) or not dimensions[axis].HasField("dim_value"):
        return None
    return dimensions[axis].dim_value if dimensions[axis].dim_value > 0 else None


def _value(name: str, kind: int) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, ["N", "H", "W", 3])


def _like(value: ValueInfoProto, name: str) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, value.type.tensor_type.elem_type, [None] * 4)


def _size_value() -> ValueInfoProto:
    return helper.make_tensor_value_info(FRAME_SIZE, TensorProto.INT64, [2])


def _edge_model(
    edge: Edge, inputs: list[ValueInfoProto], outputs: list[ValueInfoProto], name: str
) -> ModelProto:
    graph = helper.make_graph(edge.nodes, name, inputs, outputs, edge.constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=_MIN_IR)


def _merged(model: ModelProto, before: Edge, after: Edge) -> ModelProto:
    merged = ModelProto()
    merged.CopyFrom(model)
    graph, own = merged.graph, list(model.graph.node)
    del graph.node[:], graph.input[:], graph.output[:]
    graph.node.extend([*before.nodes, *own, *after.nodes])
    graph.initializer.extend([*before.constants, *after.constants])
    graph.input.append(_value(FRAMES, TensorProto.UINT8))
    graph.output.append(_value(STYLIZED, TensorProto.UINT8))
    merged.ir_version = max(model.ir_version, _MIN_IR)
    return merged
