"""The reference's network in torch: TransformerNet of pytorch/examples, fast_neural_style, written anew.

Layers and names as in its checkpoints, so that published weights load. Without any, `random_network` makes
the same random weights on every call, whose pictures have texture: what x264 pays depends on that.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

WIDTHS = (32, 64, 128)
BLOCKS = 5
MEAN, SPREAD = 128.0, 55.0
"""Of every channel of a random network's picture, 0..255: as of a photograph."""

_BLUR = 1.5  # px, of the last kernels; without it a random network paints white noise


class _Reflected(nn.Module):
    """A convolution behind reflection, behind doubling if wished."""

    def __init__(self, inputs: int, outputs: int, side: int, stride: int = 1, double: bool = False) -> None:
        super().__init__()
        self.double = double
        self.conv2d = nn.Conv2d(inputs, outputs, side, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.double:
            x = functional.interpolate(x, scale_factor=2, mode="nearest")
        return self.conv2d(functional.pad(x, [self.conv2d.kernel_size[0] // 2] * 4, mode="reflect"))


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = _Reflected(width, width, 3), _Reflected(width, width, 3)
        self.in1, self.in2 = (nn.InstanceNorm2d(width, affine=True) for _ in range(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.in2(self.conv2(torch.relu(self.in1(self.conv1(x))))) + x


class TransformerNet(nn.Module):
    """(N, 3, H, W) float32 RGB 0..255 -> the same; sides are rounded up to a multiple of 4."""

    def __init__(self) -> None:
        super().__init__()
        narrow, middle, wide = WIDTHS
        self.conv1, self.in1 = _Reflected(3, narrow, 9), nn.InstanceNorm2d(narrow, affine=True)
        self.conv2, self.in2 = _Reflected(narrow, middle, 3, 2), nn.InstanceNorm2d(middle, affine=True)
        self.conv3, self.in3 = _Reflected(middle, wide, 3, 2), nn.InstanceNorm2d(wide, affine=True)
        for index in range(1, BLOCKS + 1):
            setattr(self, f"res{index}", _Block(wide))
        self.deconv1, self.in4 = (
            _Reflected(wide, middle, 3, double=True),
            nn.InstanceNorm2d(middle, affine=True),
        )
        self.deconv2, self.in5 = (
            _Reflected(middle, narrow, 3, double=True),
            nn.InstanceNorm2d(narrow, affine=True),
        )
        self.deconv3 = _Reflected(narrow, 3, 9)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Paint."""
        for number in (1, 2, 3):
            x = torch.relu(getattr(self, f"in{number}")(getattr(self, f"conv{number}")(x)))
        for index in range(1, BLOCKS + 1):
            x = getattr(self, f"res{index}")(x)
        x = torch.relu(self.in4(self.deconv1(x)))
        return self.deconv3(torch.relu(self.in5(self.deconv2(x))))


def random_network(picture: NDArray[np.uint8]) -> TransformerNet:
    """Return a network of random but fixed weights, its output scaled on `picture` (H, W, 3) RGB."""
    torch.manual_seed(0)
    net = TransformerNet().eval()
    last = net.deconv3.conv2d
    with torch.no_grad():
        away = torch.arange(last.kernel_size[0], dtype=torch.float32) - last.kernel_size[0] // 2
        bell = torch.exp(-(away**2) / (2 * _BLUR**2))
        kernel = torch.outer(bell, bell) / bell.sum() ** 2
        last.weight.copy_(torch.randn(last.weight.shape[:2])[:, :, None, None] * kernel)
        painted = net(torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float())
        scale = SPREAD / painted.std((0, 2, 3))
        last.weight.mul_(scale[:, None, None, None])
        last.bias.sub_(painted.mean((0, 2, 3))).mul_(scale).add_(MEAN)
    return net
