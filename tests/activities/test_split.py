"""What split refuses before it looks at the source."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from activities.services import Services
from activities.split import split
from reelbrush.job import Options
from tests.activities.test_stitch import JOB, NAMES, to

__all__ = ["to"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (Options(crf=99), "crf is an integer 0..51, not 99"),
        (Options(strength=Fraction(3, 2)), "strength is a number 0..1"),
        (Options(mix_share=Fraction(1, 2)), "need a second style in mix"),
        (Options(mix="../night"), "mix is the name of a style"),
    ],
)
def test_options_of_other_origin_are_checked_again(to: Services, options: Options, words: str) -> None:
    to.store.delete("work", NAMES.manifest)
    answer = split(to, replace(JOB, options=options), careful=False)
    assert answer["error"]["code"] == "options" and words in answer["error"]["message"]
    assert to.store.stat("work", NAMES.manifest) is None


@pytest.mark.parametrize("wish", [{"style": "no-such"}, {"options": Options(mix="no-such")}])
def test_a_style_that_nobody_has_costs_no_node(to: Services, wish: dict[str, Any]) -> None:
    to.store.delete("work", NAMES.manifest)
    error = split(to, replace(JOB, **wish), careful=False)["error"]
    assert error["code"] == "style" and "no style 'no-such'" in error["message"]
    assert "great-wave" in error["message"], "what there is instead"
