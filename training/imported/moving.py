"""Where channels end up behind operators that only move values: found by moving the channels' numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

_SIDE = 6  # px of the picture that is moved: enough for cuts of a few pixels


def channels_behind(
    nodes: Sequence[NodeProto], known: Mapping[str, NDArray[Any]], channels: int
) -> NDArray[np.int64] | None:
    """Return (channels,): the last node's channel in which each of the first one's channels is found.

    `nodes` take each other's output; `known` are the graph's weights by name. None where a channel is found
    in several, in none, or where the nodes need more than their own weights.
    """
    if not nodes:
        return np.arange(channels)
    needed = {name for node in nodes for name in node.input[1:] if name}
    if not needed <= known.keys():
        return None
    weights = [numpy_helper.from_array(np.ascontiguousarray(known[name]), name) for name in sorted(needed)]
    given = helper.make_tensor_value_info(nodes[0].input[0], TensorProto.FLOAT, None)
    wanted = helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, None)
    graph = helper.make_graph(list(nodes), "moving", [given], [wanted], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    picture = np.broadcast_to(
        np.arange(channels, dtype=np.float32)[None, :, None, None], (1, channels, _SIDE, _SIDE)
    )
    try:
        session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        (moved,) = session.run(None, {nodes[0].input[0]: np.ascontiguousarray(picture)})
    except Exception:  # onnxruntime's errors share no base class
        return None
    places = np.full(channels, -1)
    for place, plane in enumerate(np.asarray(moved)[0]):
        for channel in np.unique(plane).astype(int):
            if places[channel] not in (-1, place):
                return None
            places[channel] = place
    return None if (places < 0).any() else places
