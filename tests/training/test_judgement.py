"""What is measured of a finished style ends up in its card."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from tests.training.conftest import SMALL  # noqa: E402
from training.command import train  # noqa: E402
from training.gates import LIMITS  # noqa: E402
from training.judgement import judge_style, settings_of  # noqa: E402
from training.order import TrainOrder  # noqa: E402
from training.report import open_report  # noqa: E402
from training.settings import Settings, changed  # noqa: E402


@pytest.mark.slow
def test_a_style_is_judged_and_its_card_says_so(order: TrainOrder) -> None:
    done = train(replace(order, steps=2), open_report())
    assert done.style is not None and order.extractor is not None
    photo = sorted(order.content[0].glob("*.png"))[0]
    measured = judge_style(done.style, order.painting, order.extractor, order.content, [photo], steps=2)
    card = json.loads((done.style / "card.json").read_text())
    assert card["measured"].items() >= json.loads(json.dumps(measured)).items()
    assert set(measured["gates"]) == set(LIMITS.as_dict())
    assert measured["optimisation"]["steps"] == 2 and measured["optimisation"]["style_ratio"] > 0
    assert measured["flicker_sample_clip"] > 0


def test_a_cards_settings_are_read_back() -> None:
    settings = changed((*SMALL, "weights.content=0.31", "net.body=32"))
    assert settings_of(json.loads(json.dumps(settings.as_dict()))) == settings


def test_settings_that_an_older_card_lacks_have_their_defaults() -> None:
    numbers = json.loads(json.dumps(Settings().as_dict()))
    del numbers["colour_cell"], numbers["weights"]["lattice"]
    assert settings_of(numbers | {"gone": 1}) == Settings()
