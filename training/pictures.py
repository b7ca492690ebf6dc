"""Pictures between files and tensors. A picture is (3, H, W) float RGB in 0..1, a stack of them (N, 3, H,
W).
"""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


def picture_files(folder: Path) -> list[Path]:
    """The pictures directly in a folder, sorted by name. Raises FileNotFoundError when there is none."""
    found = sorted(path for path in folder.glob("*") if path.suffix.lower() in PICTURE_SUFFIXES)
    if not found:
        raise FileNotFoundError(f"no pictures ({', '.join(PICTURE_SUFFIXES)}) in {folder}")
    return found


def load(path: Path, shorter_side: int | None = None, upper_share: float = 1.0) -> Tensor:
    """Read a picture or its upper part, scaled to that many pixels on the shorter side (as it is when None).

    upper_share: fraction of the height that is kept, from above 0 to 1, inclusive.
    """
    with Image.open(path) as opened:
        picture = opened.convert("RGB").crop((0, 0, opened.width, round(opened.height * upper_share)))
    if shorter_side is not None:
        scale = shorter_side / min(picture.size)
        size = (round(picture.width * scale), round(picture.height * scale))
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    return from_image(picture)


def from_image(picture: Image.Image) -> Tensor:
    """PIL picture -> (3, H, W) float RGB in 0..1."""
    pixels = np.array(picture.convert("RGB"), dtype=np.float32)
    return torch.from_numpy(pixels).permute(2, 0, 1).contiguous() / 255


def to_image(picture: Tensor) -> Image.Image:
    """(3, H, W), clamped to 0..1 and rounded -> PIL picture."""
    pixels = picture.detach().float().clamp(0, 1).permute(1, 2, 0).mul(255).round()
    return Image.fromarray(pixels.to(torch.uint8).contiguous().numpy())
