"""Whatever a build does wrong, and whatever is changed in between, no wrong video is published."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from reelbrush.job import Options
from tests.torture.broken_builds.artefacts import ARTEFACTS
from tests.torture.broken_builds.broken import Broken
from tests.torture.broken_builds.line import FILM, Line, make_film
from tests.torture.broken_builds.painting import PAINTING
from tests.torture.broken_builds.stitching import STITCHING
from tests.torture.toll import Toll

ALL = (*PAINTING, *ARTEFACTS, *STITCHING)
OTHER_STYLE = "halftone"


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> tuple[Line, Line, str]:
    """A job that is split, the same one scored, and the sha256 of its output."""
    base = tmp_path_factory.mktemp("lines")
    make_film(base / "split" / "store" / "input" / FILM)
    make_film(base / "film" / "store" / "input" / FILM, pattern="testsrc")
    for name in ("style", "options", "careful"):
        shutil.copytree(base / "split", base / name)
    others = {
        "film": Line(base / "film"),
        "style": Line(base / "style", style=OTHER_STYLE),
        "options": Line(base / "options", options=Options(crf=30)),
        "careful": Line(base / "careful"),
    }
    for name, other in others.items():
        assert other.split(careful=name == "careful") == "" and other.score(1) == ""
    split = Line(base / "split", others=others)
    assert split.split() == ""
    scored = split.copy(base / "scored")
    assert scored.score(1) == ""
    whole = scored.copy(base / "whole").rounds(score_first=False)
    assert len(whole) == 64, whole
    return split, scored, whole


def verdict(broken: Broken, lines: tuple[Line, Line, str], folder: Path) -> str:
    """Return what is wrong with how a broken build ended, "" for nothing."""
    split, scored, whole = lines
    paints = broken.before_scoring is not None or broken.painting is not Broken("").painting
    line = (split if paints else scored).copy(folder)
    for change in (broken.before_scoring, broken.after_scoring):
        if change is not None:
            change(line)
            line.struck += 1
    ended = line.rounds(broken.painting, broken.stitching, score_first=paints)
    outputs = line.published()
    shutil.rmtree(folder)
    if not line.struck:
        return "nothing was broken"
    if ended == whole:
        return "nobody noticed, and it changed nothing" if broken.lasts else ""
    if len(ended) == 64:
        return "a wrong video was published"
    return f"it failed with {ended}, but left {outputs}" if outputs else ""


def test_names_are_told_apart() -> None:
    assert len({broken.name for broken in ALL}) == len(ALL) >= 40


@pytest.mark.torture("broken builds and changed work", full=len(ALL), slice=12)
def test_no_wrong_video_is_published(toll: Toll, tmp_path: Path, lines: tuple[Line, Line, str]) -> None:
    chosen = list(ALL)
    if toll.tries < len(ALL):
        chosen = random.Random(toll.seeds().start).sample(chosen, toll.tries)
    for number, broken in enumerate(chosen):
        wrong = verdict(broken, lines, tmp_path / str(number))
        if wrong:
            toll.lost(f"{broken.name}: {wrong}")
        else:
            toll.survived()
