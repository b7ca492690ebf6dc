"""What stitching believes: nothing that its hash does not prove."""

from __future__ import annotations

import hashlib
import json
from array import array
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.services import Services, read_timestamps
from activities.stitch import ranges, stitch, unproven
from reelbrush.compute.local import LocalCompute
from reelbrush.errors import StoreError
from reelbrush.job import (
    BlobRef,
    Colour,
    EncodeSettings,
    Job,
    LedgerPage,
    Manifest,
    Media,
    Segment,
    Video,
    WorkNames,
    timestamps_hash,
    to_json,
)
from reelbrush.job.names import WORK
from reelbrush.settings import Settings
from reelbrush.store import FolderStore

SOURCE = b"film"
JOB = Job("clip-0123456789", BlobRef("input", "clip.mp4", "", len(SOURCE)), "identity")
NAMES = WorkNames(JOB.id)
TIMES = array("q", [0, 10, 25, 30])
COLOUR = Colour(1, 1, 1, False)
MANIFEST = Manifest(
    job=JOB.id,
    generation="g",
    media=Media("clip.mp4", False, 0, COLOUR),
    video=Video(0, "h264", 16, 16, "yuv420p", Fraction(25), Fraction(1, 100), COLOUR),
    encode=EncodeSettings(16, 16, "yuv420p", COLOUR, Fraction(1), Fraction(1, 25), 18),
    frame_count=4,
    last_duration=4,
    timestamps_blob=NAMES.timestamps("g"),
    segments=(Segment(0, 0, 2), Segment(1, 2, 2)),
)


@pytest.fixture
def to(tmp_path: Path) -> Services:
    """A store in which both segments are proven."""
    store = FolderStore(tmp_path / "store")
    store.put_bytes("input", "clip.mp4", SOURCE)
    store.put_bytes(WORK, NAMES.manifest, json.dumps(to_json(MANIFEST)).encode())
    store.put_bytes(WORK, MANIFEST.timestamps_blob, TIMES.tobytes())
    for segment in MANIFEST.segments:
        content = b"segment %d" % segment.index
        times = TIMES[segment.first_frame : segment.first_frame + segment.frame_count]
        digest = hashlib.sha256(content).hexdigest()
        page = LedgerPage(segment.index, 2, timestamps_hash(times), digest, len(content), "r")
        store.put_bytes(WORK, NAMES.segment("g", segment.index), content)
        store.put_bytes(WORK, NAMES.page("g", segment.index), json.dumps(to_json(page)).encode())
    return Services(Settings(store=store.uri), store, LocalCompute(store.uri, tmp_path / "runs", workers=1))


def change_page(to: Services, **changes: object) -> None:
    name = NAMES.page("g", 1)
    page = json.loads(to.store.read_bytes(WORK, name))
    to.store.put_bytes(WORK, name, json.dumps({**page, **changes}).encode())


def test_a_whole_ledger_is_believed(to: Services) -> None:
    assert unproven(to, MANIFEST, TIMES) == []


@pytest.mark.parametrize(
    "changes", [{"frame_count": 1}, {"timestamps_sha256": "0"}, {"sha256": "0"}, {"frame_count": None}]
)
def test_a_page_that_proves_something_else_is_not(to: Services, changes: dict[str, object]) -> None:
    change_page(to, **changes)
    assert unproven(to, MANIFEST, TIMES) == [1]
    assert to.store.stat(WORK, NAMES.page("g", 1)) is None, "so that the segment is scored again"


def test_damaged_missing_and_unreadable_things_are_found(to: Services) -> None:
    to.store.put_bytes(WORK, NAMES.segment("g", 0), b"segment X")
    to.store.put_bytes(WORK, NAMES.page("g", 1), b"{cut o")
    source = to.store.stat("input", "clip.mp4")
    assert source is not None
    assert stitch(to, replace(JOB, source=source)) == {"missing": [[0, 1]]}
    to.store.delete(WORK, NAMES.segment("g", 1))
    assert unproven(to, MANIFEST, TIMES) == [0, 1]


def test_a_replaced_source_is_not_stitched(to: Services) -> None:
    assert stitch(to, JOB)["error"]["code"] == "source-changed"


@given(st.sets(st.integers(0, 200)))
def test_ranges_name_the_same_segments(indices: set[int]) -> None:
    pairs = ranges(sorted(indices))
    assert [i for first, last in pairs for i in range(first, last + 1)] == sorted(indices)
    assert all(b[0] - a[1] > 1 for a, b in pairwise(pairs))


def test_a_video_never_mixes_two_versions_of_a_style(to: Services) -> None:
    change_page(to, versions={"model": "another"})
    assert unproven(to, MANIFEST, TIMES) == [0, 1]


def test_cut_timestamps_are_an_error(to: Services) -> None:
    to.store.put_bytes(WORK, MANIFEST.timestamps_blob, TIMES[:3].tobytes())
    with pytest.raises(StoreError, match="3 timestamps instead of 4"):
        read_timestamps(to.store, MANIFEST)
