"""Shipped styles are steady: on the sample film they flicker at most half as much as per-frame models do."""

from __future__ import annotations

from itertools import islice

import pytest

from reelbrush.sample import make_sample
from scoring.film import open_film
from scoring.flicker import FlickerTally, frame_pairs
from scoring.flow import Picture
from scoring.probe import open_session
from scoring.styles import SHIPPED, load_style

# Measured on the same six frames: the mean of the six public models that benchmarks/flicker.py knows, by name
# udnie 3.3, wave 4.7 (dynamic size); udnie 6.9, candy 9.4, la_muse 11.4, mosaic 12.2 (of 720 x 720)
PUBLIC_MODELS = 8.0
FRAMES = 6


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> list[Picture]:
    path = tmp_path_factory.mktemp("sample") / "sample.mp4"
    make_sample(path, 1)
    return list(islice(open_film(path).frames(), FRAMES))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(card.parent.name for card in SHIPPED.glob("*/card.json")))
def test_a_shipped_style_is_steady(name: str, film: list[Picture]) -> None:
    session = open_session(load_style(name), "cpu")
    tally = FlickerTally()
    for pair in frame_pairs((frame, session.paint(frame[None])[0]) for frame in film):
        tally.add(pair.flicker)
    assert tally.score is not None and tally.score.pairs == FRAMES - 1
    assert tally.score.ratio <= PUBLIC_MODELS / 2
