"""Random squares of pictures, in many sizes, lights and colours, and the marks of a poor encoder."""

import io
from dataclasses import dataclass
from typing import Self

import numpy as np
from PIL import Image
from torch import Tensor

from training.pictures import from_image, luma, to_image

SCALES = (0.5, 1.2)
"""Least and largest factor by which a picture is scaled before a square is cut, where it is large enough."""

JPEG_QUALITIES = (35, 95)
"""Worst and best quality of a picture that was compressed again, both inclusive."""


@dataclass(frozen=True)
class Window:
    """Where a square is cut: box (left, top, right, bottom) in px of the picture, which is scaled to size x
    size px, then mirrored or not.
    """

    box: tuple[float, float, float, float]
    size: int
    mirrored: bool

    @classmethod
    def drawn(cls, width: int, height: int, size: int, random: np.random.Generator) -> Self:
        """A random square of a picture of these px; small pictures are enlarged as much as need be."""
        smallest = size / min(width, height)
        scale = max(smallest, float(np.exp(random.uniform(*np.log(SCALES)))))
        wide, high = max(size, round(width * scale)), max(size, round(height * scale))
        left, top = int(random.integers(wide - size + 1)), int(random.integers(high - size + 1))
        across, along = width / wide, height / high
        box = (left * across, top * along, (left + size) * across, (top + size) * along)
        return cls(box, size, bool(random.random() < 0.5))

    def cut(self, picture: Image.Image) -> Image.Image:
        """The square as a picture of its own; a large picture is not scaled whole for it."""
        square = picture.resize((self.size, self.size), Image.Resampling.BILINEAR, box=self.box)
        return square.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if self.mirrored else square


@dataclass(frozen=True)
class Light:
    """Factors of brightness, contrast and colour (1 changes nothing), and the order of the channels."""

    brightness: float = 1.0
    contrast: float = 1.0
    colour: float = 1.0
    channels: tuple[int, int, int] = (0, 1, 2)

    @classmethod
    def drawn(cls, random: np.random.Generator) -> Self:
        """Another light for two pictures of three, exchanged channels for one of three."""
        relit = random.random() < 0.7
        factors = [random.uniform(*span) for span in ((0.45, 1.35), (0.6, 1.3), (0.4, 1.4))]
        first, second, third = (int(channel) for channel in random.permutation(3))
        exchanged = random.random() < 0.35
        return cls(*(factors if relit else ()), channels=(first, second, third) if exchanged else (0, 1, 2))

    def on(self, *pictures: Tensor) -> tuple[Tensor, ...]:
        """The same light on all pictures (3, H, W) in 0..1, which may be frames of one scene."""
        middle = self.brightness * float(luma(pictures[0][None]).mean())
        found: list[Tensor] = []
        for picture in pictures:
            lit = (picture * self.brightness - middle) * self.contrast + middle
            grey = luma(lit[None])
            found.append((grey + (lit - grey) * self.colour).clamp(0, 1)[list(self.channels)])
        return tuple(found)


def random_crop(
    picture: Image.Image, size: int, random: np.random.Generator, recolour: bool = True
) -> Tensor:
    """A square (3, size, size) in 0..1 of a picture, mirrored or not, in another light if asked."""
    crop = from_image(Window.drawn(picture.width, picture.height, size, random).cut(picture))
    return Light.drawn(random).on(crop)[0] if recolour else crop


def recompressed(picture: Tensor, random: np.random.Generator) -> Tensor:
    """(3, H, W) in 0..1 -> the same after a JPEG encoder of random quality, chroma halved."""
    quality = int(random.integers(JPEG_QUALITIES[0], JPEG_QUALITIES[1], endpoint=True))
    with io.BytesIO() as file:
        to_image(picture).save(file, "JPEG", quality=quality, subsampling="4:2:0")
        with Image.open(file) as opened:
            return from_image(opened)
