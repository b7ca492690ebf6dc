"""Quotes, approvals and the styles of the store, over the embedded host."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reelbrush.style_shelf import shelve_style
from tests.api.problems import assert_problem
from tests.api.serving import Served
from tests.api.test_contract import undescribed
from tests.conftest import ROOT

RANGE = ["low", "likely", "high"]
HD = {"width": 1920, "height": 1080}


def quoted(app: Served, **body: Any) -> dict[str, Any]:
    answer = app.call("POST", "/api/quotes", body)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert not undescribed({"$ref": "#/components/schemas/Quote"}, found, "Quote")
    for name in ("gpuHours", "minutes", "cost"):
        low, likely, high = (found[name][key] for key in RANGE)
        assert 0 <= low <= likely <= high and high > 0, name
    return found


def test_an_upload_is_quoted_by_its_header(app: Served) -> None:
    found = quoted(app, blob="input/identity/good.mp4", style="starry-night")
    assert (found["frames"], found["measured"]) == (12, False)
    assert any("12 frames of 64x48" in reason for reason in found["reasons"])
    assert len(found["reasons"]) > 1, "the numbers stand on something"
    assert found["cost"]["currency"] == "USD"


def test_a_described_video_costs_more_the_longer_it_is(app: Served) -> None:
    short = quoted(app, **HD, frames=1000, frameRate="25", style="starry-night")
    long = quoted(app, **HD, frames=10_000, frameRate="25", style="starry-night")
    assert long["cost"]["likely"] > 5 * short["cost"]["likely"]
    timed = quoted(app, **HD, durationSeconds=40, frameRate="25", style="starry-night")
    assert timed["frames"] == 1000 and timed["cost"] == short["cost"]
    guessed = quoted(app, **HD, durationSeconds=39.9)
    assert guessed["frames"] in (997, 998) and "25 frames per second are assumed" in guessed["reasons"][0]
    ntsc = quoted(app, **HD, durationSeconds=1001, frameRate="30000/1001")
    assert ntsc["frames"] == 30_000


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "InvalidRequest"),
        ({"width": 64, "height": 48}, 400, "InvalidRequest"),
        ({**HD, "frames": 1, "durationSeconds": 1}, 400, "InvalidRequest"),
        ({"blob": "input/identity/good.mp4", "frames": 3}, 400, "InvalidRequest"),
        ({**HD, "frames": 0}, 400, "InvalidRequest"),
        ({**HD, "durationSeconds": 0}, 400, "InvalidRequest"),
        ({**HD, "durationSeconds": True}, 400, "InvalidRequest"),
        (b'{"width": 1, "height": 1, "durationSeconds": NaN}', 400, "InvalidRequest"),
        (b'{"width": 1, "height": 1, "durationSeconds": 1e999}', 400, "InvalidRequest"),
        ({**HD, "frames": 1, "frameRate": "25/0"}, 400, "InvalidRequest"),
        ({**HD, "frames": 1, "frameRate": "fast"}, 400, "InvalidRequest"),
        ({**HD, "frames": 1, "style": "none"}, 422, "UnknownStyle"),
        ({**HD, "frames": 2_000_000}, 413, "VideoTooLarge"),
        ({**HD, "durationSeconds": 7 * 3600}, 413, "VideoTooLarge"),
        ({"width": 100_000, "height": 100_000, "frames": 1}, 413, "VideoTooLarge"),
        ({"blob": "input/identity/nothing.mp4"}, 404, "BlobNotFound"),
        ({"blob": "input/identity/bad.mp4"}, 422, "CannotBeServed"),
    ],
)
def test_what_cannot_be_quoted_is_told(app: Served, body: Any, status: int, code: str) -> None:
    assert_problem(app.call("POST", "/api/quotes", body), status, code)


def test_approving_what_does_not_wait_is_refused(app: Served) -> None:
    for job in app.jobs.values():
        state = app.until(job, "Succeeded", "Failed", "Canceled")[
            "status"
        ]  # another test may have retried it
        answer = app.call("POST", f"/api/jobs/{job}/approve", {"maxCost": 5})
        assert_problem(answer, 409, "NotAwaitingApproval")
        assert state.lower() in answer.json()["detail"]
        assert "approve" not in app.job(job)["links"]
    assert_problem(app.call("POST", "/api/jobs/clip-0123456789/approve"), 404, "JobNotFound")
    for wrong in ({"maxCost": 0}, {"maxCost": "5"}, {"max": 5}, {"maxCost": 2e9}):
        answer = app.call("POST", f"/api/jobs/{app.jobs['Succeeded']}/approve", wrong)
        assert_problem(answer, 400, "InvalidRequest")


def test_styles_of_the_store_are_listed_and_taken(app: Served, tmp_path: Path) -> None:
    home = tmp_path / "my-wave"
    home.mkdir()
    card = json.loads((ROOT / "styles" / "great-wave" / "card.json").read_bytes())
    (home / "card.json").write_text(json.dumps({**card, "name": "my-wave", "title": "My wave"}))
    for name in ("after.jpg", "model.onnx"):
        (home / name).write_bytes((ROOT / "styles" / "great-wave" / name).read_bytes())
    body = {"width": 64, "height": 48, "frames": 9, "style": "my-wave"}
    assert_problem(app.call("POST", "/api/quotes", body), 422, "UnknownStyle")
    shelve_style(app.store, tmp_path, "my-wave")
    app.store.put_bytes("styles", "broken/card.json", b"[")
    try:
        listed = {style["name"]: style for style in app.call("GET", "/api/styles").json()["value"]}
        assert listed["my-wave"]["title"] == "My wave" and "broken" not in listed
        assert "before" not in listed["my-wave"], "no such picture was put there"
        picture = app.client.get(listed["my-wave"]["after"])
        assert picture.status_code == 200 and picture.content[:2] == b"\xff\xd8"
        assert list(listed) == sorted(listed)
        quoted(app, **body)
        assert_problem(app.call("POST", "/api/quotes", {**body, "style": "broken"}), 422, "StyleUnusable")
    finally:
        app.store.delete_prefix("styles", "")
