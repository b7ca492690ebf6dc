"""The constant colour map from photographs to a painting.

It is computed once per style over a whole set of photos, so it is the same for every frame: the film keeps
its painting's palette without flickering as shots change.
"""

from typing import NamedTuple

import torch
from torch import Tensor

VARIANCE_FLOOR = 1e-4
"""Added to the colour variances (0..1 scale): a grey painting still gives an invertible covariance."""


class Palette(NamedTuple):
    """RGB -> matrix @ RGB + offset, colours in 0..1. matrix (3, 3), offset (3, 1, 1)."""

    matrix: Tensor
    offset: Tensor

    def apply(self, pictures: Tensor) -> Tensor:
        """(N, 3, H, W) in 0..1 -> the same picture in the painting's colours, clamped to 0..1."""
        return (torch.einsum("ij,njhw->nihw", self.matrix, pictures) + self.offset).clamp(0, 1)

    @classmethod
    def between(cls, photos: Tensor, painting: Tensor) -> "Palette":
        """Linear Monge-Kantorovich transport (Pitie & Kokaram 2007) of one cloud of colours to another.

        photos, painting: (3, n) and (3, m) colours in 0..1. The result moves mean and covariance of the
        photos exactly onto those of the painting with the least total change of colour.
        """
        photos, painting = photos.double(), painting.double()
        floor = VARIANCE_FLOOR * torch.eye(3, dtype=torch.float64)
        source, target = torch.cov(photos) + floor, torch.cov(painting) + floor
        root, inverse_root = _power(source, 0.5), _power(source, -0.5)
        matrix = inverse_root @ _power(root @ target @ root, 0.5) @ inverse_root
        offset = painting.mean(1) - matrix @ photos.mean(1)
        return cls(matrix.float(), offset.float().view(3, 1, 1))


def _power(symmetric: Tensor, exponent: float) -> Tensor:
    values, vectors = torch.linalg.eigh(symmetric)
    return vectors @ torch.diag(values.clamp_min(1e-9) ** exponent) @ vectors.T
