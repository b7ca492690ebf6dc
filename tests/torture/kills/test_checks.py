"""What the attacks look at tells when a promise is broken."""

from __future__ import annotations

import random
from pathlib import Path

from tests.torture.kills.blows import Blows
from tests.torture.kills.place import Place
from tests.torture.kills.test_kills import SEGMENTS, compared


def test_work_that_was_done_again_is_told(tmp_path: Path) -> None:
    place = Place(tmp_path / "served", tmp_path)
    blows = Blows(place, "job", random.Random(1))
    log = place.folder / ".runs" / "job-b0-a1" / "log.txt"
    log.parent.mkdir(parents=True)
    log.write_text("".join(f"segment {index} frames 0..47\n" for index in range(SEGMENTS)))
    place.store.put_bytes("work", "job/g/segments/00001.json", b"first")
    blows.proven = place.pages("job")
    assert compared(place, blows, True) == []
    assert compared(place, blows, False)
    place.store.put_bytes("work", "job/g/segments/00001.json", b"again")
    assert "published again" in compared(place, blows, True)[0]
    blows.proven = {}
    log.write_text(log.read_text() + "segment 4 frames 0..47\n")
    assert "painted" in compared(place, blows, True)[0]
    blows.killed = ["scorer"]
    assert compared(place, blows, True) == [], "what was in flight may be painted again"


def test_what_stays_behind_is_told(tmp_path: Path) -> None:
    place = Place(tmp_path / "served", tmp_path)
    assert place.left_behind() == []
    (place.folder / ".tmp" / "half").write_bytes(b"half")
    assert place.left_behind() == [".tmp/half is left"]
