"""The weights of an exported style, read back into a network to go on training from.

The export folds scales and gains into the weights and turns a convolution after doubling into one before a
pixel shuffle; all of that can be undone exactly, up to rounding.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import nn

from scoring.check.reading import parse_model
from training.net import INPUT_CENTRE, INPUT_GAIN, OUTPUT_CENTRE, NetShape, ResidualBlock, StyleNet

Array = NDArray[np.float64]


def read_style_net(model: Path) -> StyleNet:
    """The network of a style that this package exported.

    Raises FileNotFoundError when there is no such file, and ValueError when it is no such style.
    """
    if not model.is_file():
        raise FileNotFoundError(f"there is no style to start from at {model}")
    try:
        graph = parse_model(model.read_bytes()).graph
        found = {item.name: numpy_helper.to_array(item).astype(np.float64) for item in graph.initializer}
        return _net(found)
    except Exception as error:
        raise ValueError(f"{model} is not a style that `reelbrush train` has made: {error}") from None


def is_style_net(model: Path) -> bool:
    """Whether the file, if there is one, is a style that this package exported."""
    try:
        read_style_net(model)
    except ValueError:
        return False
    except FileNotFoundError:
        pass  # whoever needs it says so
    return True


def _net(found: dict[str, Array]) -> StyleNet:
    blocks = sum(name.startswith("block") and name.endswith("first.weight") for name in found)
    stem, body = found["down.weight"].shape[1], found["down.weight"].shape[0]
    net = StyleNet(NetShape(stem, body, blocks, found["up.weight"].shape[0] // 4))
    weight = found["stem.weight"] * 255 / INPUT_GAIN
    bias = found["stem.bias"] + INPUT_CENTRE * INPUT_GAIN * weight.sum((1, 2, 3))
    _put(net.stem, weight, bias)
    _put(net.down, found["down.weight"], found["down.bias"])
    for index, module in enumerate(net.blocks):
        assert isinstance(module, ResidualBlock)
        gain = float(module.gain.detach())
        _put(module.first, found[f"block{index}.first.weight"], found[f"block{index}.first.bias"])
        weight, bias = found[f"block{index}.second.weight"], found[f"block{index}.second.bias"]
        _put(module.second, weight / gain, bias / gain)
    _put(net.up, *_before_doubling(found["up.weight"], found["up.bias"]))
    weight, bias = _before_doubling(found["paint.weight"], found["paint.bias"])
    _put(net.paint, weight / 255, (bias - 0.5) / 255 - OUTPUT_CENTRE)
    return net


def _before_doubling(weight: Array, bias: Array) -> tuple[Array, Array]:
    """Undo `training.export`'s folding: (4 * O, I, 3, 3) -> (O, I, 3, 3).

    Along one axis the upper sub-pixel sees taps (w0, w1 + w2, 0), the lower one (0, w0 + w1, w2).
    """
    outputs = weight.shape[0] // 4
    upper_left, upper_right, lower_left, lower_right = weight.reshape(4, outputs, *weight.shape[1:])

    def along(axis: int, first: Array, second: Array) -> Array:
        near, middle = (np.take(first, tap, axis) for tap in (0, 1))
        far = np.take(second, 2, axis)
        return np.stack([near, middle - far, far], axis)

    upper, lower = along(3, upper_left, upper_right), along(3, lower_left, lower_right)
    return along(2, upper, lower), bias[:outputs]


def _put(conv: nn.Conv2d, weight: Array, bias: Array) -> None:
    if weight.shape != tuple(conv.weight.shape) or conv.bias is None:
        raise ValueError(f"a convolution has the shape {weight.shape}, not {tuple(conv.weight.shape)}")
    conv.weight.data.copy_(torch.from_numpy(weight))
    conv.bias.data.copy_(torch.from_numpy(bias))
