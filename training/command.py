"""One training from beginning to end: what `reelbrush train` does."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from training.card import publish
from training.card_file import MODEL, read_card
from training.content import Content, open_content
from training.curve import draw_curve
from training.distil import Apprentice
from training.extractors import Extractor, download_vgg16, open_extractor
from training.image_file import read_picture
from training.log import LossLog
from training.loop import Trainer
from training.net import NetShape
from training.order import TrainOrder
from training.pace import Pace
from training.preview import draw_preview, large_enough, pictures_of
from training.provenance import describe_start, differences, new_record, read_record, write_record
from training.recipe import Recipe
from training.report import Report, minutes
from training.settings import Settings, changed
from training.start import model_to_start_from
from training.weights import read_style_net
from training.whole_file import write_whole

PROGRESS = "progress.json"
SAVE_SECONDS = 60.0
LOG_EVERY = 20
"""Steps between two rows of the log."""

KEPT = ("checkpoint.pt", "losses.csv", "curve.png", "preview.jpg")
"""What a person may look for in the training's folder."""

PREVIEWS = 8
"""Times that the pictures are painted on the way."""


@dataclass(frozen=True)
class Trained:
    """What a training came to. style: folder of the published style, None when it was stopped before.

    seconds: of all sessions.
    """

    style: Path | None
    folder: Path
    step: int
    seconds: float
    losses: dict[str, float]


def train(order: TrainOrder, report: Report, stopped: Callable[[], bool] = lambda: False) -> Trained:
    """Train, or go on with what the training's folder holds, to the end, and publish the style.

    stopped: asked after each step; once it says so, the state is saved and the same order goes on from there.
    Raises FileNotFoundError or ValueError, with the fix, for what is missing or wrong, Refusal for a video
    that cannot be read.
    """
    read_picture(order.painting)  # what is wrong with it is told before anything takes time
    recipe = order.full_recipe()
    settings = settings_for(order, recipe)
    start = model_to_start_from(order)
    extractor = open_extractor(order.extractor) if order.extractor else download_vgg16()
    report.say("reading the content")
    content = open_content(order.content)
    before = read_record(order.folder)
    trainer = _trainer(order, settings, content, extractor)
    device = device_of(trainer)
    record = new_record(order, recipe, settings, extractor.facts, device)
    changes = differences(before, record) if before else []
    if changes:
        raise ValueError(
            f"{order.folder} holds a training with another {', '.join(changes)}:"
            " give another --out, or delete that folder"
        )
    chosen = order.previews or pictures_of(order.content, order.folder)
    pictures = large_enough(chosen, order.folder)
    resumed = trainer.resume()
    if resumed:
        report.say(f"goes on at step {trainer.step} with what {order.folder} holds")
        record["started_from"] = before.get("started_from") if before else None
    elif start is not None and _started(trainer, start, order, report):
        record["started_from"] = describe_start(start)
    write_record(record, order.folder)
    length = f"{settings.steps} steps" if order.steps is not None else f"about {order.minutes:g} minutes"
    report.say(f"trains {recipe.name} ({recipe.size}) on {device}, {length} in all; Ctrl-C keeps the work")

    session = _Session(trainer, order, report, resumed)
    session.run(pictures, stopped)
    style = None
    if trainer.step >= trainer.last_step:
        record["settings"] = trainer.settings.as_dict()
        write_record(record, order.folder)
        style = publish(order.folder, order.out, pictures)
        draw_preview(style / MODEL, order.painting, pictures, order.folder / "preview.jpg")
    if session.log.path.exists():
        draw_curve(session.log.path, order.folder / "curve.png")
    return Trained(style, order.folder, trainer.step, session.spent, dict(trainer.averages))


def _trainer(order: TrainOrder, settings: Settings, content: Content, extractor: Extractor) -> Trainer:
    if order.teacher is None:
        return Trainer(settings, order.painting, content, extractor, order.folder)
    teacher = read_style_net(order.teacher / MODEL)
    return Apprentice(settings, order.painting, content, extractor, order.folder, teacher=teacher)


def settings_for(order: TrainOrder, recipe: Recipe) -> Settings:
    """All numbers of the training. Raises ValueError for an unknown size or setting."""
    settings = replace(Settings(), net=NetShape.preset(recipe.size), threads=order.threads)
    settings = changed((*recipe.settings, *order.changes), settings)
    if order.seed is not None:
        settings = replace(settings, seed=order.seed)
    return settings if order.steps is None else replace(settings, steps=order.steps)


def device_of(trainer: Trainer) -> str:
    """What a training runs on, for people."""
    if trainer.device.type == "cuda":
        return torch.cuda.get_device_name(trainer.device)
    threads = trainer.settings.threads
    return f"{threads} CPU thread{'s' if threads > 1 else ''}"


class _Session:
    """The steps from where a trainer is to its end, or to where it is stopped."""

    def __init__(self, trainer: Trainer, order: TrainOrder, report: Report, resumed: bool) -> None:
        self.trainer, self.report = trainer, report
        self._file = order.folder / PROGRESS
        known = self._known() if resumed else {}
        self._before, self._began = float(known.get("seconds", 0.0)), time.monotonic()
        self._pace = Pace(None if order.steps is not None else 60 * order.minutes, "steps" in known)
        self.log = LossLog(order.folder, trainer.step)
        if order.steps is None and "steps" in known:
            trainer.plan_steps(int(known["steps"]))

    @property
    def spent(self) -> float:
        """Seconds of all sessions so far."""
        return self._before + time.monotonic() - self._began

    def run(self, pictures: Sequence[Path], stopped: Callable[[], bool]) -> None:
        trainer = self.trainer
        saved, previewed = time.monotonic(), PREVIEWS * trainer.step // max(1, trainer.last_step)
        while trainer.step < trainer.last_step and not stopped():
            self._step()
            if trainer.step % LOG_EVERY == 0:
                self.log.add(trainer.step, self.spent, trainer.averages)
            if time.monotonic() - saved > SAVE_SECONDS:
                self._save()
                saved = time.monotonic()
            if PREVIEWS * trainer.step // trainer.last_step > previewed:
                previewed = PREVIEWS * trainer.step // trainer.last_step
                trainer.preview(list(pictures))
        if trainer.averages:
            self.log.add(trainer.step, self.spent, trainer.averages)
        self._save()

    def _step(self) -> None:
        trainer, began = self.trainer, time.monotonic()
        warm = trainer.settings.warmup_steps
        trainer.take_step()
        if trainer.step > warm:
            self._pace.took(time.monotonic() - began)
        steps = self._pace.plan(max(0, trainer.step - warm), trainer.last_step - warm, self.spent)
        if steps is not None:
            trainer.plan_steps(steps)
        each = self._pace.seconds_per_step
        left = None if each is None else (trainer.last_step - trainer.step) * each
        self.report.show(trainer.step, trainer.last_step, left, trainer.averages)

    def _save(self) -> None:
        self.trainer.save()
        steps = self.trainer.last_step - self.trainer.settings.warmup_steps
        write_whole(self._file, json.dumps({"seconds": round(self.spent, 1), "steps": steps}))

    def _known(self) -> dict[str, Any]:
        try:
            return json.loads(self._file.read_text())
        except (FileNotFoundError, ValueError):
            return {}  # the checkpoint is what matters: time is counted anew and steps are planned anew


def _started(trainer: Trainer, start: Path, order: TrainOrder, report: Report) -> bool:
    try:
        trainer.start_from_onnx(start)
    except ValueError:
        if order.start_from is not None:
            raise
        report.say(f"starts from nothing: {start.parent.name} is of another size")
        return False
    report.say(f"starts from the style {start.parent.name}")
    return True


def summary(trained: Trained) -> list[tuple[str, str]]:
    """What a person wants to know at the end, as (word, text)."""
    lines = [
        ("steps", str(trained.step)),
        ("time", minutes(trained.seconds)),
        ("losses", "  ".join(f"{name} {value:.4f}" for name, value in trained.losses.items())),
    ]
    if trained.style is not None:
        measured = read_card(trained.style)["measured"]
        lines += [(name, f"{value:g}") for name, value in measured.items() if isinstance(value, float)]
        lines.append(("style", f"{trained.style}  ({(trained.style / MODEL).stat().st_size:,} bytes)"))
    made = [name for name in KEPT if (trained.folder / name).exists()]
    lines.append(("training", f"{trained.folder}  ({', '.join(made)})"))
    return lines
