"""What the API answers, over the embedded host."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import httpx2 as httpx
import pytest

from function_app.api.uploads import link_seconds
from reelbrush.job import Options, job_id
from tests.api.problems import assert_problem
from tests.api.serving import KEY, Served

UNKNOWN = "/api/jobs/clip-0123456789"
GOOD = {"blob": "input/identity/good.mp4", "style": "identity", "options": {}}


def test_jobs_are_shown_in_every_state(app: Served) -> None:
    for state, job in app.jobs.items():
        answer = app.call("GET", f"/api/jobs/{job}")
        view = answer.json()
        assert (view["id"], view["status"], view["kind"]) == (job, state, "stylizeVideo")
        assert None not in view.values() and view["createdAt"].endswith("Z") and view["endedAt"]
        assert "retry-after" not in answer.headers, "nothing more will happen"
        assert all(link.startswith(app.base) for link in view["links"].values())
        assert ("retry" in view["links"]) == (state != "Succeeded") and "cancel" not in view["links"]
    good = app.job(app.jobs["Succeeded"])
    assert good["progress"]["percent"] == 100 and good["cost"]["currency"] == "USD"
    assert good["cost"]["estimate"] == pytest.approx(good["cost"]["nodeSeconds"] / 1000, abs=1e-4)
    assert app.job(app.jobs["Failed"])["error"]["code"] == "not-video"
    assert app.job(app.jobs["Canceled"])["phase"] == "canceled"


def test_links_to_videos_need_no_key_and_serve_ranges(app: Served) -> None:
    view = app.job(app.jobs["Succeeded"])
    media = app.call("GET", f"/api/jobs/{view['id']}/media").json()
    assert media["sourceType"] == media["outputType"] == "video/mp4" and media["durationSeconds"] == 1.0
    for link in (view["result"]["url"], media["source"], view["links"]["input"], media["output"]):
        part = httpx.get(link, headers={"Range": "bytes=4-7"})
        assert (part.status_code, part.content) == (206, b"ftyp")
    assert httpx.get(media["watch"]).text.startswith("#EXTM3U")
    assert "watch" not in app.job(app.jobs["Failed"])["links"], "nothing was painted"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", UNKNOWN, None, 404, "JobNotFound"),
        ("GET", "/api/jobs/no%20id", None, 404, "JobNotFound"),
        ("GET", "/api/jobs/.hidden-0123456789", None, 404, "JobNotFound"),
        ("GET", f"{UNKNOWN}/batches", None, 404, "JobNotFound"),
        ("GET", f"{UNKNOWN}/logs", None, 404, "JobNotFound"),
        ("GET", f"{UNKNOWN}/media", None, 404, "JobNotFound"),
        ("POST", f"{UNKNOWN}/cancel", None, 404, "JobNotFound"),
        ("POST", f"{UNKNOWN}/retry", None, 404, "JobNotFound"),
        ("GET", "/api/jobs?top=0", None, 400, "InvalidRequest"),
        ("GET", "/api/jobs?top=1e1", None, 400, "InvalidRequest"),
        ("GET", "/api/jobs?status=Done", None, 400, "InvalidRequest"),
        ("GET", "/api/jobs?token=abc", None, 422, "CannotBeServed"),
        ("GET", "/api/jobs?token=WyIiLDFd", None, 422, "CannotBeServed"),
        ("GET", "/api/jobs?blob=work/x.mp4", None, 400, "InvalidRequest"),
        ("GET", "/api/jobs?blob=input/../work/x.mp4", None, 422, "CannotBeServed"),
        ("GET", "/api/jobs?blob=input/x.mp4.json", None, 422, "CannotBeServed"),
        ("POST", "/api/jobs", b"{", 400, "InvalidBody"),
        ("POST", "/api/jobs", b"[" * 60000, 400, "InvalidBody"),
        ("POST", "/api/jobs", b"\xff", 400, "InvalidBody"),
        ("POST", "/api/jobs", [], 400, "InvalidBody"),
        ("POST", "/api/jobs", {}, 400, "InvalidRequest"),
        ("POST", "/api/jobs", {"blob": "input/a.mp4", "what": 1}, 400, "InvalidRequest"),
        ("POST", "/api/jobs", {"blob": "input/a.mp4", "options": {"crf": 99}}, 400, "InvalidRequest"),
        ("POST", "/api/jobs", {"blob": "input/a.mp4", "options": {"crf": None}}, 400, "InvalidRequest"),
        ("POST", "/api/jobs", {"blob": "input/a.mp4", "options": {"fade_end": 1}}, 422, "CannotBeServed"),
        ("POST", "/api/jobs", {"blob": "input/a.mp4", "style": "none"}, 422, "UnknownStyle"),
        ("POST", "/api/jobs", {"blob": "input/a.mp4", "options": {"mix": "none"}}, 422, "UnknownStyle"),
        ("POST", "/api/jobs", {"blob": "input/a.mp4", "style": "../x"}, 400, "InvalidRequest"),
        ("POST", "/api/jobs", {"blob": "input/not-there.mp4"}, 404, "BlobNotFound"),
        ("POST", "/api/jobs", b'{"blob":"' + b"a" * 70000 + b'"}', 413, "BodyTooLarge"),
        ("PUT", UNKNOWN, GOOD, 409, "IdMismatch"),
        ("POST", "/api/uploads", {"name": "a.mp4"}, 400, "InvalidRequest"),
        ("POST", "/api/uploads", {"name": "a.mp4", "sizeBytes": True}, 400, "InvalidRequest"),
        ("POST", "/api/uploads", {"name": "a.mp4", "sizeBytes": 0}, 400, "InvalidRequest"),
        ("POST", "/api/uploads", {"name": "a.json", "sizeBytes": 1}, 415, "NoVideoName"),
        ("POST", "/api/uploads", {"name": "a.mp4.part", "sizeBytes": 1}, 415, "NoVideoName"),
        ("POST", "/api/uploads", {"name": " . ", "sizeBytes": 1}, 422, "CannotBeServed"),
        ("GET", "/api/styles/identity/before.jpg", None, 404, "PictureNotFound"),
        ("GET", "/api/styles/starry-night/card.json", None, 404, "PictureNotFound"),
        ("GET", "/api/styles/.git/before.jpg", None, 404, "PictureNotFound"),
        ("GET", f"{UNKNOWN}/watch/1-{'a' * 43}/index.m3u8", None, 403, "LinkInvalid"),
    ],
)
def test_every_error_has_one_shape(
    app: Served, method: str, path: str, body: Any, status: int, code: str
) -> None:
    assert_problem(app.call(method, path, body), status, code)


def test_without_key_nothing_is_told(app: Served) -> None:
    with httpx.Client(base_url=app.base) as stranger:
        for method, path in (("GET", "/api/jobs"), ("GET", UNKNOWN), ("POST", "/api/uploads")):
            answer = stranger.request(method, path)
            assert (answer.status_code, answer.content) == (401, b"")
        assert stranger.get(f"/api/jobs?code={KEY}").status_code == 200
        assert KEY not in stranger.get(f"/api/jobs?top=1&code={KEY}").text
        problem = stranger.get(f"{UNKNOWN}?code={KEY}")
        assert KEY not in problem.text and problem.json()["instance"] == UNKNOWN
        assert stranger.get("/api/health").json()["status"] == "healthy"


def test_what_the_caller_has_is_not_sent_again(app: Served) -> None:
    job = app.jobs["Succeeded"]
    paths = (
        f"/api/jobs/{job}", f"/api/jobs/{job}/batches", "/api/jobs", "/api/styles", "/api/openapi.yaml",
        "/api/styles/starry-night/after.jpg",
    )  # fmt: skip
    for path in paths:
        first = app.call("GET", path)
        assert first.status_code == 200, path
        again = app.call("GET", path, If_None_Match=f'"x", {first.headers["etag"]}')
        assert (again.status_code, again.content) == (304, b""), path
        assert again.headers["etag"] == first.headers["etag"]
        assert app.call("GET", path, If_None_Match='W/"x"').status_code == 200


def test_the_list_is_newest_first_in_pages(app: Served) -> None:
    whole = app.call("GET", "/api/jobs?top=100").json()
    ids = [view["id"] for view in whole["value"]]
    assert set(app.jobs.values()) <= set(ids) and "nextLink" not in whole
    assert ids.index(app.jobs["Canceled"]) < ids.index(app.jobs["Succeeded"])
    assert "http" not in str(whole["value"][0].get("result")), "links to videos are made for single jobs"
    paged: list[str] = []
    link: str | None = "/api/jobs?top=1"
    while link is not None:
        page = app.client.get(link).json()
        assert len(page["value"]) <= 1
        paged += [view["id"] for view in page["value"]]
        link = page.get("nextLink")
    assert paged == ids
    failed = app.call("GET", "/api/jobs?status=Failed").json()["value"]
    assert app.jobs["Failed"] in [view["id"] for view in failed]
    assert {view["status"] for view in failed} == {"Failed"}


@pytest.mark.logs_errors
def test_an_instance_that_is_no_job_of_ours_cannot_be_retried(app: Served) -> None:
    job = "foreign-0123456789"
    started = app.call("POST", f"/runtime/webhooks/durabletask/orchestrators/stylize_video/{job}", {})
    assert started.status_code == 202
    end = time.monotonic() + 30
    while (answer := app.call("POST", f"/api/jobs/{job}/retry")).json().get("code") == "JobNotFailed":
        assert time.monotonic() < end
        time.sleep(0.05)
    assert_problem(answer, 409, "JobUnknown")


def test_foreign_names_beside_the_jobs_are_passed_over(app: Served) -> None:
    whole = app.call("GET", "/api/jobs?top=100").json()["value"]
    foreign = [".jobs/00 readme.txt", ".jobs/0000000000000-", ".jobs/zz"]
    for name in foreign:
        app.store.put_bytes("work", name, b"")
    try:
        assert app.call("GET", "/api/jobs?top=100").json()["value"] == whole
        first = app.call("GET", "/api/jobs?top=1").json()
        assert first["value"] == whole[:1]
    finally:
        for name in foreign:
            app.store.delete("work", name)


def test_a_filtered_list_skips_and_goes_on(app: Served) -> None:
    found: list[str] = []
    link: str | None = "/api/jobs?top=1&status=Succeeded"
    for _ in range(20):
        page = app.client.get(link).json()
        found += [view["id"] for view in page["value"]]
        if (link := page.get("nextLink")) is None:
            break
        assert "status=Succeeded" in link and "top=1" in link
    whole = app.call("GET", "/api/jobs?top=100&status=Succeeded").json()["value"]
    assert found == [view["id"] for view in whole]


def test_the_job_of_an_upload_is_found(app: Served) -> None:
    answer = app.call("GET", "/api/jobs?blob=input/identity/good.mp4")
    assert [view["id"] for view in answer.json()["value"]] == [app.jobs["Succeeded"]]
    answer = app.call("GET", "/api/jobs?blob=input/not-there.mp4")
    assert answer.json() == {"value": []} and answer.headers["retry-after"] == "1"


def test_asking_is_idempotent(app: Served) -> None:
    job = app.jobs["Succeeded"]
    known = app.call("PUT", f"/api/jobs/{job}", GOOD)
    assert (known.status_code, known.json()["id"]) == (200, job)
    assert known.headers["operation-location"] == f"{app.base}/api/jobs/{job}"
    wish = GOOD | {"options": {"crf": 31}}
    problem = assert_problem(app.call("PUT", f"/api/jobs/{job}", wish), 409, "IdMismatch")
    blob = app.store.stat("input", "identity/good.mp4")
    assert blob is not None
    other = job_id(blob, "identity", Options(crf=31))
    assert other in problem["detail"]
    started = app.call("PUT", f"/api/jobs/{other}", wish)
    assert (started.status_code, started.json()["id"]) == (201, other)
    assert started.headers["location"] == started.json()["links"]["self"] and started.json()["options"]
    assert int(started.headers["retry-after"]) >= 1 and "cancel" in started.json()["links"]
    again = app.call("POST", "/api/jobs", wish)
    assert (again.status_code, again.json()["id"]) == (200, other)
    assert app.until(other, "Succeeded", "Failed")["status"] == "Succeeded"


def test_cancel_and_retry_only_where_they_make_sense(app: Served) -> None:
    good, bad, stopped = (app.jobs[state] for state in ("Succeeded", "Failed", "Canceled"))
    assert_problem(app.call("POST", f"/api/jobs/{good}/cancel"), 409, "JobEnded")
    assert_problem(app.call("POST", f"/api/jobs/{bad}/cancel"), 409, "JobEnded")
    assert_problem(app.call("POST", f"/api/jobs/{good}/retry"), 409, "JobNotFailed")
    twice = app.call("POST", f"/api/jobs/{stopped}/cancel")
    assert (twice.status_code, twice.json()["status"]) == (202, "Canceled")
    retried = app.call("POST", f"/api/jobs/{bad}/retry")
    assert retried.status_code == 202 and retried.headers["operation-location"].endswith(bad)
    assert app.until(bad, "Failed")["error"]["code"] == "not-video"


def test_a_canceled_job_can_be_finished(app: Served, tiny: bytes) -> None:
    app.store.put_bytes("work", ".queue/0000000000001-first-0123456789", b"")
    job = app.upload("later.mp4", tiny)
    assert app.call("POST", f"/api/jobs/{job}/cancel").status_code == 202
    app.until(job, "Canceled")
    app.store.delete("work", ".queue/0000000000001-first-0123456789")
    assert app.call("POST", f"/api/jobs/{job}/retry").status_code == 202
    assert app.until(job, "Succeeded", "Failed")["status"] == "Succeeded"


def test_batches_and_logs(app: Served) -> None:
    job = app.jobs["Succeeded"]
    rows = app.call("GET", f"/api/jobs/{job}/batches").json()["value"]
    assert [(row["index"], row["startFrame"], row["endFrame"], row["state"]) for row in rows] == [
        (0, 0, 12, "done")
    ]
    assert rows[0]["runId"].startswith(job) and rows[0]["attempt"] == 1
    log = app.client.get(rows[0]["logsUrl"])
    assert log.status_code == 200 and log.headers["content-type"] == "text/plain; charset=utf-8"
    assert_problem(app.call("GET", f"/api/jobs/{job}/logs?batch=7"), 404, "BatchNotFound")
    assert_problem(app.call("GET", f"/api/jobs/{job}/logs?batch=100"), 400, "InvalidRequest")
    assert app.call("GET", f"/api/jobs/{app.jobs['Failed']}/batches").json() == {"value": []}
    assert app.call("GET", f"/api/jobs/{app.jobs['Failed']}/logs").text == ""


def test_an_upload_gets_a_free_name_and_its_wishes(app: Served) -> None:
    wish = {"name": "C:\\films\\my  clip?.mp4", "sizeBytes": 5, "style": "great-wave", "options": {"crf": 3}}
    first, second = (app.call("POST", "/api/uploads", wish).json() for _ in range(2))
    assert first["blob"] == "input/great-wave/my clip_.mp4"
    assert second["blob"] == "input/great-wave/my clip_ (2).mp4"
    side_car = json.loads((app.store.root / f"{first['blob']}.json").read_text())
    assert side_car == {"style": "great-wave", "options": {"crf": 3}}
    sent = httpx.put(first["uploadUrl"], content=b"x" * 6, headers=first["headers"])
    assert sent.status_code == 413, "more than was announced"
    assert httpx.put(first["uploadUrl"], content=b"x" * 5, headers=first["headers"]).status_code == 201
    assert app.call("POST", "/api/uploads", wish).json()["blob"] == "input/great-wave/my clip_ (3).mp4"


def test_the_link_of_a_large_upload_lives_until_a_slow_line_has_sent_it() -> None:
    assert link_seconds(5, 60) == 3600
    assert link_seconds(10_000_000_000, 60) == 25_000
    assert link_seconds(1 << 60, 60) == 7 * 24 * 3600


def test_links_are_those_of_the_outermost_proxy(app: Served) -> None:
    path = f"/api/jobs/{app.jobs['Succeeded']}"
    view = app.call("GET", path, X_Forwarded_Proto="https, http", X_Forwarded_Host="films.example").json()
    assert {link.split("/api/")[0].split("/blobs/")[0] for link in view["links"].values()} == {
        "https://films.example"
    }
    view = app.call("GET", path, X_Forwarded_Host="evil/<script>", X_Forwarded_Proto="javascript").json()
    assert view["links"]["self"] == app.base + path


def test_management_addresses_are_never_handed_out(app: Served) -> None:
    for job in app.jobs.values():
        for path in ("", "/batches", "/media", "/logs"):
            answer = app.call("GET", f"/api/jobs/{job}{path}")
            text = answer.text + str(answer.headers)
            assert answer.status_code == 200
            assert not re.search(r"durabletask|webhooks|statusQuery|taskHub|connection=", text)


def test_styles_and_their_pictures(app: Served) -> None:
    styles = {style["name"]: style for style in app.call("GET", "/api/styles").json()["value"]}
    assert "int8" in styles["starry-night"]["precisions"] and "before" not in styles["identity"]
    picture = httpx.get(styles["great-wave"]["after"])  # <img> sends no key
    assert picture.headers["content-type"] == "image/jpeg" and picture.content.startswith(b"\xff\xd8")
    assert "public" in picture.headers["cache-control"]


def test_the_page_has_a_policy(app: Served) -> None:
    answer = httpx.get(f"{app.base}/")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "'sha256-" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
