"""Wishes on the command line and in side-cars: used, or refused with every reason."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner

from function_app.asked import job_of_upload
from reelbrush.cli.main import main
from reelbrush.errors import StoreError
from reelbrush.job import Options, job_id
from reelbrush.settings import Settings
from reelbrush.store import FolderStore

SETTINGS = Settings(store="folder:/nowhere")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--strength", "1.5", "--mix-share", "x"], ["strength is a number 0..1", "mix_share is a number"]),
        (["--mix", "great-wave", "--fade", "5"], ["fade_end is a time like 90, 1:30 or 00:01:30.500"]),
        (["--mix", "great-wave", "--fade", "5-4"], ["fade_end is before fade_start"]),
        (["--fade", "1-2"], ["need a second style"]),
        (["--mix", "no-such-style"], ["there is no style 'no-such-style'"]),
        (["--precision", "int4"], ["'int4' is not one of 'float32', 'int8'"]),
    ],
)
def test_wishes_that_cannot_be_are_wrong_usage(
    tmp_path: Path, clip: Path, arguments: list[str], words: list[str]
) -> None:
    done = CliRunner().invoke(main, ["run", str(clip), "-o", str(tmp_path / "out.mp4"), *arguments])
    assert done.exit_code == 2
    for word in words:
        assert word in done.output
    assert list(tmp_path.iterdir()) == []


def test_a_style_without_the_precision_is_wrong_usage(
    tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards = {"plain": {}, "both": {"variants": {"int8": {"file": "model-int8.onnx", "sha256": "0"}}}}
    for name, card in cards.items():
        (tmp_path / "styles" / name).mkdir(parents=True)
        (tmp_path / "styles" / name / "card.json").write_text(json.dumps(card))
    monkeypatch.setattr("reelbrush.cli.styles.styles_folder", lambda: tmp_path / "styles")
    command = ["run", str(clip), "-o", str(tmp_path / "out.mp4"), "--precision", "int8"]
    for style in (["--style", "plain"], ["--style", "both", "--mix", "plain"]):
        done = CliRunner().invoke(main, [*command, *style])
        assert done.exit_code == 2
        assert "style plain has no int8 variant; those that have are both, identity. Use" in done.output
    listed = json.loads(CliRunner().invoke(main, ["styles", "--json"]).output)
    assert [line["precisions"] for line in listed if line["name"] == "both"] == [["float32", "int8"]]


@pytest.mark.parametrize("card", ['{"name"', "[1]", "[" * 100_000, b"\xff\xfe{"])
def test_a_broken_card_is_named(
    tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch, card: str | bytes
) -> None:
    path = tmp_path / "styles" / "half-written" / "card.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(card if isinstance(card, bytes) else card.encode())
    monkeypatch.setattr("reelbrush.cli.styles.styles_folder", lambda: tmp_path / "styles")
    for command in (["styles"], ["run", str(clip), "-o", str(tmp_path / "out.mp4"), "--style", "identity"]):
        done = CliRunner().invoke(main, command)
        assert done.exit_code == 1 and isinstance(done.exception, SystemExit)
        assert "style half-written: " in done.output and "Correct the card" in done.output


def beside(folder: Path, document: object) -> FolderStore:
    store = FolderStore(folder)
    store.put_bytes("input", "clip.mp4", b"film")
    store.put_bytes("input", "clip.mp4.json", json.dumps(document).encode())
    return store


def test_a_side_car_asks_for_all_options(tmp_path: Path) -> None:
    wishes = {
        **{"crf": 20, "strength": 0.25, "preserve_color": True, "mix": "great-wave", "mix_share": 0.5},
        **{"fade_start": "1:30", "fade_end": "00:01:31.500"},
    }
    store = beside(tmp_path, {"style": "starry-night", "options": wishes})
    source = store.stat("input", "clip.mp4")
    assert source is not None
    job = job_of_upload(store, SETTINGS, source)
    assert job.options == Options(
        crf=20,
        strength=Fraction(1, 4),
        preserve_color=True,
        mix="great-wave",
        mix_share=Fraction(1, 2),
        fade_start_ms=90_000,
        fade_end_ms=91_500,
    )
    assert job.id == job_id(source, "starry-night", job.options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sharpen": 1, "strength": 2}, ["no option 'sharpen'", "known are crf", "strength is a number"]),
        ({"mix": "great-wave", "fade_end": "1"}, ["fade_start and fade_end go together"]),
        (["strength"], ["options is an object"]),
        ([], ["options is an object"]),
        (False, ["options is an object"]),
    ],
)
def test_a_side_car_that_cannot_be_is_told(tmp_path: Path, options: object, words: list[str]) -> None:
    store = beside(tmp_path, {"options": options})
    source = store.stat("input", "clip.mp4")
    assert source is not None
    with pytest.raises(StoreError) as told:
        job_of_upload(store, SETTINGS, source)
    assert (told.value.code, told.value.retryable) == ("side-car", False)
    for word in words:
        assert word in str(told.value)
