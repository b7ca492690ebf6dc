"""The bar for a style: the picture that optimisation reaches, pixel by pixel, from the same photo.

Gatys, Ecker and Bethge (arXiv 1508.06576) painted without a network: the pixels themselves are changed until
they have the painting's style and the photo's content. It takes minutes for one picture and knows no film, so
a network that comes near its losses in a hundredth of a second has learned its painting.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from training import losses
from training.extractors import Extractor
from training.measure import Painter
from training.palette import Palette
from training.pictures import from_image, to_image
from training.settings import LossWeights

STEPS = 300
LEARNING_RATE = 0.02
"""Adam's, in units of a pixel's whole range per step; a cosine takes it to a tenth."""

SIZE = (384, 256)
"""Largest width and height in px of the photos that are compared on."""

ALLOWED_RATIO = 1.6
"""A style's loss may be this many times that of the optimised picture (inclusive)."""


class Judgement(NamedTuple):
    """How far a picture is from the painting's style and the photo's content, and how rough it is."""

    style: float
    content: float
    smooth: float


class Optimised(NamedTuple):
    """picture: (H, W, 3) uint8 RGB. curve: step -> judgement of the picture then, the last step included."""

    picture: Image.Image
    curve: dict[int, Judgement]


@dataclass(frozen=True)
class Comparison:
    """Mean losses of a network and of optimisation on the same photos, with the same judge."""

    network_style: float
    network_content: float
    optimised_style: float
    optimised_content: float
    steps: int
    photos: int

    @property
    def style_ratio(self) -> float:
        """The network's style loss over that of optimisation; at most ALLOWED_RATIO is wanted."""
        return self.network_style / self.optimised_style

    @property
    def content_ratio(self) -> float:
        """The network's content loss over that of optimisation."""
        return self.network_content / self.optimised_content

    def failures(self) -> tuple[str, ...]:
        """One sentence when the style loss is above the bar; empty when not."""
        ratio = self.style_ratio
        if ratio <= ALLOWED_RATIO:
            return ()
        return (
            f"the style loss is {ratio:.2f} times that of optimisation, at most {ALLOWED_RATIO:g} is allowed",
        )

    def as_dict(self) -> dict[str, float]:
        """Numbers and ratios by name, for a card."""
        numbers = {**asdict(self), "style_ratio": self.style_ratio, "content_ratio": self.content_ratio}
        return {name: round(value, 4) for name, value in numbers.items()}


class Judge:
    """Style and content of pictures of one painting, as the training sees them."""

    def __init__(
        self,
        painting: Tensor,
        extractor: Extractor,
        weights: LossWeights,
        palette: Palette | None = None,
        colour_cell: int = 8,
    ) -> None:
        """painting: (3, H, W) in 0..1, scaled as for the training. palette: with it, optimisation is held to
        the same colours as the network was, in squares of `colour_cell` px.
        """
        self.extractor, self.weights = extractor, weights
        self._target = losses.StyleTarget.of(painting, extractor)
        self._palette, self._cell = palette, colour_cell

    def terms(self, canvas: Tensor, photo: Tensor, shown: losses.FeatureMaps) -> dict[str, Tensor]:
        """Unweighted terms of a canvas (1, 3, H, W) of a photo of the same shape; shown: its feature maps."""
        seen = canvas.clamp(-0.1, 1.1)
        maps = self.extractor(seen)
        palette = self._palette
        colour = losses.colour_distance(seen, photo, palette, self._cell) if palette else torch.zeros(())
        return {
            "colour": colour,
            "style": self._target.distance(seen, maps, self.extractor),
            "content": losses.content_distance(maps, shown),
            "smooth": losses.roughness(seen),
            "range": losses.overshoot(canvas),
        }

    def judge(self, picture: Image.Image, photo: Image.Image) -> Judgement:
        """Judge a finished 8 bit picture of a photo of the same size."""
        original = from_image(photo)[None]
        with torch.no_grad():
            terms = self.terms(from_image(picture)[None], original, self.extractor(original))
        return Judgement(*(float(terms[name]) for name in Judgement._fields))

    def optimise(self, photo: Image.Image, steps: int = STEPS, watch: Collection[int] = ()) -> Optimised:
        """Change the photo's pixels for `steps` steps of Adam; also judge the picture after the steps in
        `watch`. Nothing is random in it.
        """
        original = from_image(photo)[None]
        with torch.no_grad():
            shown = self.extractor(original)
        canvas = original.clone().requires_grad_()
        optimiser = torch.optim.Adam([canvas], lr=LEARNING_RATE, betas=(0.9, 0.99))
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps, eta_min=LEARNING_RATE / 10)
        weights = asdict(self.weights)
        curve: dict[int, Judgement] = {}
        for step in range(1, steps + 1):
            terms = self.terms(canvas, original, shown)
            loss = torch.stack([weights[name] * value for name, value in terms.items()]).sum()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
            if step in watch or step == steps:
                curve[step] = self.judge(to_image(canvas[0]), photo)
        return Optimised(to_image(canvas[0]), curve)


def compare(model: Path, photos: Sequence[Image.Image], judge: Judge, steps: int = STEPS) -> Comparison:
    """Hold an exported style against optimisation on the same photos (at least one), scaled to SIZE.

    Half a second a step and photo on one CPU thread. Raises ValueError when there is no photo.
    """
    if not photos:
        raise ValueError("a style is compared on at least one photo")
    painter = Painter(model)
    networks: list[Judgement] = []
    optimised: list[Judgement] = []
    for photo in photos:
        small = photo.convert("RGB")
        small.thumbnail(SIZE, Image.Resampling.LANCZOS)
        painted = Image.fromarray(painter.paint(np.asarray(small)[None])[0])
        networks.append(judge.judge(painted, small))
        optimised.append(judge.optimise(small, steps).curve[steps])
    network, bar = (np.mean(rows, axis=0).tolist() for rows in (networks, optimised))
    return Comparison(network[0], network[1], bar[0], bar[1], steps, len(photos))
