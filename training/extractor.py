"""SqueezeNet 1.1 as a judge of pictures: its feature maps say how a picture is painted and what it shows.

The weights come from a file that the user names, an ONNX SqueezeNet 1.1 (2.5 MB): the convolutions are
taken in graph order, so any export of that network fits. No torchvision, no download.
"""

from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional as F

CAFFE_MEAN_RGB = (123.68, 116.779, 103.939)
"""ImageNet mean in 0..255; the network takes BGR minus this, undivided (it then names pictures rightly)."""

SQUEEZE_CHANNELS = (16, 16, 32, 32, 48, 48, 64, 64)
"""Width of the squeeze layer of fire2..fire9 (arXiv 1602.07360, table 1); the two expand layers have 4
times that each.
"""

FIRES_BEFORE_POOLING = (2, 4)
"""The network halves its resolution after this many fire modules."""


class FeatureMaps(NamedTuple):
    """Feature maps after ReLU, from fine to coarse; each (N, C, h, w)."""

    conv1: Tensor
    fires: tuple[Tensor, ...]

    def style(self) -> tuple[Tensor, ...]:
        """The maps whose correlations describe how something is painted."""
        return (self.conv1, *self.fires[:4], self.fires[5])

    def content(self) -> Tensor:
        """The map that describes what is shown, at an eighth of the resolution."""
        return self.fires[2]


class SqueezeNet(nn.Module):
    """The feature part of SqueezeNet 1.1, frozen."""

    def __init__(self) -> None:
        super().__init__()
        convolutions = [nn.Conv2d(3, 64, 3, stride=2)]
        incoming = 64
        for squeeze in SQUEEZE_CHANNELS:
            expand = 4 * squeeze
            convolutions += [
                nn.Conv2d(incoming, squeeze, 1),
                nn.Conv2d(squeeze, expand, 1),
                nn.Conv2d(squeeze, expand, 3, padding=1),
            ]
            incoming = 2 * expand
        self.convolutions = nn.ModuleList(convolutions)
        self.register_buffer("mean", torch.tensor(CAFFE_MEAN_RGB).view(1, 3, 1, 1))
        self.eval().requires_grad_(False)

    @classmethod
    def from_onnx(cls, path: Path) -> "SqueezeNet":
        """Read the weights of an ONNX SqueezeNet 1.1.

        Raises FileNotFoundError when the file is missing and ValueError when its convolutions do not have
        the shapes of SqueezeNet 1.1.
        """
        if not path.is_file():
            raise FileNotFoundError(
                f"no feature extractor at {path}: give an ONNX file of SqueezeNet 1.1 with --extractor"
            )
        graph = onnx.load(path).graph
        arrays = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
        found = [node for node in graph.node if node.op_type == "Conv"]
        network = cls()
        if len(found) < len(network.convolutions):
            raise ValueError(
                f"{path}: {len(found)} convolutions, SqueezeNet 1.1 has {len(network.convolutions)}"
            )
        for module, node in zip(network.convolutions, found, strict=False):
            conv = cast(nn.Conv2d, module)
            weight = torch.from_numpy(arrays[node.input[1]].astype(np.float32))
            bias = torch.from_numpy(arrays[node.input[2]].astype(np.float32).ravel())
            given, wanted = tuple(weight.shape), tuple(conv.weight.shape)
            if given != wanted:
                raise ValueError(f"{path}: convolution {node.name} is {given}, SqueezeNet 1.1 has {wanted}")
            conv.weight.data.copy_(weight)
            cast(Tensor, conv.bias).data.copy_(bias)
        return network

    def forward(self, pictures: Tensor) -> FeatureMaps:
        """(N, 3, H, W) RGB in 0..1, H and W at least 32 -> maps up to fire7, in the weights' type."""
        x = (pictures * 255 - cast(Tensor, self.mean)).flip(1)
        first = cast(nn.Conv2d, self.convolutions[0])
        conv1 = F.relu(first(x.to(first.weight.dtype)))
        x = F.max_pool2d(conv1, 3, 2)
        fires: list[Tensor] = []
        for index in range(6):
            if index in FIRES_BEFORE_POOLING:
                x = F.max_pool2d(x, 3, 2)
            x = self._fire(x, 1 + 3 * index)
            fires.append(x)
        return FeatureMaps(conv1, tuple(fires))

    def _fire(self, x: Tensor, first: int) -> Tensor:
        squeezed = F.relu(self.convolutions[first](x))
        narrow, wide = self.convolutions[first + 1](squeezed), self.convolutions[first + 2](squeezed)
        return F.relu(torch.cat([narrow, wide], dim=1))
