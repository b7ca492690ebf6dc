"""A small network that learns from a trained one comes near to it, and its card says who taught it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

torch = pytest.importorskip("torch", reason="torch is an extra: pip install '.[train]'")

from tests.conftest import ROOT  # noqa: E402
from tests.training.conftest import SMALL  # noqa: E402
from training.__main__ import main  # noqa: E402
from training.card_file import read_card, write_card  # noqa: E402
from training.command import train  # noqa: E402
from training.content import open_content  # noqa: E402
from training.distil import Apprentice, imitation  # noqa: E402
from training.extractors import open_extractor  # noqa: E402
from training.log import read_log  # noqa: E402
from training.net import NetShape, StyleNet  # noqa: E402
from training.order import TrainOrder  # noqa: E402
from training.provenance import describe_start  # noqa: E402
from training.recipe import taught_recipe  # noqa: E402
from training.report import open_report  # noqa: E402
from training.settings import Settings, changed  # noqa: E402
from training.weights import read_style_net  # noqa: E402


def _distil(order: TrainOrder, teacher: Path, steps: int = 2) -> Result:
    """The command, for the order's painting and content; it makes `small-draft` beside the teacher."""
    paths = ("--painting", order.painting, "--content", order.content[0], "--extractor", order.extractor)
    words = [teacher, "--out", order.out.with_name("small-draft"), *paths, "--steps", steps]
    changes = [word for change in SMALL for word in ("--set", change)]
    return CliRunner().invoke(main, ["distil", *map(str, words), *changes])


def test_an_even_difference_counts_once_and_edges_count_more() -> None:
    shown = torch.zeros(1, 3, 8, 8)
    assert float(imitation(shown, shown)) == 0
    even, striped = shown + 0.1, shown.clone()
    striped[..., ::2] = 0.2
    assert float(imitation(even, shown)) == pytest.approx(0.1)
    assert float(imitation(striped, shown)) > 3 * float(imitation(even, shown))


def test_the_warm_up_brings_a_small_network_near_to_its_teacher(order: TrainOrder, tmp_path: Path) -> None:
    torch.manual_seed(1)
    teacher = StyleNet(NetShape(6, 12, 2, 6))
    torch.nn.init.normal_(teacher.paint.weight, std=0.1)
    settings = changed((*SMALL, "warmup_steps=60"), Settings())
    content = open_content(order.content)
    assert order.extractor is not None
    extractor = open_extractor(order.extractor)
    apprentice = Apprentice(settings, order.painting, content, extractor, tmp_path, teacher=teacher)
    crops = content.crops(4, 128, np.random.default_rng(0))

    def distance() -> float:
        with torch.no_grad():
            return float(imitation(apprentice.net(crops), teacher(crops).clamp(0, 1)))

    before, taught = distance(), [weight.clone() for weight in teacher.parameters()]
    for _ in range(60):
        apprentice.take_step()
    assert distance() < before / 2
    assert set(apprentice.averages) == {"teacher"}
    assert all(torch.equal(one, other) for one, other in zip(taught, teacher.parameters(), strict=True))


def test_one_command_makes_a_style_that_names_its_teacher(order: TrainOrder) -> None:
    train(replace(order, texts={"title": "Gradient", "license": "CC0-1.0"}), open_report(quiet=True))
    done = _distil(order, order.out)
    assert done.exit_code == 0, done.output
    draft = order.out.with_name("small-draft")
    card, teacher = read_card(draft), read_card(order.out)
    assert (card["name"], card["title"], card["size"]) == ("small-draft", "Gradient (draft)", "draft")
    assert card["license"] == "CC0-1.0" and "learned it from small-one" in card["description"]
    provenance = card["provenance"]
    assert provenance["taught_by"]["style"] == "small-one" and provenance["started_from"] is None
    assert provenance["taught_by"]["model_sha256"] == teacher["model"]["sha256"]
    assert provenance["painting"] == teacher["provenance"]["painting"]
    assert provenance["command"].startswith(
        "python -m training distil styles/small-one --painting painting.png"
    )
    assert describe_start(draft / "model.onnx")["taught_by"] == provenance["taught_by"]
    assert "teacher" not in teacher["provenance"]["losses"] and "taught_by" not in teacher["provenance"]
    # After the warm-up the painting's losses join the teacher's.
    last = read_log(draft.with_name("small-draft.training") / "losses.csv")[-1]
    assert last["step"] == 3 and last["teacher"] > 0 and last["style"] > 0
    assert read_style_net(draft / "model.onnx").shape == NetShape(4, 8, 1, 4)


def test_the_title_tells_the_size_of_the_learner() -> None:
    card = read_card(ROOT / "styles" / "starry-night")
    recipe = taught_recipe(card, "other", "standard")
    assert recipe.title == "Starry Night (standard)" and recipe.size == "standard"
    assert taught_recipe(card, "other", None).size == card["size"]


def test_another_teacher_is_another_training(order: TrainOrder) -> None:
    train(order, open_report(quiet=True))
    assert _distil(order, order.out).exit_code == 0
    other = order.out.with_name("other")
    shutil.copytree(order.out, other)
    card = json.loads((other / "card.json").read_text())
    write_card(other, card | {"name": "other"})
    refused = _distil(order, other)
    assert refused.exit_code == 1 and "another teacher" in refused.output


def test_a_teacher_whose_card_tells_nothing_is_refused(order: TrainOrder) -> None:
    train(order, open_report(quiet=True))
    write_card(order.out, read_card(order.out) | {"provenance": {}})
    refused = _distil(order, order.out)
    assert refused.exit_code == 1 and "the card of small-one does not tell" in refused.output
