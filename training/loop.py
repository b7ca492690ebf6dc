"""The training loop: one step after the other, with checkpoints to resume from and preview pictures."""

import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor

from training import losses
from training.content import Content
from training.extractors import Extractor
from training.image_file import read_picture
from training.net import StyleNet
from training.optimiser import MuonAdam
from training.palette import palette_of
from training.photos import LONGEST_SIDE
from training.pictures import from_image, load_painting, to_image
from training.settings import LossWeights, Settings
from training.twins import Lesson, draw_lesson
from training.weights import read_style_net

TERMS = ("style", "content", "colour", "steady", "smooth", "lattice", "range")
AVERAGE_OVER = 50
"""Steps over which the printed losses are averaged (exponentially)."""


class Trainer:
    """Trains one network on one painting. The state on disk is `checkpoint.pt` in `folder`; rerunning
    continues it.
    """

    def __init__(
        self, settings: Settings, painting: Path, content: Content, extractor: Extractor, folder: Path
    ) -> None:
        torch.set_num_threads(settings.threads)
        torch.manual_seed(settings.seed)
        self.settings, self.folder, self.content = settings, folder, content
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        # In bfloat16 the extractor costs half and judges alike.
        self.extractor = extractor.bfloat16().to(self.device)
        picture = load_painting(painting, settings).to(self.device)
        self.target = losses.StyleTarget.of(picture, self.extractor)
        self.palette = palette_of(content, picture, settings)
        self.net = StyleNet(settings.net).to(self.device)
        ends = (self.net.stem, self.net.paint)
        self.optimiser = MuonAdam.of(self.net, settings.learning_rate, ends)
        self.step = 0
        self.averages: dict[str, float] = {}
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def last_step(self) -> int:
        """Number of steps of the whole run, warm-up included."""
        return self.settings.warmup_steps + self.settings.steps

    def plan_steps(self, steps: int) -> None:
        """Change the number of steps after the warm-up, which the learning rate follows."""
        self.settings = replace(self.settings, steps=steps)

    def start_from_onnx(self, model: Path) -> None:
        """Take the weights of an exported style of the same shape; no warm-up is needed then.

        Raises FileNotFoundError, and ValueError when it is no such style or has another shape.
        """
        given = read_style_net(model)
        if given.shape != self.net.shape:
            raise ValueError(f"{model} has another size: {given.shape}, not {self.net.shape}")
        self.net.load_state_dict(given.state_dict())
        self.step = self.settings.warmup_steps

    def resume(self) -> bool:
        """Continue from this folder's checkpoint; False when there is none. Raises ValueError when it is
        damaged.
        """
        path = self.folder / "checkpoint.pt"
        if not path.exists():
            return False
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
            self.net.load_state_dict(state["net"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.step, self.averages = state["step"], state["averages"]
        except Exception as error:  # torch's readers fail in more ways than can be listed
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise ValueError(
                f"{path} is damaged: {reason[:200]}. Delete it, and the training begins again"
            ) from None
        return True

    def take_step(self) -> None:
        """One step of the optimiser; its randomness depends on the seed and the step alone, so a resumed
        run is the same run. Raises ValueError when the loss is no finite number; nothing is learned then.
        """
        random = np.random.default_rng((self.settings.seed, self.step))
        for group in self.optimiser.param_groups:
            group["lr"] = self._learning_rate()
        warm = self.step < self.settings.warmup_steps
        loss, terms = self._warmup_loss(random) if warm else self._loss(random)
        if not math.isfinite(float(loss.detach())):
            raise ValueError(
                f"at step {self.step} the loss is no number any more: with a smaller learning_rate"
                f" ({self.settings.learning_rate:g} now) and in another --out it may stay one"
            )
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimiser.step()
        keep = 1 - 1 / AVERAGE_OVER
        for name, value in terms.items():
            number = float(value.detach())
            self.averages[name] = self.averages.get(name, number) * keep + number * (1 - keep)
        self.step += 1

    def save(self) -> None:
        """Write the checkpoint; a kill while it is written leaves the older one whole."""
        state = {
            "net": self.net.state_dict(),
            "shape": self.settings.net.as_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "averages": self.averages,
        }
        fresh = self.folder / "checkpoint.pt.new"
        torch.save(state, fresh)
        fresh.replace(self.folder / "checkpoint.pt")

    def preview(self, photos: list[Path]) -> None:
        """Paint each photo into `<step>-<name>.png`."""
        for path in photos:
            picture = read_picture(path)
            picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))  # a camera's picture would take all memory
            photo = from_image(picture)[None]
            height, width = (side // 4 * 4 for side in photo.shape[2:])
            with torch.no_grad():
                painted = self.net(photo[:, :, :height, :width].to(self.device))
            to_image(painted[0]).save(self.folder / f"{self.step:05d}-{path.stem}.png")

    def _learning_rate(self) -> float:
        s = self.settings
        if self.step < s.warmup_steps:
            return s.learning_rate
        step = self.step - s.warmup_steps
        cosine = 0.5 * (1 + math.cos(math.pi * step / max(1, s.steps)))
        return s.learning_rate * min(1.0, (step + 1) / 60) * (0.03 + 0.97 * cosine)

    def _warmup_loss(self, random: np.random.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        photos = self.content.crops(self.settings.batch, self.settings.crop_size, random).to(self.device)
        painted = self._paint(photos)
        loss = (painted - self.palette.apply(photos)).abs().mean()
        return loss, {"colour": loss.square()}

    def _loss(self, random: np.random.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        lesson = draw_lesson(self.content, self.settings, random).to(self.device)
        return self._graded(lesson, self._paint(torch.cat([lesson.photos, lesson.twins])))

    def _graded(self, lesson: Lesson, both: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss and its terms; both: the photos painted, then their twins."""
        terms = self._terms(lesson, both)
        weights = asdict(self._weights_now())
        return torch.stack([weights[name] * terms[name] for name in TERMS]).sum(), terms

    def _terms(self, lesson: Lesson, both: Tensor) -> dict[str, Tensor]:
        photos, twins = lesson.photos, lesson.twins
        painted = both[: len(photos)]
        seen = painted.clamp(-0.1, 1.1)
        maps = self.extractor(seen)
        with torch.no_grad():
            wanted = self.extractor(photos.contiguous(memory_format=torch.channels_last))
        return {
            "style": self.target.distance(seen, maps, self.extractor),
            "content": losses.content_distance(maps, wanted),
            "colour": losses.colour_distance(seen, photos, self.palette, self.settings.colour_cell),
            "steady": lesson.relation.distance(both[: len(twins)], both[len(photos) :]),
            "smooth": losses.roughness(seen),
            "lattice": losses.lattice(painted),
            "range": losses.overshoot(painted),
        }

    def _weights_now(self) -> LossWeights:
        s = self.settings
        grown = min(1.0, (self.step - s.warmup_steps) / max(1, s.steady_from))
        return LossWeights(**{**asdict(s.weights), "steady": s.weights.steady * grown})

    def _paint(self, photos: Tensor) -> Tensor:
        with torch.autocast(self.device.type, torch.bfloat16):
            painted = self.net(photos.contiguous(memory_format=torch.channels_last))
        return cast(Tensor, painted).float()
