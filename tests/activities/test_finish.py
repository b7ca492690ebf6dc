"""What the receipt says of a job's flicker, whichever release wrote the ledger."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from activities.finish import finish
from activities.services import Services
from reelbrush.cli.summary import summary_block
from reelbrush.job import to_json
from reelbrush.job.ledger import FlickerSums, LedgerPage
from reelbrush.job.names import WORK
from tests.activities.test_stitch import JOB, NAMES, to

__all__ = ["to"]

RESULT = {"frameCount": 4, "audioTracks": 1, "subtitleTracks": 0, "sizeBytes": 1_000_000}


def write_pages(services: Services, *flicker: FlickerSums | None) -> None:
    for index, sums in enumerate(flicker):
        page = replace(LedgerPage(index, 2, "", "", 1, "r"), flicker=sums)
        services.store.put_bytes(WORK, NAMES.page("g", index), json.dumps(to_json(page)).encode())


def test_flicker_is_that_of_all_pages_that_have_one(to: Services) -> None:
    write_pages(to, FlickerSums(2, 6.0, 2.0), None)
    request = {"job": to_json(JOB), "result": RESULT, "retries": 0}
    wanted = {"ratio": 3.0, "pairs": 2, "painted": 3.0, "original": 1.0}
    result = finish(to, request)
    assert result["flicker"] == wanted
    assert json.loads(to.store.read_bytes(WORK, NAMES.receipt))["flicker"] == wanted
    assert finish(to, request) == result
    view = {"style": "s", "input": {}, "result": result}
    assert "flicker  3.0 times the source's, in 2 pairs of frames" in summary_block(
        Path("a.mp4"), Path("b.mp4"), view, 1.0
    )


def test_jobs_without_any_say_nothing(to: Services) -> None:
    write_pages(to, None, None)
    result = finish(to, {"job": to_json(JOB), "result": RESULT, "retries": 0})
    assert "flicker" not in result
    assert "flicker" not in json.loads(to.store.read_bytes(WORK, NAMES.receipt))
    view = {"style": "s", "input": {}, "result": result}
    assert "flicker" not in summary_block(Path("a.mp4"), Path("b.mp4"), view, 1.0)
