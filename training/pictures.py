"""Pictures between files and tensors. A picture is (3, H, W) float RGB in 0..1, a stack of them (N, 3, H,
W).
"""

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter
from torch import Tensor

from training.settings import Settings

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


def picture_files(folder: Path) -> list[Path]:
    """The pictures directly in a folder, sorted by name. Raises FileNotFoundError when there is none."""
    found = sorted(path for path in folder.glob("*") if path.suffix.lower() in PICTURE_SUFFIXES)
    if not found:
        raise FileNotFoundError(f"no pictures ({', '.join(PICTURE_SUFFIXES)}) in {folder}")
    return found


def load(path: Path) -> Tensor:
    """Read a picture as it is."""
    with Image.open(path) as opened:
        return from_image(opened)


def load_painting(path: Path, settings: Settings) -> Tensor:
    """Read the painting to learn from: its upper part, without grain, scaled; see the `style_` settings."""
    with Image.open(path) as opened:
        upper = (0, 0, opened.width, round(opened.height * settings.style_share))
        painting = opened.convert("RGB").crop(upper)
    if settings.style_median > 1:
        painting = painting.filter(ImageFilter.MedianFilter(settings.style_median))
    scale = settings.style_size / min(painting.size)
    size = (round(painting.width * scale), round(painting.height * scale))
    return from_image(painting.resize(size, Image.Resampling.LANCZOS))


def from_image(picture: Image.Image) -> Tensor:
    """PIL picture -> (3, H, W) float RGB in 0..1."""
    pixels = np.array(picture.convert("RGB"), dtype=np.float32)
    return torch.from_numpy(pixels).permute(2, 0, 1).contiguous() / 255


def to_image(picture: Tensor) -> Image.Image:
    """(3, H, W), clamped to 0..1 and rounded -> PIL picture."""
    pixels = picture.detach().float().clamp(0, 1).permute(1, 2, 0).mul(255).round()
    return Image.fromarray(pixels.to(torch.uint8).contiguous().numpy())
