"""Reading a TransformerNet's checkpoint: names and shapes of pytorch/examples, fast_neural_style.

Widths, kernel sizes and the number of residual blocks are read from the shapes, so thin variants work too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.tensor_file import numbers_of, read_named

Numbers = NDArray[np.float32]

_PARALLEL = "module."  # torch.nn.DataParallel puts it before every name
_OLD_BUFFERS = ("running_mean", "running_var", "num_batches_tracked")
"""Kept by InstanceNorm until torch 0.4 and never used by it when painting."""


@dataclass(frozen=True)
class Convolution:
    """weight (O, I, k, k), bias (O,); k is odd."""

    weight: Numbers
    bias: Numbers


@dataclass(frozen=True)
class Norm:
    """The affine part of an instance norm: gain (C,) and offset (C,)."""

    gain: Numbers
    offset: Numbers


@dataclass(frozen=True)
class Layer:
    """A convolution and the norm behind it."""

    convolution: Convolution
    norm: Norm


@dataclass(frozen=True)
class TransformerWeights:
    """The whole network: three layers down, residual blocks, two layers up, the last convolution."""

    down: tuple[Layer, Layer, Layer]
    blocks: tuple[tuple[Layer, Layer], ...]
    up: tuple[Layer, Layer]
    last: Convolution


def read_checkpoint(path: Path) -> TransformerWeights:
    """Read a .pth or .model file; only tensors are unpickled, never code.

    Raises ValueError saying what is missing or of a wrong shape when it is another network.
    """
    state = {name.removeprefix(_PARALLEL): value for name, value in read_named(path).items()}
    names = {name for name in state if not name.endswith(_OLD_BUFFERS)}
    found = (re.match(r"res([0-9]{1,3})\.", name) for name in names)
    blocks = max((int(match[1]) for match in found if match), default=0)
    reader = _Reader(state)
    weights = TransformerWeights(
        down=(
            reader.layer("conv1", "in1", 3),
            reader.layer("conv2", "in2"),
            reader.layer("conv3", "in3"),
        ),
        blocks=tuple(
            (
                reader.layer(f"res{i}.conv1", f"res{i}.in1"),
                reader.layer(f"res{i}.conv2", f"res{i}.in2"),
            )
            for i in range(1, blocks + 1)
        ),
        up=(reader.layer("deconv1", "in4"), reader.layer("deconv2", "in5")),
        last=reader.convolution("deconv3"),
    )
    left = sorted(names - reader.used)
    if left:
        raise ValueError(f"it holds more than a TransformerNet: {', '.join(left[:4])}")
    if len(weights.last.weight) != 3:
        raise ValueError(f"deconv3 gives {len(weights.last.weight)} channels, pictures have 3")
    return weights


class _Reader:
    """Takes tensors out of a state dict and follows the number of channels from layer to layer."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        self._state = state
        self._channels = 0
        self.used: set[str] = set()

    def layer(self, convolution: str, norm: str, channels: int | None = None) -> Layer:
        if channels is not None:
            self._channels = channels
        found = self.convolution(convolution)
        sides = Norm(self._tensor(f"{norm}.weight", 1), self._tensor(f"{norm}.bias", 1))
        if not len(sides.gain) == len(sides.offset) == self._channels:
            raise ValueError(f"{norm} has {len(sides.gain)} channels, {convolution} {self._channels}")
        return Layer(found, sides)

    def convolution(self, name: str) -> Convolution:
        weight = self._tensor(f"{name}.conv2d.weight", 4)
        bias = self._tensor(f"{name}.conv2d.bias", 1)
        outputs, inputs, height, width = weight.shape
        if inputs != self._channels or len(bias) != outputs or height != width or height % 2 == 0:
            raise ValueError(
                f"{name} has weights {tuple(weight.shape)} behind {self._channels} channels: another network"
            )
        self._channels = outputs
        return Convolution(weight, bias)

    def _tensor(self, name: str, axes: int) -> Numbers:
        value = self._state.get(name)
        if getattr(value, "ndim", None) != axes:
            raise ValueError(f"it is no TransformerNet of fast neural style: {name} is missing in it")
        self.used.add(name)
        numbers = numbers_of(name, value)
        if not np.isfinite(numbers).all():
            raise ValueError(f"{name} holds NaN or infinity")
        return numbers
