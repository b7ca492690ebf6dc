"""A small network learns from a trained one: it is shown what the teacher paints of the same crop.

A painting alone tells a small network too little: it must find out for itself where strokes go. The teacher's
picture says so pixel by pixel, so the warm-up is imitation alone, which needs no feature extractor and is
cheap. After it the usual terms join in (:mod:`training.losses`): of strokes whose place it cannot tell, an
imitator paints the mean, which is grey; the style term keeps their contrast, the steadiness term keeps
what the teacher does steadily steady.
"""

from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from training.content import Content
from training.extractors import Extractor
from training.loop import Trainer
from training.net import StyleNet
from training.settings import Settings
from training.twins import Lesson

WEIGHT = 8.0
"""Of the distance to the teacher's painting, beside `training.settings.LossWeights`."""

EDGES = 2.0
"""Of the differences between neighbouring pixels in that distance: outlines of strokes count beside areas."""

TERM = "teacher"


class Apprentice(Trainer):
    """A trainer whose network has a teacher as well as a painting."""

    def __init__(
        self,
        settings: Settings,
        painting: Path,
        content: Content,
        extractor: Extractor,
        folder: Path,
        *,
        teacher: StyleNet,
    ) -> None:
        """teacher: of any size. Everything else as in :class:`training.loop.Trainer`."""
        super().__init__(settings, painting, content, extractor, folder)
        self.teacher = teacher.to(self.device).eval().requires_grad_(False)

    def _warmup_loss(self, random: np.random.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        settings = self.settings
        photos = self.content.crops(settings.batch, settings.crop_size, random).to(self.device)
        distance = imitation(self._paint(photos), self._shown(photos))
        return distance, {TERM: distance}

    def _graded(self, lesson: Lesson, both: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        loss, terms = super()._graded(lesson, both)
        distance = imitation(both[: len(lesson.photos)], self._shown(lesson.photos))
        return loss + WEIGHT * distance, terms | {TERM: distance}

    def _shown(self, photos: Tensor) -> Tensor:
        with torch.no_grad(), torch.autocast(self.device.type, torch.bfloat16):
            painted = self.teacher(photos.contiguous(memory_format=torch.channels_last))
        return cast(Tensor, painted).float().clamp(0, 1)


def imitation(painted: Tensor, shown: Tensor) -> Tensor:
    """Mean absolute distance of two paintings (N, 3, H, W), plus EDGES times that of the differences between
    neighbouring pixels, along and across.
    """
    across = F.l1_loss(painted.diff(dim=-1), shown.diff(dim=-1))
    along = F.l1_loss(painted.diff(dim=-2), shown.diff(dim=-2))
    return F.l1_loss(painted, shown) + EDGES * (across + along)
