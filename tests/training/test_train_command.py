"""`reelbrush train`, all real but small: a random extractor, a few steps, 128 px."""

import json
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

torch = pytest.importorskip("torch", reason="torch is an extra: pip install '.[train]'")

from reelbrush.cli.main import main  # noqa: E402
from scoring.styles import load_style  # noqa: E402
from tests.conftest import ROOT  # noqa: E402
from tests.training.conftest import SMALL  # noqa: E402
from training.card import publish, update_measured  # noqa: E402
from training.command import settings_for, train  # noqa: E402
from training.curve import draw_curve  # noqa: E402
from training.export import painted_by_torch  # noqa: E402
from training.log import LossLog, read_log  # noqa: E402
from training.measure import Painter  # noqa: E402
from training.order import TrainOrder  # noqa: E402
from training.pace import MOST, PROBES, Pace  # noqa: E402
from training.recipe import Recipe  # noqa: E402
from training.report import open_report  # noqa: E402
from training.weights import read_style_net  # noqa: E402


def test_a_style_is_trained_and_published(order: TrainOrder) -> None:
    trained = train(order, open_report(quiet=True))
    assert trained.style == order.out and trained.step == 5
    card = json.loads((order.out / "card.json").read_text())
    provenance = card["provenance"]
    assert (card["name"], card["title"], card["size"]) == ("small-one", "Small One", "standard")
    assert "check before publishing" in card["license"] and "check" in provenance["legal_status"]
    assert provenance["content"]["sources"] == [{"source": "computed", "license": "CC0", "pictures": 2}]
    assert provenance["extractor"]["network"] == "VGG16, narrowed, ImageNet"
    assert provenance["steps"] == 5 and provenance["seed"] == 7 and provenance["started_from"] is None
    assert provenance["made_with"]["reelbrush"] and provenance["losses"]["style"] > 0
    assert card["measured"]["cpu_ms_per_frame_640x360"] > 0
    assert not [path for path in order.out.iterdir() if path.suffix == ".new"]
    for name in ("checkpoint.pt", "losses.csv", "curve.png", "preview.jpg", "00005-1.png"):
        assert (order.folder / name).stat().st_size > 0
    assert read_log(order.folder / "losses.csv")[-1]["step"] == 5
    assert not (order.folder / "1-enlarged.png").exists()
    # The product takes the style, and it paints what the network does.
    assert load_style("small-one", order.out.parent).load_model().graph.node
    model = order.out / "model.onnx"
    frames = np.random.default_rng(0).integers(0, 256, (2, 50, 61, 3), dtype=np.uint8)
    painted = Painter(model).paint(frames).astype(int)
    assert np.abs(painted - painted_by_torch(read_style_net(model), frames)).max() <= 1


def test_a_stopped_training_goes_on_to_the_same_end(order: TrainOrder, tmp_path: Path) -> None:
    train(order, open_report(quiet=True))
    other = replace(order, out=tmp_path / "styles" / "in-parts")
    asked = iter([False, False, True])
    stopped = train(other, open_report(quiet=True), lambda: next(asked))
    assert stopped.style is None and stopped.step == 2 and not other.out.exists()
    assert train(other, open_report(quiet=True)).step == 5
    whole, parts = (read_style_net(each.out / "model.onnx") for each in (order, other))
    for one, another in zip(whole.parameters(), parts.parameters(), strict=True):
        assert torch.equal(one, another)
    # A finished training is published again, not trained again; what others measured of it stays.
    update_measured(other.out, {"flicker": 1.5})
    assert train(other, open_report(quiet=True)).step == 5
    card = json.loads((other.out / "card.json").read_text())
    assert card["measured"]["flicker"] == 1.5 and card["measured"]["pan_rmse"] > 0


def test_a_training_is_not_continued_with_something_else(order: TrainOrder) -> None:
    train(replace(order, steps=1), open_report(quiet=True))
    train(replace(order, steps=2), open_report(quiet=True))
    for other, named in (
        (replace(order, painting=order.content[0] / "0.png"), "painting_sha256"),
        (replace(order, changes=(*SMALL, "weights.content=0.3")), "weights"),
        (replace(order, seed=8), "seed"),
    ):
        with pytest.raises(ValueError, match=named):
            train(other, open_report(quiet=True))


def test_a_style_begins_with_another_of_its_size(order: TrainOrder, tmp_path: Path) -> None:
    train(order, open_report(quiet=True))
    second = replace(order, out=tmp_path / "styles" / "second", styles=tmp_path / "styles", steps=1)
    train(replace(second, start_from="small-one"), open_report(quiet=True))
    started = json.loads((second.out / "card.json").read_text())["provenance"]["started_from"]
    assert (started["style"], started["steps"]) == ("small-one", 5)
    third = replace(order, out=tmp_path / "styles" / "third", steps=1)
    with pytest.raises(ValueError, match="another size"):
        train(replace(third, start_from="stained-glass"), open_report(quiet=True))
    with pytest.raises(FileNotFoundError, match="no style 'absent'"):
        train(replace(third, start_from="absent"), open_report(quiet=True))
    # What nobody asked for does not have to fit.
    train(replace(third, start_from=None), open_report(quiet=True))
    assert json.loads((third.out / "card.json").read_text())["provenance"]["started_from"] is None


def test_the_command_trains_on_a_clip_within_its_time(order: TrainOrder, clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "styles" / "by-command"
    words = ["train", "--painting", order.painting, "--content", clip, "--out", out, "--minutes", "0.05"]
    words += ["--extractor", order.extractor, "--start-from", "none", "--threads", "1"]
    words += ["--title", "By Command", "--painting-text", "A gradient", "--license", "MIT"]
    for change in SMALL:
        words += ["--set", change]
    done = CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "about 0.05 minutes" in done.output and str(out) in done.output and "1 CPU thread," in done.output
    card = json.loads((out / "card.json").read_text())
    assert (card["title"], card["license"]) == ("By Command", "MIT")
    assert card["description"] == "After A gradient."
    provenance = card["provenance"]
    assert provenance["content"]["videos"] == 1 and provenance["painting"] == "A gradient"
    assert PROBES < provenance["steps"] == provenance["settings"]["steps"] + 1
    assert "--painting-text 'A gradient'" in provenance["command"] and "/" not in provenance[
        "command"
    ].replace("styles/by-command", "")
    parsed = shlex.split(provenance["command"])
    assert parsed[:2] == ["reelbrush", "train"]
    assert "--content" in parsed and clip.name in parsed
    # The clip is too small to measure steadiness on it as it is.
    assert (tmp_path / "styles" / "by-command.training" / "frame-1-enlarged.png").exists()
    assert all(np.isfinite(number) for number in card["measured"].values())


def test_wrong_orders_end_with_a_reason(order: TrainOrder, tmp_path: Path) -> None:
    def run(out: str, *words: object) -> tuple[int, str]:
        usual = ["--content", order.content[0], "--extractor", order.extractor, "--steps", 1]
        usual += [*words, "--out", tmp_path / out]
        done = CliRunner().invoke(main, ["train", *map(str, usual)])
        return done.exit_code, done.output

    painting = ("--painting", order.painting)
    assert run("Not A Name", *painting)[0] == 2
    assert run("ok")[0] == 2
    notes = tmp_path / "notes.txt"
    notes.write_text("Nothing to see.\n")
    for words, said in (
        (("--painting", notes), "no picture"),
        ((*painting, "--content", notes), "not a video"),
        ((*painting, "--set", "nothing=1"), "no setting 'nothing'"),
        ((*painting, "--extractor", notes), "SqueezeNet_fp16"),
        ((*painting, "--start-from", "absent"), "no style 'absent'"),
    ):
        code, output = run("ok", *words)
        assert code == 1 and said in output, output
    assert not (tmp_path / "ok").exists()


def test_without_torch_the_command_says_what_to_install(order: TrainOrder, tmp_path: Path) -> None:
    words = ["train", "--painting", order.painting, "--content", order.content[0], "--out", tmp_path / "s"]
    code = f"""
import sys
sys.modules["torch"] = None
from reelbrush.cli.main import main
main({[str(word) for word in words]!r})
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "pip install 'reelbrush[train]'" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr


def test_publishing_needs_a_training(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no training"):
        publish(tmp_path, tmp_path / "out", [tmp_path / "photo.png"])
    with pytest.raises(FileNotFoundError, match=r"card\.json"):
        update_measured(tmp_path, {"flicker": 1})


@pytest.mark.parametrize("path", sorted((ROOT / "training" / "recipes").glob("*.json")), ids=lambda p: p.stem)
def test_shipped_recipes_are_read(path: Path, order: TrainOrder) -> None:
    recipe = Recipe.read(path)
    assert recipe.name == path.stem and recipe.description and recipe.legal_status
    asked = replace(order, recipe=path, changes=(), texts={"title": "Another"}, out=Path("styles/mine"))
    full = asked.full_recipe()
    assert (full.name, full.title, full.description) == ("mine", "Another", recipe.description)
    settings = settings_for(asked, full)
    assert (settings.seed, settings.steps) == (7, 4)


def test_a_wrong_recipe_is_named(tmp_path: Path) -> None:
    path = tmp_path / "recipe.json"
    for text in ("{}", "[]", "not json", '{"name": 3}', '{"settings": "steps=3"}'):
        path.write_text(text)
        with pytest.raises(ValueError, match=r"recipe\.json"):
            Recipe.read(path)


def test_the_plan_follows_from_the_pace() -> None:
    pace = Pace(budget=1000.0)
    spent, done, planned = 40.0, 0, 2500
    for _ in range(PROBES + 1):
        assert pace.plan(done, planned, spent) is None
        # The first step of a session warms things up and says nothing.
        pace.took(9.0 if done == 0 else 0.5)
        spent, done = spent + 0.5, done + 1
    planned = pace.plan(done, planned, spent) or 0
    assert planned == done + int((1000 - spent) / 0.5)
    # Half way another program takes half of the machine.
    while done < planned:
        took = 0.5 if done < planned / 2 else 1.0
        pace.took(took)
        spent, done = spent + took, done + 1
        planned = pace.plan(done, planned, spent) or planned
    assert 950 < spent < 1040


def test_a_fast_device_is_done_early_and_fixed_steps_stay() -> None:
    fast, fixed = Pace(budget=3600.0), Pace(budget=None)
    for _ in range(PROBES + 1):
        fast.took(0.01)
        fixed.took(0.01)
    assert fast.plan(PROBES + 1, 2500, 1.0) == MOST
    assert fixed.plan(PROBES + 1, 2500, 1.0) is None and fixed.seconds_per_step == pytest.approx(0.01)


def test_a_log_is_continued_where_the_training_is(tmp_path: Path) -> None:
    log = LossLog(tmp_path, 0)
    log.add(20, 1.0, {"colour": 0.5})
    log.add(40, 2.0, {"colour": 0.25, "style": 3.0})
    log.add(60, 3.0, {"colour": 0.2, "style": 2.0})
    LossLog(tmp_path, 45).add(50, 2.5, {"colour": 0.22, "style": 2.5})
    rows = read_log(log.path)
    assert [row["step"] for row in rows] == [20, 40, 50]
    assert "style" not in rows[0] and rows[2]["style"] == 2.5
    draw_curve(log.path, tmp_path / "curve.png")
    with Image.open(tmp_path / "curve.png") as curve:
        assert len(curve.getcolors(1 << 20) or []) > 3
