"""The steadiness term: a picture's twin must be painted alike, wherever both show the same.

A twin is either the same photo as a camera would see it an instant later (moved, noisy, relit, compressed
again), or, when the content is a film, the film's own next frame with the motion between the two.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from training import losses
from training.content import Content, recompressed
from training.settings import Settings

REAL_SHARE = 0.5
"""Share of the steps that take consecutive frames of a film, where there is one."""

RECOMPRESSED_SHARE = 0.4
"""Share of the made twins that go through a JPEG encoder."""


@dataclass(frozen=True)
class Shift:
    """The twin's crop began this many px further down and to the right."""

    down: int
    right: int

    def distance(self, painted: Tensor, twin: Tensor) -> Tensor:
        """Mean squared distance of both paintings (N, 3, H, W) where they show the same."""
        return losses.twin_distance(painted, twin, self.down, self.right)


@dataclass(frozen=True)
class Motion:
    """Where each pixel is in the twin: flow (1, 2, H, W) in px to the right and down, mask (1, 1, H, W)."""

    flow: Tensor
    mask: Tensor

    def distance(self, painted: Tensor, twin: Tensor) -> Tensor:
        """Mean squared distance of the painting and its twin, brought back along the motion, in the mask."""
        height, width = painted.shape[2:]
        rows, columns = torch.meshgrid(
            torch.arange(height, device=painted.device),
            torch.arange(width, device=painted.device),
            indexing="ij",
        )
        size = painted.new_tensor((width, height)).view(1, 2, 1, 1)
        places = (torch.stack([columns, rows])[None] + self.flow + 0.5) * 2 / size - 1
        brought = F.grid_sample(twin, places.permute(0, 2, 3, 1), padding_mode="border", align_corners=False)
        wrong = ((brought - painted).square() * self.mask).sum()
        return wrong / (3 * self.mask.sum().clamp_min(1))


@dataclass(frozen=True)
class Lesson:
    """photos: (N, 3, S, S) in 0..1. twins: (M, 3, S, S), of the first M photos. relation: between both."""

    photos: Tensor
    twins: Tensor
    relation: Shift | Motion

    def to(self, device: torch.device) -> "Lesson":
        """The same in a device's memory."""
        relation = self.relation
        if isinstance(relation, Motion):
            relation = Motion(relation.flow.to(device), relation.mask.to(device))
        return Lesson(self.photos.to(device), self.twins.to(device), relation)


def draw_lesson(content: Content, settings: Settings, random: np.random.Generator) -> Lesson:
    """The photos and twins of one step."""
    pair = content.pair(settings.crop_size, random) if random.random() < REAL_SHARE else None
    if pair is None:
        return _made(content, settings, random)
    photos = pair.first[None]
    if settings.batch > 1:
        photos = torch.cat([photos, content.crops(settings.batch - 1, settings.crop_size, random)])
    return Lesson(photos, pair.second[None], Motion(pair.flow[None], pair.mask[None]))


def _made(content: Content, settings: Settings, random: np.random.Generator) -> Lesson:
    s, margin, size = settings, settings.shift, settings.crop_size
    wide = content.crops(s.batch, size + 2 * margin, random)
    down, right = (int(v) for v in random.integers(-margin, margin + 1, 2))
    photos = wide[:, :, margin : margin + size, margin : margin + size]
    top, left = margin + down, margin + right
    twins = wide[: s.twins, :, top : top + size, left : left + size]
    noise = torch.from_numpy(random.standard_normal(twins.shape, dtype=np.float32))
    light = 1 + float(random.uniform(-s.relight, s.relight))
    twins = (twins * light + noise * float(random.uniform(0, s.noise))).clamp(0, 1)
    if random.random() < RECOMPRESSED_SHARE:
        twins = torch.stack([recompressed(twin, random) for twin in twins])
    return Lesson(photos, twins, Shift(down, right))
