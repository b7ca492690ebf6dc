"""Options: the same wish in any spelling is the same job; everything that cannot be is said at once."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelbrush.job import BlobRef, Job, Options, from_json, job_id, option_problems, parse_options, to_json
from reelbrush.job.options import canonical_options
from reelbrush.job.wishes import chosen_wishes, milliseconds, timecode, wishes_of

SOURCE = BlobRef("input", "clip.mp4", "0x8D", 10)

HALF = Fraction(1, 2)
SHARES = st.integers(0, 1000).map(lambda n: Fraction(n, 1000))
TIMES = st.integers(0, 359_999_999)


@st.composite
def options(draw: st.DrawFn) -> Options:
    plain = Options(
        hdr=draw(st.sampled_from(["tonemap", "refuse"])),
        crf=draw(st.integers(0, 51)),
        strength=draw(SHARES),
        preserve_color=draw(st.booleans()),
        precision=draw(st.sampled_from(["float32", "int8"])),
    )
    if draw(st.booleans()):
        return plain
    fade = sorted([draw(TIMES), draw(TIMES)]) if draw(st.booleans()) else [None, None]
    return replace(
        plain,
        mix=draw(st.from_regex(r"[a-z0-9][a-z0-9-]{0,9}", fullmatch=True)),
        mix_share=draw(SHARES),
        fade_start_ms=fade[0],
        fade_end_ms=fade[1],
    )


@given(options())
def test_options_survive_their_documents(chosen: Options) -> None:
    assert option_problems(chosen) == []
    assert parse_options(json.loads(json.dumps(wishes_of(chosen)))) == chosen
    assert parse_options(json.loads(json.dumps(chosen_wishes(chosen)))) == chosen
    job = Job("a-0123456789", SOURCE, "wave", chosen)
    assert from_json(Job, json.loads(json.dumps(to_json(job)))) == job


def test_only_what_was_wished_is_shown_and_hashed() -> None:
    assert chosen_wishes(Options()) == {}
    options = Options(strength=Fraction(3, 5), mix="night", mix_share=HALF, precision="int8", crf=20)
    shown = {"crf": 20, "strength": 0.6, "mix": "night", "mix_share": 0.5, "precision": "int8"}
    assert chosen_wishes(options) == shown
    assert canonical_options(Options()) == {"hdr": "tonemap", "crf": 18}
    assert canonical_options(Options(precision="int8"))["precision"] == "int8"


def test_options_of_earlier_releases_are_read() -> None:
    job = {"id": "a", "source": to_json(SOURCE), "style": "wave", "options": {"hdr": "refuse", "crf": 20}}
    assert from_json(Job, job).options == Options(hdr="refuse", crf=20)
    assert parse_options({}) == Options() == parse_options({"hdr": "tonemap", "crf": 18, "mix": None})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"strength": 1}, {}),
        ({"strength": 1.0}, {"strength": "1"}),
        ({"strength": 0.5}, {"strength": ".500"}),
        ({"strength": 0.5}, {"strength": "1/2"}),
        ({"strength": 1 / 3}, {"strength": "0.333"}),
        ({"strength": 0.00004}, {"strength": "0"}),  # JSON writes it 4e-05
        ({"mix": "night"}, {"mix": "night", "mix_share": 0.5}),
        (
            {"mix": "night", "fade_start": "90", "fade_end": "1:30.5"},
            {"mix": "night", "fade_start": "00:01:30", "fade_end": 90.5, "mix_share": 1},
        ),
    ],
)
def test_the_same_wish_is_the_same_job(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert job_id(SOURCE, "wave", parse_options(one)) == job_id(SOURCE, "wave", parse_options(other))


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"sharpen": 1}, ["no option 'sharpen'", "known are crf, fade_end, fade_start, hdr, mix"]),
        ({"crf": "best"}, ["crf is an integer 0..51"]),
        ({"crf": True}, ["crf is an integer 0..51"]),
        ({"hdr": ["refuse"]}, ["hdr is tonemap or refuse"]),
        ({"strength": 1.5, "mix_share": -0.1}, ["strength is a number 0..1", "mix_share is a number 0..1"]),
        ({"strength": 1.0001}, ["strength is a number 0..1"]),
        ({"strength": float("nan")}, ["strength is a number 0..1"]),
        ({"strength": "1/0"}, ["strength is a number 0..1"]),
        ({"strength": True, "preserve_color": "yes"}, ["strength is a number", "preserve_color is true or"]),
        ({"precision": "int4"}, ["precision is float32 or int8, not 'int4'"]),
        ({"mix": "../x"}, ["mix is the name of a style"]),
        ({"mix": 7}, ["mix is the name of a style"]),
        ({"mix_share": 0.5}, ["need a second style in mix"]),
        ({"fade_start": "1", "fade_end": "2"}, ["need a second style in mix"]),
        ({"mix": "a", "fade_start": "1"}, ["fade_start and fade_end go together"]),
        ({"mix": "a", "fade_start": "0:03", "fade_end": "2.9"}, ["fade_end is before fade_start"]),
        ({"mix": "a", "fade_start": "soon", "fade_end": "1:75"}, ["fade_start is a", "fade_end is a time"]),
    ],
)
def test_problems_are_told_together(wishes: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ValueError) as told:
        parse_options(wishes)
    for word in words:
        assert word in str(told.value)


def test_values_nested_as_deep_as_json_reads_them_are_told() -> None:
    for depth in range(5, sys.getrecursionlimit()):
        try:
            value = json.loads("[" * depth + "]" * depth)
        except RecursionError:
            break
        with pytest.raises(ValueError, match=r"hdr is tonemap or refuse, not \[\["):
            parse_options({"hdr": value})


def test_what_could_not_be_read_is_not_called_missing() -> None:
    with pytest.raises(ValueError, match=r"^fade_start is a time .*'soon'$"):
        parse_options({"mix": "a", "fade_start": "soon", "fade_end": "2"})


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("0", 0),
        ("90", 90_000),
        ("1:30", 90_000),
        ("00:01:30.500", 90_500),
        ("2.05", 2050),
        ("100:00:00", 360_000_000),
    ],
)
def test_timecodes(text: str, time: int) -> None:
    assert milliseconds(text) == time == milliseconds(timecode(time))


@pytest.mark.parametrize("text", ["", "-1", "1:60", "1:2:3:4", "1.2345", "1e3", "90:", "٣", "1,5"])
def test_what_is_no_timecode(text: str) -> None:
    with pytest.raises(ValueError):
        milliseconds(text)
