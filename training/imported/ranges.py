"""What the tensors of a model range over, seen on frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, helper

from scoring.contract import Contract
from scoring.session import StyleSession
from scoring.wrap import MODEL_PREFIX, wrap
from training.imported.qdq import Range

Frames = NDArray[np.uint8]  # (1, H, W, 3) RGB


def ranges_of(
    model: ModelProto,
    contract: Contract,
    names: Sequence[str],
    frames: Iterable[Frames],
    cut_off: float = 0.0,
) -> dict[str, Range]:
    """The range of each tensor of `names` over all `frames`.

    cut_off: share (0..1) of the values of a frame's channel that may lie above the range, and as much
    below; of many frames the widest range counts. One frame's tensors are held in memory at a time.
    Raises StyleError when the model breaks its contract.
    """
    told = ModelProto()
    told.CopyFrom(model)
    given = {value.name for value in model.graph.output}
    told.graph.output.extend(
        helper.make_empty_tensor_value_info(name) for name in dict.fromkeys(names) if name not in given
    )
    chain = wrap(told, contract, "calibration", merge=False)
    session = StyleSession(chain, "calibration", "cpu")
    prefix = "" if chain.unchanged else MODEL_PREFIX
    found: dict[str, Range] = {}
    for frame in frames:
        tensors = session.run(frame)
        for name in names:
            seen = _range(np.asarray(tensors[prefix + name]), cut_off)
            known = found.get(name, seen)
            found[name] = Range(np.minimum(known.low, seen.low), np.maximum(known.high, seen.high))
    return found


def _range(values: NDArray[np.float32], cut_off: float) -> Range:
    flat = values.swapaxes(0, 1).reshape(values.shape[1], -1)
    count, last = int(flat.shape[1] * cut_off), flat.shape[1] - 1
    if count == 0:
        return Range(flat.min(1), flat.max(1))
    ends = np.partition(flat, (count, last - count), axis=1)
    return Range(ends[:, count], ends[:, last - count])
