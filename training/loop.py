"""The training loop: checkpointed, resumable, with a progress line and preview pictures."""

import csv
import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor

from training import losses
from training.content import Photos
from training.extractor import SqueezeNet
from training.net import StyleNet
from training.palette import Palette
from training.pictures import load, load_painting, to_image
from training.settings import LossWeights, Settings

TERMS = ("style", "content", "colour", "steady", "smooth", "range")
AVERAGE_OVER = 50
"""Steps over which the printed losses are averaged (exponentially)."""


class Trainer:
    """Trains one network on one painting. The state on disk is `checkpoint.pt` in `folder`; rerunning
    continues it.
    """

    def __init__(
        self, settings: Settings, painting: Path, photos: Photos, extractor: SqueezeNet, folder: Path
    ) -> None:
        torch.set_num_threads(settings.threads)
        torch.manual_seed(settings.seed)
        self.settings, self.folder, self.photos = settings, folder, photos
        # In bfloat16 the extractor costs half and judges alike.
        self.extractor = extractor.bfloat16()
        picture = load_painting(painting, settings)
        self.target = losses.StyleTarget.of(picture, self.extractor)
        self.palette = self._palette(picture)
        self.net = StyleNet(settings.net)
        self.optimiser = torch.optim.Adam(self.net.parameters(), lr=settings.learning_rate, betas=(0.9, 0.99))
        self.step = 0
        self.averages: dict[str, float] = {}
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def last_step(self) -> int:
        """Number of steps of the whole run, warm-up included."""
        return self.settings.warmup_steps + self.settings.steps

    def start_from(self, checkpoint: Path) -> None:
        """Take the weights of another run of the same shape; no warm-up is needed then."""
        self.net.load_state_dict(torch.load(checkpoint, weights_only=True)["net"])
        self.step = self.settings.warmup_steps

    def resume(self) -> bool:
        """Continue from this folder's checkpoint; False when there is none."""
        path = self.folder / "checkpoint.pt"
        if not path.exists():
            return False
        state = torch.load(path, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.averages = state["step"], state["averages"]
        return True

    def run(self, previews: list[Path]) -> None:
        """Train to the end. previews: photos that are painted now and then into the folder, as PNG."""
        started, first = time.monotonic(), self.step
        while self.step < self.last_step:
            self.take_step()
            done, every = self.step, self.settings
            if done % every.log_every == 0 or done == self.last_step:
                pace = (time.monotonic() - started) / (done - first)
                self._log(pace)
            if done % every.checkpoint_every == 0 or done == self.last_step:
                self.save()
            if done % every.preview_every == 0 or done == self.last_step:
                self.preview(previews)

    def take_step(self) -> None:
        """One step of the optimiser; its randomness depends on the seed and the step alone, so a resumed
        run is the same run.
        """
        random = np.random.default_rng((self.settings.seed, self.step))
        for group in self.optimiser.param_groups:
            group["lr"] = self._learning_rate()
        warm = self.step < self.settings.warmup_steps
        loss, terms = self._warmup_loss(random) if warm else self._loss(random)
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
            photo = load(path)[None]
            height, width = (side // 4 * 4 for side in photo.shape[2:])
            with torch.no_grad():
                painted = self.net(photo[:, :, :height, :width])
            to_image(painted[0]).save(self.folder / f"{self.step:05d}-{path.stem}.png")

    def _learning_rate(self) -> float:
        s = self.settings
        if self.step < s.warmup_steps:
            return s.learning_rate
        step = self.step - s.warmup_steps
        cosine = 0.5 * (1 + math.cos(math.pi * step / max(1, s.steps)))
        return s.learning_rate * min(1.0, (step + 1) / 60) * (0.03 + 0.97 * cosine)

    def _palette(self, painting: Tensor) -> Palette:
        random = np.random.default_rng((self.settings.seed, 1 << 32))
        crops = losses.halved(
            losses.halved(self.photos.crops(96, self.settings.crop_size, random, recolour=False))
        )
        colours = crops.transpose(0, 1).flatten(1)
        # With red and blue swapped as well, a set of photos with a colour cast does not tint the style.
        colours = torch.cat([colours, colours.flip(0)], dim=1)
        return Palette.between(colours, losses.halved(painting[None])[0].flatten(1))

    def _warmup_loss(self, random: np.random.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        photos = self.photos.crops(self.settings.batch, self.settings.crop_size, random)
        painted = self._paint(photos)
        loss = (painted - self.palette.apply(photos)).abs().mean()
        return loss, {"colour": loss.square()}

    def _loss(self, random: np.random.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        s, margin = self.settings, self.settings.shift
        size = s.crop_size
        wide = self.photos.crops(s.batch, size + 2 * margin, random)
        down, right = (int(v) for v in random.integers(-margin, margin + 1, 2))
        photos = wide[:, :, margin : margin + size, margin : margin + size]
        twins = wide[
            : s.twins, :, margin + down : margin + down + size, margin + right : margin + right + size
        ]
        noise = torch.from_numpy(random.standard_normal(twins.shape, dtype=np.float32))
        light = 1 + float(random.uniform(-s.relight, s.relight))
        twins = (twins * light + noise * float(random.uniform(0, s.noise))).clamp(0, 1)

        both = self._paint(torch.cat([photos, twins]))
        painted = both[: s.batch]
        seen = painted.clamp(-0.1, 1.1)
        maps = self.extractor(seen)
        with torch.no_grad():
            wanted = self.extractor(photos.contiguous(memory_format=torch.channels_last))
        terms = {
            "style": self.target.distance(seen, maps, self.extractor),
            "content": losses.content_distance(maps, wanted),
            "colour": losses.colour_distance(seen, photos, self.palette),
            "steady": losses.twin_distance(both[: s.twins], both[s.batch :], down, right),
            "smooth": losses.roughness(seen),
            "range": losses.overshoot(painted),
        }
        weights = asdict(self._weights_now())
        return torch.stack([weights[name] * terms[name] for name in TERMS]).sum(), terms

    def _weights_now(self) -> LossWeights:
        s = self.settings
        grown = min(1.0, (self.step - s.warmup_steps) / max(1, s.steady_from))
        return LossWeights(**{**asdict(s.weights), "steady": s.weights.steady * grown})

    def _paint(self, photos: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            painted = self.net(photos.contiguous(memory_format=torch.channels_last))
        return cast(Tensor, painted).float()

    def _log(self, pace: float) -> None:
        left = (self.last_step - self.step) * pace
        numbers = "  ".join(f"{name} {value:.4f}" for name, value in self.averages.items())
        print(
            f"step {self.step}/{self.last_step}  {pace:.2f} s/step  {left / 60:.1f} min left  {numbers}",
            flush=True,
        )
        path = self.folder / "log.csv"
        fresh = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.writer(file)
            if fresh:
                writer.writerow(("step", *TERMS))
            writer.writerow((self.step, *(f"{self.averages.get(name, math.nan):.5g}" for name in TERMS)))
