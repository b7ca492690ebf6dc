"""The range of a model's inner values on pictures, by which the levels of an int8 one are chosen."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray

SHARES = {"minmax": 0.0, "99.999 %": 1e-5, "99.99 %": 1e-4}
"""How much of what a layer gives may lie beyond its levels, at either end. Less leaves finer levels for the
rest, but what is cut off shows; which is best differs between styles.
"""

Ranges = Mapping[str, tuple[float, float]]
"""Lowest and highest value by name of the tensor."""

Tail = NDArray[np.float32]
"""The extreme values at one end, all that the largest of SHARES can ask for."""


def ranges_on(
    model: Path, tensors: Sequence[str], pictures: Sequence[NDArray[np.uint8]], shares: Sequence[str]
) -> dict[str, Ranges]:
    """The ranges of float tensors by name in SHARES, over all the pictures, (1, H, W, 3) uint8 each.

    Raises onnxruntime's errors for a name that the model lacks.
    """
    watched = onnx.load(model)
    watched.graph.output.extend(onnx.ValueInfoProto(name=name) for name in tensors)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(watched.SerializeToString(), options, providers=["CPUExecutionProvider"])
    lows: dict[str, list[Tail]] = {name: [] for name in tensors}
    highs: dict[str, list[Tail]] = {name: [] for name in tensors}
    counted = dict.fromkeys(tensors, 0)
    for picture in pictures:
        found = session.run(list(tensors), {"frames": picture})
        for name, result in zip(tensors, found, strict=True):
            values = np.asarray(result, np.float32).reshape(-1)
            kept = 1 + math.ceil(max(SHARES.values()) * values.size * len(pictures))
            kept = min(kept, values.size - 1)
            lows[name].append(np.partition(values, kept)[:kept])
            highs[name].append(np.partition(values, -kept)[-kept:])
            counted[name] += values.size
    low = {name: np.sort(np.concatenate(tails)) for name, tails in lows.items()}
    high = {name: np.sort(np.concatenate(tails)) for name, tails in highs.items()}

    def range_of(name: str, share: float) -> tuple[float, float]:
        beyond = int(share * counted[name])
        return float(low[name][beyond]), float(high[name][-1 - beyond])

    return {wanted: {name: range_of(name, SHARES[wanted]) for name in tensors} for wanted in shares}
