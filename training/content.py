"""Photographs for the network to practise on: random crops in many sizes, lights and colours."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageEnhance
from torch import Tensor

from training.pictures import from_image, picture_files

LONGEST_SIDE = 960
"""Photos are held in memory no larger than this (px)."""


class Photos:
    """All photos of a folder, in memory, from which crops are drawn."""

    def __init__(self, folder: Path) -> None:
        """Raises FileNotFoundError when the folder holds no picture."""
        self.files = picture_files(folder)
        self._photos = [_read(path) for path in self.files]

    def crop(self, size: int, random: np.random.Generator, recolour: bool = True) -> Tensor:
        """One crop (3, size, size) in 0..1: a photo, scaled by 0.5 to 1.2 and mirrored, and relit and
        recoloured if asked.
        """
        photo = self._photos[random.integers(len(self._photos))]
        smallest = size / min(photo.size)
        scale = max(smallest, float(np.exp(random.uniform(np.log(0.5), np.log(1.2)))))
        wide = max(size, round(photo.width * scale))
        high = max(size, round(photo.height * scale))
        left = int(random.integers(wide - size + 1))
        top = int(random.integers(high - size + 1))
        # Cutting before scaling keeps a large photo from being resized whole for one small crop.
        across, along = photo.width / wide, photo.height / high
        box = (left * across, top * along, (left + size) * across, (top + size) * along)
        crop = photo.resize((size, size), Image.Resampling.BILINEAR, box=box)
        if random.random() < 0.5:
            crop = crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        if not recolour:
            return from_image(crop)
        if random.random() < 0.7:
            crop = ImageEnhance.Brightness(crop).enhance(random.uniform(0.45, 1.35))
            crop = ImageEnhance.Contrast(crop).enhance(random.uniform(0.6, 1.3))
            crop = ImageEnhance.Color(crop).enhance(random.uniform(0.4, 1.4))
        picture = from_image(crop)
        if random.random() < 0.35:
            picture = picture[torch.from_numpy(random.permutation(3))]
        return picture

    def crops(self, count: int, size: int, random: np.random.Generator, recolour: bool = True) -> Tensor:
        """(count, 3, size, size); see :meth:`crop`."""
        return torch.stack([self.crop(size, random, recolour) for _ in range(count)])


def _read(path: Path) -> Image.Image:
    with Image.open(path) as opened:
        photo = opened.convert("RGB")
    photo.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    return photo
