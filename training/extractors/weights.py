"""The convolutions of a weights file, in the order in which the network computes them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import numpy_helper

from scoring.check.reading import parse_model
from scoring.check.verdict import Refused
from training.extractors.caffemodel import caffe_convolutions
from training.tensor_file import numbers_of, read_named

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Convolution:
    """name: as the file has it. weight: (out, in, height, width); bias: (out,), zeros when it has none."""

    name: str
    weight: Floats
    bias: Floats

    @property
    def shape(self) -> tuple[int, ...]:
        """(out, in, height, width)."""
        return tuple(self.weight.shape)


def read_convolutions(path: Path) -> list[Convolution]:
    """Read an `.onnx` file, a torch state dict (`.pth`, `.pt`) or a `.caffemodel`; the suffix decides.

    Torch files are read without running anything in them. Raises FileNotFoundError when there is no file and
    ValueError, naming it, when it is of another kind, damaged, or has batch normalisation between its
    convolutions.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no feature extractor at {path}")
    readers = {".onnx": _from_onnx, ".pth": _from_torch, ".pt": _from_torch, ".caffemodel": _from_caffe}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise ValueError(f"{path}: feature extractors are read from {', '.join(readers)} files")
    try:
        return list(reader(path))
    except MemoryError:
        raise
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    except Exception as error:  # a file can be broken in more ways than can be listed
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(f"{path} cannot be read as {path.suffix}: {reason[:200]}") from None


def _from_onnx(path: Path) -> Iterator[Convolution]:
    try:
        graph = parse_model(path.read_bytes()).graph
    except Refused as refusal:
        raise ValueError(str(refusal)) from None
    arrays = {item.name: item for item in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant":
            arrays.update((node.output[0], item.t) for item in node.attribute if item.name == "value")
        if node.op_type == "BatchNormalization":
            raise ValueError("networks with batch normalisation are not supported: take one without")
        if node.op_type == "Conv":
            weight, *bias = (numpy_helper.to_array(arrays[name]) for name in node.input[1:])
            yield _convolution(node.input[1], weight, bias[0] if bias else None)


def _from_torch(path: Path) -> Iterator[Convolution]:
    state = read_named(path)
    if any(name.endswith("running_mean") for name in state):
        raise ValueError("networks with batch normalisation are not supported: take one without")
    for name, values in state.items():
        stem = name.removesuffix(".weight")
        # Auxiliary heads lie behind the maps of a distilled network, not between them.
        if stem == name or getattr(values, "ndim", 0) != 4 or stem.endswith("_aux"):
            continue
        bias = state.get(f"{stem}.bias")
        yield _convolution(
            name, numbers_of(name, values), None if bias is None else numbers_of(f"{stem}.bias", bias)
        )


def _from_caffe(path: Path) -> Iterator[Convolution]:
    for name, weight, bias in caffe_convolutions(path):
        yield _convolution(name, weight, bias)


def _convolution(name: str, weight: NDArray[Any], bias: NDArray[Any] | None) -> Convolution:
    weight = np.array(weight, np.float32)
    bias = np.zeros(len(weight), np.float32) if bias is None else np.array(bias, np.float32).ravel()
    if weight.ndim != 4 or len(bias) != len(weight):
        raise ValueError(f"convolution {name} has weights {weight.shape} and biases {bias.shape}")
    return Convolution(name, weight, bias)
