"""VGG16 and VGG19 (arXiv 1409.1556), whole or cut off, of any width: also the distilled, 16 times smaller
VGG19 of Collaborative-Distillation (arXiv 2003.08436), whose 1x1 convolution in front prepares the pictures.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from training.extractors.base import INCLUDED, Extractor, FeatureMaps, Preparation
from training.extractors.weights import Convolution

DEPTHS = {"VGG16": (2, 2, 3, 3), "VGG19": (2, 2, 4, 4)}
"""Convolutions of the stages at full, half, quarter and eighth resolution; the fifth stage is not used."""

WIDTHS = (64, 128, 256, 512)

STYLE_AT = (2, 2, 3, 3)
"""Convolution of each stage, counted from 1, whose map describes style, or the last one there is
(Johnson et al. 2016: relu1_2, relu2_2, relu3_3, relu4_3).
"""

CONTENT_STAGE = 2
"""relu3_3 describes the content, at a quarter of the resolution."""


@dataclass(frozen=True)
class VggShape:
    """network: name for the card. widths: channels of every convolution, stage by stage.

    prepares: a 1x1 convolution comes first, and rims are reflected, as that network was trained.
    """

    network: str
    widths: tuple[tuple[int, ...], ...]
    prepares: bool = False

    @property
    def count(self) -> int:
        """Number of convolutions, the preparing one included."""
        return self.prepares + sum(map(len, self.widths))


def shape_of(found: Sequence[Convolution]) -> VggShape | None:
    """The shape of a network with these convolutions, or None when it is no VGG up to its third stage."""
    prepares = bool(found) and found[0].shape == (3, 3, 1, 1)
    widths: list[int] = []
    incoming = 3
    for conv in found[prepares:]:
        if conv.shape[1:] != (incoming, 3, 3):
            break
        incoming = conv.shape[0]
        widths.append(incoming)
    third = [width for width in widths[4:] if width == widths[4]]
    name = "VGG19" if len(third) > DEPTHS["VGG16"][2] else "VGG16"
    stages: list[tuple[int, ...]] = []
    for depth in DEPTHS[name]:
        stages.append(tuple(widths[:depth]))
        widths = widths[depth:]
    used = [stage for stage in stages if stage]
    # A stage has one width, and it grows from each to the next.
    leading = [stage[0] for stage in used]
    regular = all(len(set(stage)) == 1 for stage in used) and sorted(set(leading)) == leading
    if len(used) < 3 or not regular:
        return None
    known = name if len(used) > 3 or name == "VGG19" else "VGG, its first stages"
    small = "" if tuple(leading) == WIDTHS[: len(used)] else ", narrowed"
    return VggShape(f"{known}{small}, ImageNet", tuple(used), prepares)


class Vgg(Extractor):
    """The feature part of a VGG up to its fourth stage."""

    def __init__(self, shape: VggShape, preparation: Preparation) -> None:
        rim = "reflect" if shape.prepares else "zeros"
        convolutions = [nn.Conv2d(3, 3, 1)] if shape.prepares else []
        incoming = 3
        for width in (width for stage in shape.widths for width in stage):
            convolutions.append(nn.Conv2d(incoming, width, 3, padding=1, padding_mode=rim))
            incoming = width
        super().__init__(convolutions, INCLUDED if shape.prepares else preparation, shape.network)
        self.shape = shape

    def forward(self, pictures: Tensor) -> FeatureMaps:
        """(N, 3, H, W) RGB in 0..1, H and W at least 32 -> one map of every stage."""
        x, at = self.prepared(pictures), 0
        if self.shape.prepares:
            x, at = self.conv(0)(x), 1
        maps: list[Tensor] = []
        for stage, widths in enumerate(self.shape.widths):
            if stage:
                x = F.max_pool2d(x, 2)
            taken = min(STYLE_AT[stage], len(widths)) - 1
            for index in range(len(widths)):
                x = F.relu(self.conv(at)(x))
                at += 1
                if index == taken:
                    maps.append(x)
        return FeatureMaps(tuple(maps), maps[CONTENT_STAGE])
