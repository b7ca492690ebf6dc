"""What the network is asked for, as numbers to make small.

style    correlations of feature maps (Gram matrices, Gatys et al. 2016) equal those of the painting, at
         full, half and quarter scale: the coarse ones ask for strokes larger than the extractor can see;
content  coarse features of the output equal those of the photo: things stay recognisable;
colour   local mean colours equal those of the photo in the painting's palette: without it a network
         that has no normalisation collapses to a grey emboss;
steady   a twin of the photo, moved, noisy and relit, gives the same painting, moved: no flicker in films;
smooth   neighbouring pixels lie on straight lines: no dots from the pixel shuffle;
lattice  no place in the network's grid of 4x4 px is brighter or redder than another;
range    the output stays within 0..1: clipping it later changes nothing.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from training.extractors import Extractor, FeatureMaps
from training.net import STRIDE
from training.palette import Palette
from training.pictures import halved

SCALE_WEIGHTS = (0.35, 0.4, 0.25)
"""Shares of the full, half and quarter scale in the style term."""

BORDER = 8
"""Pixels at the rim of a crop that the twins do not compare: there the convolutions see padding."""


class StyleTarget(NamedTuple):
    """Gram matrices of the painting: for every scale, one (1, C, C) per layer, fine to coarse."""

    scales: tuple[tuple[Tensor, ...], ...]

    @classmethod
    def of(cls, painting: Tensor, extractor: Extractor) -> "StyleTarget":
        """painting: (3, H, W) in 0..1."""
        picture, scales = painting[None], list[tuple[Tensor, ...]]()
        with torch.no_grad():
            for _ in SCALE_WEIGHTS:
                scales.append(tuple(map(gram, extractor(picture).style())))
                picture = halved(picture)
        return cls(tuple(scales))

    def distance(self, painted: Tensor, maps: FeatureMaps, extractor: Extractor) -> Tensor:
        """How far pictures (N, 3, H, W) are from the painting's style; maps are theirs at full scale."""
        total = SCALE_WEIGHTS[0] * style_distance(maps, self.scales[0])
        for weight, target in zip(SCALE_WEIGHTS[1:], self.scales[1:], strict=True):
            painted = halved(painted)
            total = total + weight * style_distance(extractor(painted), target)
        return total


def gram(features: Tensor) -> Tensor:
    """(N, C, h, w) of any float type -> (N, C, C) float32 mean products of channels."""
    flat = features.flatten(2) / features[0, 0].numel() ** 0.5
    return (flat @ flat.transpose(1, 2)).float()


def style_distance(maps: FeatureMaps, target: tuple[Tensor, ...]) -> Tensor:
    """Mean over the layers of the squared distance of Gram matrices, relative to the painting's energy."""
    distances = [
        (gram(found) - wanted).square().mean() / wanted.square().mean()
        for found, wanted in zip(maps.style(), target, strict=True)
    ]
    return torch.stack(distances).mean()


def content_distance(painted: FeatureMaps, photo: FeatureMaps) -> Tensor:
    """Squared distance of the content maps, relative to the photo's own energy."""
    wanted = photo.content().float()
    return (painted.content().float() - wanted).square().mean() / wanted.square().mean().clamp_min(1e-3)


def colour_distance(painted: Tensor, photo: Tensor, palette: Palette, cell: int) -> Tensor:
    """Squared distance of mean colours in squares of `cell` px; pictures (N, 3, H, W), at least one cell.

    Large cells leave the painter free to set strokes of different colours side by side.
    """
    wanted = palette.apply(photo)
    return F.mse_loss(F.avg_pool2d(painted, cell), F.avg_pool2d(wanted, cell))


def twin_distance(painted: Tensor, twin: Tensor, down: int, right: int) -> Tensor:
    """Squared distance of two paintings where they show the same; the twin's crop began `down`, `right` px
    further.
    """
    height, width = painted.shape[2:]
    top, bottom = max(0, down) + BORDER, min(height, height + down) - BORDER
    left, far = max(0, right) + BORDER, min(width, width + right) - BORDER
    here = painted[:, :, top:bottom, left:far]
    there = twin[:, :, top - down : bottom - down, left - right : far - right]
    return F.mse_loss(here, there)


def roughness(painted: Tensor) -> Tensor:
    """Mean squared second difference of neighbouring pixels.

    The extractor's first layer skips every other pixel and cannot see a pattern with a period of two; this
    term sees that one sixteen times as strongly as a stroke of a few pixels.
    """
    across = (painted[..., 2:] - 2 * painted[..., 1:-1] + painted[..., :-2]).square().mean()
    along = (painted[..., 2:, :] - 2 * painted[..., 1:-1, :] + painted[..., :-2, :]).square().mean()
    return across + along


def lattice(painted: Tensor) -> Tensor:
    """Variance of the mean colours of the 4x4 places in the network's grid; pictures (N, 3, H, W).

    A photo's crop begins anywhere, so whatever differs between these means is the network's own pattern, and
    it moves against the scene.
    """
    places = F.pixel_unshuffle(painted, STRIDE).mean((0, 2, 3)).view(3, -1)
    return places.var(1).mean()


def overshoot(painted: Tensor) -> Tensor:
    """Mean squared distance from the range 0..1."""
    return (painted - painted.clamp(0, 1)).square().mean()
