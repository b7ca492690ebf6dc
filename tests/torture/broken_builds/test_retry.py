"""A job that failed for changed work ends with the right video when it is asked for again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture.broken_builds.artefacts import CHANGED
from tests.torture.broken_builds.line import FILM, Line, make_film


@pytest.mark.parametrize("name", ["the manifest wants another quality", "two times are exchanged"])
def test_what_was_changed_is_split_anew_by_a_retry(tmp_path: Path, name: str) -> None:
    make_film(tmp_path / "job" / "store" / "input" / FILM)
    line = Line(tmp_path / "job")
    assert line.split() == "" and line.score(1) == ""
    whole = line.copy(tmp_path / "whole").rounds(score_first=False)
    dict(CHANGED)[name](line)
    assert line.rounds(score_first=False) == "damaged" and not line.published()
    assert line.split() == ""
    assert line.rounds() == whole
