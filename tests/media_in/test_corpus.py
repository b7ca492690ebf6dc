"""The public corpus: good videos split into the frames that decoding shows, bad ones are refused."""

from __future__ import annotations

import csv
import time
from pathlib import Path

import pytest

from reelbrush.errors import Refusal
from tests.media_in.making import decoded_times, split


def rows(shared: Path, expected: str) -> list[Path]:
    with (shared / "corpus" / "MANIFEST.csv").open(newline="") as file:
        return [
            shared / "corpus" / row["file"] for row in csv.DictReader(file) if row["expected"] == expected
        ]


def copied(path: Path, folder: Path) -> Path:
    """The corpus may be read-only, and scratch folders lie beside the source."""
    link = folder / "source"
    link.unlink(missing_ok=True)
    link.symlink_to(path)
    return link


def test_bad_videos_are_refused_in_seconds(shared: Path, tmp_path: Path) -> None:
    for path in rows(shared, "refuse"):
        start = time.process_time()
        with pytest.raises(Refusal):
            split(copied(path, tmp_path))
        assert time.process_time() - start < 5, path.name


@pytest.mark.slow
def test_good_videos_give_every_displayed_frame(shared: Path, tmp_path: Path) -> None:
    wrong: list[str] = []
    for path in rows(shared, "ok"):
        made = split(copied(path, tmp_path))
        if made.video.stream_index == 0 and list(made.timestamps) != decoded_times(path):
            wrong.append(path.name)
    assert not wrong
