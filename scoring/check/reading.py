"""The bytes of an ONNX file as a model, or why they are none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import onnx
from google.protobuf.message import Message
from onnx import ModelProto

from scoring.check.verdict import Refused

_GRAPH_FIELD = 7  # of ModelProto in onnx.proto
_MODEL_FIELDS = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26})  # those that ModelProto has


def parse_model(data: bytes) -> ModelProto:
    """Return the model in `data`.

    Raises Refused: `truncated`, `not-onnx`, or `external-data` when tensors lie in other files, which no
    sha256 of this one vouches for.
    """
    try:
        model = onnx.load_model_from_string(data)
    except MemoryError:
        raise
    except Exception as error:
        if _ends_inside_a_model(data):
            raise Refused(
                "truncated",
                f"it is not a readable ONNX file: it ends in the middle, after {len(data)} bytes",
                "Copy or download the file again",
            ) from None
        text = " ".join(str(error).split())[:300]
        raise Refused(
            "not-onnx",
            f"it is not a readable ONNX file: {text}",
            "Give an .onnx file; checkpoints (.pth) of fast neural style: reelbrush import-style",
        ) from None
    if not model.HasField("graph") or not model.graph.output:
        raise Refused(
            "truncated" if model.ir_version else "not-onnx",
            "it is not a readable ONNX file: there is no graph in it",
            "Copy or export the file again",
        )
    external = next(_external_tensors(model), None)
    if external is not None:
        raise Refused(
            "external-data",
            f"it keeps its tensor {external[:80]!r} in another file",
            "Save the model as one file: onnx.save(onnx.load(path), path)",
        )
    return model


def _external_tensors(message: Message) -> Iterator[str]:
    """The names of all tensors below `message`, also inside attributes and functions, with external data."""
    if isinstance(message, onnx.TensorProto):
        if message.data_location == onnx.TensorProto.EXTERNAL or message.external_data:
            yield message.name
        return
    for descriptor, value in message.ListFields():
        if descriptor.message_type is not None:
            for inner in value if isinstance(value, Sequence) else (value,):
                yield from _external_tensors(inner)


def _ends_inside_a_model(data: bytes) -> bool:
    """Whether the fields on `data`'s top level are a ModelProto's up to one that claims more than is left."""
    position, seen = 0, set[int]()
    while position < len(data):
        key, position = _varint(data, position)
        if key >> 3 not in _MODEL_FIELDS or key & 7 not in (0, 2):
            return False
        seen.add(key >> 3)
        length, position = _varint(data, position)
        if key & 7 == 2:
            position += length
    return position > len(data) and {1, _GRAPH_FIELD} <= seen


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """The number at `position` in protobuf's base-128 coding, and the position after it."""
    value = shift = 0
    while position < len(data) and shift < 64:
        byte = data[position]
        value |= (byte & 127) << shift
        position, shift = position + 1, shift + 7
        if byte < 128:
            return value, position
    return value, len(data) + 1
