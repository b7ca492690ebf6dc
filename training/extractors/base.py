"""What every feature extractor has in common: how it wants its pictures, and what it answers."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple, Self, cast

import torch
from torch import Tensor, nn

from training.extractors.weights import Convolution


class FeatureMaps(NamedTuple):
    """Feature maps after ReLU, each (N, C, h, w). painted: from fine to coarse; shown: one of middle size."""

    painted: tuple[Tensor, ...]
    shown: Tensor

    def style(self) -> tuple[Tensor, ...]:
        """The maps whose correlations describe how something is painted."""
        return self.painted

    def content(self) -> Tensor:
        """The map that describes what is shown."""
        return self.shown


@dataclass(frozen=True)
class Preparation:
    """What a network's weights expect: `(picture * scale - mean) / std` in RGB, then BGR if asked for."""

    name: str
    scale: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    bgr: bool = False

    def apply(self, pictures: Tensor) -> Tensor:
        """(N, 3, H, W) RGB in 0..1 -> what the first convolution takes, same shape."""
        mean, std = (pictures.new_tensor(row).view(1, 3, 1, 1) for row in (self.mean, self.std))
        prepared = (pictures * self.scale - mean) / std
        return prepared.flip(1) if self.bgr else prepared


CAFFE = Preparation("BGR 0..255 minus mean", 255.0, (123.68, 116.779, 103.939), bgr=True)
"""The ImageNet mean of the VGG group (gist.github.com/ksimonyan/211839e770f7b538e2d8), used by Caffe's models
and by those converted from them. SqueezeNet names pictures rightly with it, too.
"""

TORCHVISION = Preparation("RGB 0..1, mean and deviation", 1.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""pytorch.org/vision/stable/models.html; MXNet's models (those of the ONNX model zoo) take the same."""

INCLUDED = Preparation("RGB 0..1, the first convolution does the rest", 1.0, (0.0, 0.0, 0.0))


@dataclass(frozen=True)
class ExtractorFacts:
    """What a card says of the extractor. sha256: hex digest of the weights file, empty when there is none."""

    network: str
    license: str
    sha256: str
    preparation: str

    def as_dict(self) -> dict[str, str]:
        """All four by name, ready for JSON."""
        return asdict(self)


class Extractor(nn.Module):
    """A frozen network that turns pictures into :class:`FeatureMaps`; subclasses say how."""

    def __init__(self, convolutions: Sequence[nn.Conv2d], preparation: Preparation, network: str) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(convolutions)
        self.preparation = preparation
        self.facts = ExtractorFacts(network, "none: random weights", "", preparation.name)
        self.eval().requires_grad_(False)

    def forward(self, pictures: Tensor) -> FeatureMaps:
        """(N, 3, H, W) RGB in 0..1, H and W at least 32 -> feature maps, in the weights' type."""
        raise NotImplementedError

    def conv(self, index: int) -> nn.Conv2d:
        """The convolution at this place, counted from 0 in the order of computing."""
        return cast(nn.Conv2d, self.convolutions[index])

    def prepared(self, pictures: Tensor) -> Tensor:
        """The pictures as the first convolution takes them, in the weights' type."""
        return self.preparation.apply(pictures).to(self.conv(0).weight.dtype)

    def filled(self, weights: Sequence[Convolution]) -> Self:
        """Take the weights, which are at least as many as the convolutions and have their shapes."""
        for index, given in zip(range(len(self.convolutions)), weights, strict=False):
            conv = self.conv(index)
            conv.weight.data.copy_(torch.from_numpy(given.weight))
            assert conv.bias is not None
            conv.bias.data.copy_(torch.from_numpy(given.bias))
        return self
