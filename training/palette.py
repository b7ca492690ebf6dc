"""The constant colour map from photographs to a painting.

It is computed once per style over a whole set of photos, so it is the same for every frame: the film keeps
its painting's palette without flickering as shots change.

Shadows take the colour of the painting's shadows and highlights that of its highlights, which no linear map
can do: van Gogh's dark blue becomes light yellow, not light blue. What a photo's colour has besides its
brightness is moved linearly onto what the painting's colours have.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from training.content import Content
from training.pictures import halved, luma
from training.settings import Settings

LEVELS = 24
"""Brightness classes, each with the same number of pixels."""

VARIANCE_FLOOR = 1e-4
"""Added to variances of colours (0..1 scale): a grey painting still gives an invertible covariance."""

CROPS = 96
"""Squares of the content whose colours are looked at."""

STRONGEST = 2.5
"""Largest factor by which a photo's tint is amplified: beyond, noise in its colours becomes visible."""


class Tones(NamedTuple):
    """Mean colour of every brightness class. brightness (LEVELS,) rising, 0..1; colour (3, LEVELS)."""

    brightness: Tensor
    colour: Tensor

    @classmethod
    def of(cls, colours: Tensor) -> "Tones":
        """colours: (3, n), n at least LEVELS, in 0..1."""
        ordered = colours[:, luma(colours[None])[0].argsort()]
        classes = torch.tensor_split(ordered, LEVELS, dim=1)
        means = torch.stack([members.mean(1) for members in classes], dim=1)
        return cls(luma(means[None])[0], means)

    def at(self, brightness: Tensor) -> Tensor:
        """(N, ...) brightness -> (N, 3, ...) colour, linear between the classes, constant beyond the last."""
        right = torch.searchsorted(self.brightness, brightness.contiguous()).clamp(1, LEVELS - 1)
        low, high = self.brightness[right - 1], self.brightness[right]
        share = ((brightness - low) / (high - low).clamp_min(1e-6)).clamp(0, 1)
        return (self.colour[:, right - 1] * (1 - share) + self.colour[:, right] * share).movedim(0, 1)


class Palette(NamedTuple):
    """Photo -> painting's colours. matrix (3, 3) moves the tint, what a colour has besides its brightness."""

    photos: Tones
    painting: Tones
    matrix: Tensor

    def apply(self, pictures: Tensor) -> Tensor:
        """(N, 3, H, W) in 0..1 -> the same picture in the painting's colours, clamped to 0..1."""
        brightness = luma(pictures)
        tint = pictures - self.photos.at(brightness)
        matched = Tones(self.photos.brightness, self.painting.colour).at(brightness)
        return (matched + torch.einsum("ij,njhw->nihw", self.matrix, tint)).clamp(0, 1)

    @classmethod
    def between(cls, photos: Tensor, painting: Tensor) -> "Palette":
        """photos, painting: (3, n) and (3, m) colours in 0..1."""
        from_tones, to_tones = Tones.of(photos), Tones.of(painting)
        tints = [
            (colours[None] - tones.at(luma(colours[None])))[0].double()
            for colours, tones in ((photos, from_tones), (painting, to_tones))
        ]
        return cls(from_tones, to_tones, transport(*tints).float())


def palette_of(content: Content, painting: Tensor, settings: Settings) -> Palette:
    """The palette of a training: from what it practises on to its painting (3, H, W), on its device."""
    random = np.random.default_rng((settings.seed, 1 << 32))
    crops = content.crops(CROPS, settings.crop_size, random, recolour=False).to(painting.device)
    colours = halved(halved(crops)).transpose(0, 1).flatten(1)
    # With red and blue swapped as well, a set of photos with a colour cast does not tint the style.
    colours = torch.cat([colours, colours.flip(0)], dim=1)
    return Palette.between(colours, halved(painting[None])[0].flatten(1))


def transport(source: Tensor, target: Tensor) -> Tensor:
    """The matrix that gives colours (3, n) the covariance of others (3, m) with the least change.

    Linear Monge-Kantorovich transport (Pitie & Kokaram 2007), its factors cut off at STRONGEST.
    """
    floor = VARIANCE_FLOOR * torch.eye(3, dtype=source.dtype)
    before, after = torch.cov(source) + floor, torch.cov(target) + floor
    root, inverse_root = _power(before, 0.5), _power(before, -0.5)
    matrix = inverse_root @ _power(root @ after @ root, 0.5) @ inverse_root
    values, vectors = torch.linalg.eigh(matrix)
    return vectors @ torch.diag(values.clamp(max=STRONGEST)) @ vectors.T


def _power(symmetric: Tensor, exponent: float) -> Tensor:
    values, vectors = torch.linalg.eigh(symmetric)
    return vectors @ torch.diag(values.clamp_min(1e-9) ** exponent) @ vectors.T
