"""Pictures set side by side with captions, saved as JPEG of a size that a page can carry."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from scoring.flow import Picture

GAP = 8
"""Px between cells."""

PAPER, INK = (255, 255, 255), (40, 40, 40)
QUALITIES = range(90, 59, -3)
"""Of JPEG, tried from the best on."""

SMALLER = 0.94


@dataclass(frozen=True)
class Cell:
    """A picture, (H, W, 3) uint8 RGB, and what is written above it; nothing where the caption is empty."""

    picture: Picture
    caption: str = ""


def sheet(rows: Sequence[Sequence[Cell]], width: int, caption_size: int = 24) -> Image.Image:
    """Set cells in rows, each `width` px wide; a row in which nobody has a caption needs no room for one.

    All pictures have the shape of the first.
    """
    height = round(width * rows[0][0].picture.shape[0] / rows[0][0].picture.shape[1])
    line = caption_size + 10
    heights = [height + (line if any(cell.caption for cell in row) else 0) for row in rows]
    columns = max(len(row) for row in rows)
    size = (columns * (width + GAP) - GAP, sum(heights) + GAP * (len(rows) - 1))
    paper = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(paper)
    font = ImageFont.load_default(caption_size)
    top = 0
    for row, high in zip(rows, heights, strict=True):
        for number, cell in enumerate(row):
            left = number * (width + GAP)
            if cell.caption:
                draw.text((left + width / 2, top + line / 2), cell.caption, INK, font, anchor="mm")
            small = Image.fromarray(cell.picture).resize((width, height), Image.Resampling.LANCZOS)
            paper.paste(small, (left, top + high - height))
        top += high + GAP
    return paper


def save(image: Image.Image, path: Path, limit: int) -> int:
    """Save as the best JPEG of at most `limit` bytes, >= 10,000, and return its size.

    A picture that needs a lower quality than any of QUALITIES is made smaller instead.
    """
    while True:
        for quality in QUALITIES:
            coded = io.BytesIO()
            image.save(coded, "JPEG", quality=quality, optimize=True, progressive=True)
            if len(coded.getvalue()) <= limit:
                path.write_bytes(coded.getvalue())
                return len(coded.getvalue())
        size = (round(image.width * SMALLER), round(image.height * SMALLER))
        image = image.resize(size, Image.Resampling.LANCZOS)
