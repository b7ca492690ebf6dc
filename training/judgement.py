"""Everything that is measured of a finished style, written into its card: gates, the bar of optimisation,
flicker.
"""

from collections.abc import Sequence
from dataclasses import fields, replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from reelbrush.sample import make_sample
from scoring.film import open_film
from scoring.flicker import FlickerTally, frame_pairs
from training.card import update_measured
from training.card_file import MODEL, read_card
from training.content import open_content
from training.extractors import open_extractor
from training.gates import measure_gates
from training.gatys import STEPS, Judge, compare
from training.image_file import read_picture
from training.measure import Painter
from training.net import NetShape
from training.palette import palette_of
from training.pictures import load_painting, to_image
from training.settings import LossWeights, Settings

FLICKER_FRAMES = 12
"""Frames of the sample clip that flicker is measured on."""


def judge_style(
    folder: Path,
    painting: Path,
    extractor: Path,
    content: Sequence[Path],
    photos: Sequence[Path],
    steps: int = STEPS,
) -> dict[str, Any]:
    """Measure the style in a folder and enter the numbers in its card; they are returned as well.

    content: what it practised on, for the palette. photos: at least one, 192 px or larger on each side. A
    minute per photo on one core, most of it for the optimised pictures. Raises FileNotFoundError and
    ValueError as the parts do.
    """
    card = read_card(folder)
    settings = settings_of(card["provenance"]["settings"])
    picture = load_painting(painting, settings)
    opened = [read_picture(path) for path in photos]
    gates = measure_gates(
        folder / MODEL, [np.asarray(photo) for photo in opened], np.asarray(to_image(picture))
    )
    palette = palette_of(open_content(content), picture, settings)
    judge = Judge(
        picture, open_extractor(extractor).bfloat16(), settings.weights, palette, settings.colour_cell
    )
    comparison = compare(folder / MODEL, opened, judge, steps)
    measured = {
        "gates": gates.as_dict(),
        "optimisation": comparison.as_dict(),
        "flicker_sample_clip": sample_flicker(folder / MODEL),
    }
    update_measured(folder, measured)
    return measured


def sample_flicker(model: Path, frames: int = FLICKER_FRAMES) -> float | None:
    """Flicker of a style on the product's sample clip (see :mod:`scoring.flicker`); 1 is the original's."""
    painter, tally = Painter(model), FlickerTally()
    with TemporaryDirectory(prefix="reelbrush-") as scratch:
        clip = Path(scratch) / "sample.mp4"
        make_sample(clip, 1)
        film = islice(open_film(clip).frames(), frames)
        for pair in frame_pairs((frame, painter.paint(frame[None])[0]) for frame in film):
            tally.add(pair.flicker)
    return round(tally.score.ratio, 3) if tally.score else None


def settings_of(numbers: dict[str, Any]) -> Settings:
    """The settings that a card tells; what it does not tell, since it is newer, has its default."""
    known = {field.name for field in fields(Settings)} - {"net", "weights"}
    plain = {name: value for name, value in numbers.items() if name in known}
    return replace(
        Settings(), net=NetShape(**numbers["net"]), weights=LossWeights(**numbers["weights"]), **plain
    )
