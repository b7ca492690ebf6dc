"""Photographs for the network to practise on."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from training.crops import random_crop
from training.image_file import PICTURE_SUFFIXES, read_picture
from training.pictures import picture_files

LONGEST_SIDE = 960
"""Pictures are held in memory no larger than this (px)."""


class Photos:
    """The photos of a folder (see `picture_files`), in memory, from which crops are drawn."""

    def __init__(self, folder: Path) -> None:
        """Raises FileNotFoundError when the folder holds no picture, ValueError when one cannot be read."""
        self.files = picture_files(folder)
        if not self.files:
            raise FileNotFoundError(f"no pictures ({', '.join(PICTURE_SUFFIXES)}) in {folder}")
        self._photos = [_read(path) for path in self.files]

    def __len__(self) -> int:
        """Number of photos."""
        return len(self._photos)

    def crops(self, count: int, size: int, random: np.random.Generator, recolour: bool = True) -> Tensor:
        """See :class:`training.content.Content`."""
        chosen = [self._photos[random.integers(len(self._photos))] for _ in range(count)]
        return torch.stack([random_crop(photo, size, random, recolour) for photo in chosen])

    def pair(self, size: int, random: np.random.Generator) -> None:
        """Photos have no next frame."""


def _read(path: Path) -> Image.Image:
    photo = read_picture(path)
    photo.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    return photo
