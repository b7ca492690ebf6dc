"""Pictures between files and tensors. A picture is (3, H, W) float RGB in 0..1, a stack of them (N, 3, H,
W).
"""

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter
from torch import Tensor
from torch.nn import functional as F

from training.image_file import PICTURE_SUFFIXES, read_picture
from training.settings import Settings

LUMA = (0.299, 0.587, 0.114)
"""Brightness of R, G, B (ITU-R BT.601)."""

MOST_PICTURES = 500
"""That are taken from one folder: in memory, as they are practised on, they have up to 1.4 GB."""


def picture_files(folder: Path) -> list[Path]:
    """The pictures directly in a folder, sorted by name; MOST_PICTURES, evenly spread, where it has more."""
    found = sorted(
        path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file()
    )
    count = min(len(found), MOST_PICTURES)
    return [found[index * len(found) // count] for index in range(count)]


def load_painting(path: Path, settings: Settings) -> Tensor:
    """Read the painting to learn from: its upper part, without grain, scaled; see the `style_` settings.

    Raises FileNotFoundError, and ValueError when it is no picture.
    """
    whole = read_picture(path)
    painting = whole.crop((0, 0, whole.width, max(1, round(whole.height * settings.style_share))))
    if settings.style_median > 1:
        painting = painting.filter(ImageFilter.MedianFilter(settings.style_median))
    scale = settings.style_size / min(painting.size)
    size = (round(painting.width * scale), round(painting.height * scale))
    return from_image(painting.resize(size, Image.Resampling.LANCZOS))


def luma(pictures: Tensor) -> Tensor:
    """Brightness of colours (N, 3, ...), which may be pictures -> (N, ...)."""
    return torch.einsum("c,nc...->n...", pictures.new_tensor(LUMA), pictures)


def halved(pictures: Tensor) -> Tensor:
    """(N, 3, H, W) -> (N, 3, H/2, W/2) by averaging."""
    return F.avg_pool2d(pictures, 2)


def from_image(picture: Image.Image) -> Tensor:
    """PIL picture -> (3, H, W) float RGB in 0..1."""
    pixels = np.array(picture.convert("RGB"), dtype=np.float32)
    return torch.from_numpy(pixels).permute(2, 0, 1).contiguous() / 255


def to_image(picture: Tensor) -> Image.Image:
    """(3, H, W), clamped to 0..1 and rounded -> PIL picture."""
    pixels = picture.detach().float().clamp(0, 1).permute(1, 2, 0).mul(255).round()
    return Image.fromarray(pixels.to(torch.uint8).contiguous().numpy())
