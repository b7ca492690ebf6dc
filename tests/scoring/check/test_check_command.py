"""`reelbrush check-style`: exit codes, what it prints, and the style folder that it writes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result
from onnx import ModelProto

from reelbrush.cli.main import main
from scoring.check.card import THUMBNAIL
from scoring.check.examine import check_model
from scoring.probe import open_session, probe_picture
from scoring.styles import load_style
from tests.scoring.check.sketch import Sketch, planes_painter
from tests.scoring.check.zoo import ZOO


def model_file(folder: Path, name: str) -> Path:
    model = ZOO[name].model()
    path = folder / "model of mine.onnx"
    path.write_bytes(model.SerializeToString() if isinstance(model, ModelProto) else model)
    return path


def check(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["check-style", *map(str, arguments)])


def test_an_accepted_model_becomes_a_style(tmp_path: Path) -> None:
    file, out = model_file(tmp_path, "fixed by ConvTranspose"), tmp_path / "styles" / "soft-night"
    done = check(file, "--out", out, "--title", "Soft night", "--license", "CC BY 4.0")
    assert done.exit_code == 0, done.output
    assert done.output.startswith("accepted  model of mine.onnx")
    assert "changed   ConvTranspose" in done.output and f"written   {out}" in done.output
    card = json.loads((out / "card.json").read_text())
    assert card["title"] == "Soft night" and card["license"] == "CC BY 4.0"
    assert card["model"]["sha256"] == hashlib.sha256((out / "model.onnx").read_bytes()).hexdigest()
    assert card["provenance"]["source_sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert {"name": "layout", "value": "NCHW", "how": "declared"} in card["check"]["facts"]
    assert card["check"]["versions"]["onnxruntime"] and card["check"]["changes"]
    session = open_session(load_style("soft-night", out.parent))
    assert session.paint(probe_picture(53, 77)).shape == (1, 53, 77, 3)
    for name in ("before", "after"):
        with av.open(out / f"{name}.jpg") as jpeg:
            stream = jpeg.streams.video[0]
            assert 0 < stream.width <= THUMBNAIL[0] and 0 < stream.height <= THUMBNAIL[1]


def test_a_file_that_needs_no_change_is_kept_as_it_is(tmp_path: Path) -> None:
    file, out = model_file(tmp_path, "tanh"), tmp_path / "tanh"
    assert check(file, "--out", out).exit_code == 0
    assert (out / "model.onnx").read_bytes() == file.read_bytes()
    card = json.loads((out / "card.json").read_text())
    assert card["title"] == "Tanh" and card["license"] == "CC0-1.0"


def test_a_refused_model_says_why_and_what_to_do(tmp_path: Path) -> None:
    file, out = model_file(tmp_path, "x4"), tmp_path / "x4"
    done = check(file, "--out", out)
    assert done.exit_code == 1 and not out.exists()
    assert "refused   model of mine.onnx [scale]" in done.output
    assert "reason    it enlarges pictures 4 times" in done.output and "fix       " in done.output
    document = json.loads(check(file, "--json").output)
    assert document["code"] == "scale" and document["file"] == "model of mine.onnx"


def test_json_of_an_accepted_model(tmp_path: Path) -> None:
    out = tmp_path / "style"
    done = check(model_file(tmp_path, "BGR means"), "--json", "--out", out)
    document = json.loads(done.output)
    assert document["contract"]["channels"] == "BGR" and document["written"] == str(out)
    stated = check(model_file(tmp_path, "BGR means"), "--json", "--channels", "RGB", "--range", "0", "255")
    assert json.loads(stated.output)["contract"]["channels"] == "RGB"


def test_wrong_usage(tmp_path: Path) -> None:
    file = model_file(tmp_path, "tanh")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "card.json").write_text("{}")
    (tmp_path / "words.jpg").write_text("words")
    for arguments, words in (
        ([tmp_path / "none.onnx"], "does not exist"),
        ([file, "--out", tmp_path / "taken"], "not empty"),
        ([file, "--out", tmp_path / "Not A Name"], "not a style name"),
        ([file, "--out", tmp_path / "identity"], "built-in"),
        ([file, "--picture", tmp_path / "words.jpg"], "not a picture"),
        ([file, "--channels", "YUV"], "YUV"),
        ([file, "--range", "1", "0"], "--range 1 0 is no range"),
        ([file, "--range", "0", "nan"], "is no range"),
        ([file, "--output-range", "5", "5"], "--output-range 5 5 is no range"),
    ):
        done = check(*arguments)
        assert done.exit_code == 2 and words in done.output, done.output


def test_thumbnails_of_a_picture_of_ones_own(tmp_path: Path) -> None:
    picture = tmp_path / "red.png"
    with av.open(str(picture), "w", format="image2") as file:
        stream = file.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = 800, 400, "rgb24"
        pixels = np.full((400, 800, 3), (200, 30, 20), np.uint8)
        file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        file.mux(stream.encode(None))
    out = tmp_path / "red"
    assert check(model_file(tmp_path, "identity"), "--out", out, "--picture", picture).exit_code == 0
    with av.open(out / "before.jpg") as jpeg:
        frame = next(jpeg.decode(video=0))
        assert (frame.width, frame.height) == (320, 160)
        assert np.abs(frame.to_ndarray(format="rgb24").mean((0, 1)) - (200, 30, 20)).max() < 4


def test_bytes_have_one_range(tmp_path: Path) -> None:
    done = check(model_file(tmp_path, "bytes"), "--range", "0", "1", "--out", tmp_path / "style")
    assert done.exit_code == 1 and "Leave --range out" in done.output
    assert not (tmp_path / "style").exists()


@pytest.mark.logs_errors
def test_a_style_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    sketch = Sketch()
    sides = sketch.constant([0, 0, 8, 8, 0, 0, 8, 8], np.int64)
    ends = (sketch.constant(each, np.int64) for each in ([8, 8], [-8, -8], [2, 3]))
    model = sketch.model(sketch.add("Slice", sketch.add("Pad", "x", sides, mode="reflect"), *ends))
    file, picture, out = tmp_path / "m.onnx", tmp_path / "p.png", tmp_path / "styles" / "mirror"
    file.write_bytes(model.SerializeToString())
    picture.write_bytes(cv2.imencode(".png", np.full((2, 2, 3), 90, np.uint8))[1].tobytes())
    done = check(file, "--out", out, "--picture", picture)
    assert done.exit_code == 2 and "pictures of (1, 2, 2, 3)" in done.output
    assert not list(out.parent.iterdir())
    assert check(file, "--out", out).exit_code == 0
    assert [path.name for path in out.parent.iterdir()] == ["mirror"]


def test_words_of_the_file_cannot_steer_a_terminal(tmp_path: Path) -> None:
    file, license_text = tmp_path / "m\x1b[2J.onnx", "MIT\x1b]0;x\x07\nwarning   forged"
    model = planes_painter(0, 255, metadata={"license": license_text})
    file.write_bytes(model.SerializeToString())
    done = check(file, "--out", tmp_path / "style")
    assert done.exit_code == 0 and all(letter.isprintable() for letter in done.output.replace("\n", ""))
    assert json.loads((tmp_path / "style" / "card.json").read_text())["license"] == "MIT]0;x warning forged"


@pytest.mark.parametrize("seed", range(12))
def test_damaged_files_are_refused_or_accepted_and_nothing_else(seed: int) -> None:
    model = ZOO[["planes 0..255", "fixed by Resize", "instance norm"][seed % 3]].model()
    assert isinstance(model, ModelProto)
    data, random = bytearray(model.SerializeToString()), np.random.default_rng(seed)
    for position in random.integers(0, len(data), 3):
        data[position] = random.integers(0, 256)
    verdict = check_model(bytes(data[: len(data) - seed % 2 * 40]))
    assert verdict.accepted or (verdict.reason and verdict.fix)
