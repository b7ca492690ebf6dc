"""SqueezeNet 1.1 (arXiv 1602.07360): a quarter of VGG's time, and it judges paintings as well."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.extractors.base import CAFFE, Extractor, FeatureMaps, Preparation
from training.extractors.weights import Convolution

NETWORK = "SqueezeNet 1.1, ImageNet"

SQUEEZE_CHANNELS = (16, 16, 32, 32, 48, 48)
"""Width of the squeeze layer of fire2..fire7 (table 1 of the paper); the two expand layers have 4 times that
each. What comes behind is not used.
"""

FIRES_BEFORE_POOLING = (2, 4)
"""The network halves its resolution after this many fire modules."""


class SqueezeNet(Extractor):
    """The feature part of SqueezeNet 1.1 up to fire7."""

    def __init__(self, preparation: Preparation = CAFFE) -> None:
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
        super().__init__(convolutions, preparation, NETWORK)

    def forward(self, pictures: Tensor) -> FeatureMaps:
        """(N, 3, H, W) RGB in 0..1, H and W at least 32 -> conv1, fire2 to fire5 and fire7; content is
        fire4, at an eighth of the resolution.
        """
        conv1 = F.relu(self.conv(0)(self.prepared(pictures)))
        x = F.max_pool2d(conv1, 3, 2)
        fires: list[Tensor] = []
        for index in range(len(SQUEEZE_CHANNELS)):
            if index in FIRES_BEFORE_POOLING:
                x = F.max_pool2d(x, 3, 2)
            x = self._fire(x, 1 + 3 * index)
            fires.append(x)
        return FeatureMaps((conv1, *fires[:4], fires[5]), fires[2])

    def _fire(self, x: Tensor, first: int) -> Tensor:
        squeezed = F.relu(self.conv(first)(x))
        return F.relu(torch.cat([self.conv(first + 1)(squeezed), self.conv(first + 2)(squeezed)], dim=1))


def ordered(found: Sequence[Convolution]) -> list[Convolution] | None:
    """The convolutions in this class's order, or None when they are not SqueezeNet 1.1's.

    Some exporters write a fire module's 3x3 expansion before its 1x1, which do not depend on each other.
    """
    with torch.device("meta"):
        wanted = [tuple(SqueezeNet().conv(index).weight.shape) for index in range(19)]
    weights = list(found[: len(wanted)])
    for first in range(2, len(weights) - 1, 3):
        weights[first : first + 2] = sorted(weights[first : first + 2], key=lambda conv: conv.shape[2])
    return weights if [conv.shape for conv in weights] == wanted else None
