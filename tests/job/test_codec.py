import contextlib
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelbrush.job import (
    BatchProgress,
    BatchState,
    Colour,
    EncodeSettings,
    LedgerPage,
    Manifest,
    Media,
    Segment,
    Video,
    from_json,
    timestamps_hash,
    to_json,
)
from reelbrush.job.codec import read_document

COLOUR = Colour(1, 1, 1, False)


def manifest(segments: tuple[Segment, ...]) -> Manifest:
    rate = Fraction(30000, 1001)
    return Manifest(
        job="clip-0123456789",
        generation="index-1",
        media=Media("clip.mp4", False, 0, COLOUR),
        video=Video(0, "h264", 64, 48, "yuv420p", rate, Fraction(1, 90000), COLOUR),
        encode=EncodeSettings(64, 48, "yuv420p", COLOUR, Fraction(16, 11), Fraction(1, 30), 18),
        frame_count=sum(s.frame_count for s in segments),
        last_duration=3003,
        timestamps_blob="t",
        segments=segments,
        notes=("10 bit became 8 bit",),
    )


@given(st.lists(st.integers(1, 72), min_size=1, max_size=30), st.one_of(st.none(), st.integers()))
def test_manifests_survive_json(counts: list[int], seek: int | None) -> None:
    firsts = [sum(counts[:i]) for i in range(len(counts))]
    made = manifest(
        tuple(Segment(i, f, c, seek) for i, (f, c) in enumerate(zip(firsts, counts, strict=True)))
    )
    assert from_json(Manifest, to_json(made)) == made


def test_frame_rates_travel_as_fractions() -> None:
    assert to_json(manifest((Segment(0, 0, 1, None),)))["video"]["frame_rate"] == "30000/1001"


def test_enums_and_dicts_survive() -> None:
    progress = BatchProgress("r", BatchState.RUNNING, 1, 2, 48, 96, 1.5)
    page = LedgerPage(3, 48, "a", "b", 7, "run", {"infer": 1.5}, {"av": "18"})
    assert from_json(BatchProgress, to_json(progress)) == progress
    assert from_json(LedgerPage, to_json(page)) == page


def test_documents_of_other_releases_stay_readable() -> None:
    @dataclass(frozen=True)
    class Old:
        name: str
        added: int = 7

    assert from_json(Old, {"name": "x", "unknown": 1}) == Old("x")


@pytest.mark.parametrize("data", [{}, {"index": "0", "first_frame": 0, "frame_count": 1}, [], None])
def test_damaged_documents_are_refused(data: object) -> None:
    with pytest.raises(ValueError):
        from_json(Segment, data)


PAGE = to_json(LedgerPage(3, 48, "a", "b", 7, "run", {"infer": 1.5}, {"av": "18"}))
PROGRESS = to_json(BatchProgress("r", BatchState.RUNNING, 1, 2, 48, 96, 1.5))
MANIFEST = to_json(manifest((Segment(0, 0, 1, None),)))


@pytest.mark.parametrize(
    "change",
    [
        {"seconds": 5},
        {"seconds": [["infer", 1]]},
        {"seconds": [1]},
        {"seconds": {"infer": "long"}},
        {"seconds": {"infer": None}},
        {"seconds": {"infer": 10**400}},
        {"versions": None},
        {"versions": {"av": 18}},
        {"versions": {"av": {}}},
    ],
)
def test_pages_with_values_of_another_type_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        from_json(LedgerPage, PAGE | change)


@pytest.mark.parametrize(
    "rate", ["1/0", "0/0", 25, 0.5, None, [], {}, "", "1/-1", "nan", "1e999999999", "1_0"]
)
def test_fractions_without_sense_are_refused(rate: object) -> None:
    with pytest.raises(ValueError):
        from_json(Manifest, MANIFEST | {"video": MANIFEST["video"] | {"frame_rate": rate}})


@pytest.mark.parametrize("state", [None, 3, [], {}, "gone", [[[]]]])
def test_states_without_sense_are_refused(state: object) -> None:
    with pytest.raises(ValueError):
        from_json(BatchProgress, PROGRESS | {"state": state})


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from([(LedgerPage, PAGE), (BatchProgress, PROGRESS), (Manifest, MANIFEST)]), st.data())
def test_whatever_a_field_holds_only_value_error_is_raised(
    example: tuple[type, dict[str, Any]], data: st.DataObject
) -> None:
    kind, document = example
    field = data.draw(st.sampled_from(sorted(document)))
    hostile = document | {field: data.draw(values)}
    with contextlib.suppress(ValueError):
        from_json(kind, hostile)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "", "[", b"\xff\xfe\x00", "1" * 5000])
def test_texts_that_are_no_documents_are_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        read_document(LedgerPage, text)


def test_free_fields_hold_anything() -> None:
    @dataclass(frozen=True)
    class Card:
        provenance: dict[str, Any]

    assert from_json(Card, {"provenance": {"a": [1, None]}}) == Card({"a": [1, None]})


def test_the_timestamps_hash_is_of_little_endian_64_bit_values() -> None:
    import hashlib

    raw = (1).to_bytes(8, "little", signed=True) + (-2).to_bytes(8, "little", signed=True)
    assert timestamps_hash([1, -2]) == hashlib.sha256(raw).hexdigest()
