"""What may go wrong while somebody looks: failing servers, late answers, browsers short of room."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.page.chromium import Tab, tab
from tests.page.test_job import upload

PAGES = "[...document.querySelectorAll('main > .wrap')].filter((one) => !one.hidden).map((one) => one.id)"
ASKED = re.compile(r"/api/jobs\?blob=")  # whether an upload has become a job
# the second thing that is put into a buffer finds it full, once
FULL = """() => {
  const whole = SourceBuffer.prototype.appendBuffer;
  let calls = 0;
  SourceBuffer.prototype.appendBuffer = function (data) {
    calls += 1;
    if (calls === 2) throw new DOMException("full", "QuotaExceededError");
    whole.call(this, data);
  };
}"""
LONG = "a" * 150 + ".mp4"


def problem(route: Route, status: int, title: str) -> None:
    body = json.dumps({"status": status, "title": title})
    route.fulfill(status=status, content_type="application/problem+json", body=body)


def document(**fields: Any) -> dict[str, Any]:
    """A failed job as the API tells it."""
    known = {"id": "clip-0123456789", "status": "Failed", "phase": "failed", "style": "identity"}
    error = {"code": "node-lost", "message": "the node went away"}
    return {
        **known,
        "createdAt": "2026-01-01T00:00:00Z",
        "input": {"blob": f"input/{LONG}"},
        "error": error,
    } | fields


def answer(route: Route, body: Any, status: int = 200) -> None:
    route.fulfill(status=status, content_type="application/json", body=json.dumps(body))


@pytest.mark.parametrize("address", ["%E0%A4%A", "nothing-0123456789/", "a%2Fb"])
def test_an_address_of_no_job_is_told(browser: Browser, base: str, address: str) -> None:
    with tab(browser, base) as watched:
        watched.page.goto(f"{base}/#/jobs/{address}")
        watched.page.wait_for_selector("#missing:visible")
        assert watched.page.evaluate(PAGES) == ["missing"]
        assert all("404" in error for error in watched.errors)
        watched.errors.clear()


def test_a_server_that_fails_is_told_until_it_works_again(browser: Browser, base: str) -> None:
    with tab(browser, base) as watched:
        page = watched.page
        page.route("**/api/jobs/*", lambda route: problem(route, 500, "The store does not answer"))
        page.goto(f"{base}/#/jobs/clip-0123456789")
        expect(page.locator("#banner")).to_have_text("The store does not answer. Trying again…")
        assert page.evaluate(PAGES) == ["loading"]
        page.unroute_all()
        page.route("**/api/jobs/*", lambda route: answer(route, document()))
        page.wait_for_selector("#view:visible")
        expect(page.locator("#banner")).to_be_hidden()
        assert all("500" in error for error in watched.errors)
        watched.errors.clear()


def test_an_answer_that_comes_late_brings_nobody_back(browser: Browser, base: str) -> None:
    held: list[Route] = []
    with tab(browser, base) as watched:
        page = watched.page
        page.route("**/api/jobs/clip-0123456789", lambda route: answer(route, document()))
        page.route("**/retry", lambda route: held.append(route))
        page.goto(f"{base}/#/jobs/clip-0123456789")
        page.click("#retry")
        page.click(".crumb")
        page.wait_for_selector("#home:visible")
        with page.expect_response("**/retry"):
            answer(held[0], document(status="Running", phase="queued"), 202)
        page.wait_for_selector(".tile")
        assert page.evaluate(PAGES) == ["home"]


def test_a_refused_retry_says_why_for_as_long_as_it_is_looked_at(browser: Browser, base: str) -> None:
    with tab(browser, base, width=360) as watched:
        page = watched.page
        page.route("**/api/jobs/clip-0123456789", lambda route: answer(route, document()))
        page.route("**/retry", lambda route: problem(route, 409, "The job is running"))
        page.goto(f"{base}/#/jobs/clip-0123456789")
        page.click("#retry")
        expect(page.locator("#status-note")).to_have_text("The job is running")
        with page.expect_response("**/api/jobs/clip-0123456789"):
            page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(page.locator("#status-note")).to_have_text("The job is running")
        expect(page.locator("#retry")).to_be_enabled()
        assert watched.overflow() == 0
        watched.errors.clear()


def test_a_job_that_ends_while_hidden_is_seen_in_the_title(browser: Browser, base: str) -> None:
    running = document(status="Running", phase="scoring", progress={"framesDone": 5, "framesTotal": 10})
    found = [running]
    with tab(browser, base) as watched:
        page = watched.page
        page.clock.install()
        page.route("**/api/jobs/clip-0123456789", lambda route: answer(route, found[-1]))
        page.route("**/media", lambda route: answer(route, {"source": "", "watch": "", "frameRate": "25"}))
        page.goto(f"{base}/#/jobs/clip-0123456789")
        page.wait_for_selector("#view:visible")
        assert page.title().startswith("50% aaa")
        page.evaluate('Object.defineProperty(document, "hidden", { value: true, configurable: true })')
        found.append(document())
        with page.expect_response("**/api/jobs/clip-0123456789"):
            page.clock.run_for(35_000)
        watched.until("document.title.startsWith('✕ aaa')")


def test_long_names_do_not_widen_the_page(browser: Browser, base: str, tmp_path: Path) -> None:
    for width in (360, 1200):
        with tab(browser, base, width=width) as watched:
            page = watched.page
            page.route("**/api/uploads", lambda route: problem(route, 413, "The video is too large"))
            page.goto(base)
            page.wait_for_selector(".tile")
            path = tmp_path / LONG
            path.write_bytes(b"film")
            page.set_input_files("#file", path)
            expect(page.locator(".upload .line")).to_have_text("The video is too large")
            assert watched.overflow() == 0
            watched.errors.clear()


def test_an_uploaded_film_survives_a_lost_connection(home: Tab, tmp_path: Path) -> None:
    page, lost = home.page, ["once", "twice"]

    def lose(route: Route) -> None:
        if lost:
            lost.pop()
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route(ASKED, lose)
    path = tmp_path / "lost connection.mp4"
    path.write_bytes(b"no film at all")
    page.set_input_files("#file", path)
    page.wait_for_selector("#view:visible")
    assert not lost and all("ERR_CONNECTION_RESET" in error for error in home.errors)
    home.errors.clear()


def test_the_next_film_does_not_wait_for_the_last_ones_job(home: Tab, tmp_path: Path) -> None:
    page = home.page
    held: list[Route] = []
    free: list[bool] = []
    page.route(ASKED, lambda route: route.continue_() if free else held.append(route))
    paths = [tmp_path / f"{name}.mp4" for name in ("first", "second")]
    for path in paths:
        path.write_bytes(b"no film at all")
    page.set_input_files("#file", paths)
    for path in paths:
        row = page.locator(".upload", has_text=path.name)
        expect(row.locator(".line")).to_contain_text("Waiting for the job")
        expect(row.get_by_role("button")).to_have_count(0)
    free.append(True)
    for route in held:
        route.continue_()
    expect(page.get_by_role("link", name="Open the job")).to_have_count(2)


@pytest.mark.slow
def test_what_the_browser_dropped_is_fetched_again(home: Tab, film: Path) -> None:
    upload(home, film)
    page = home.page
    page.wait_for_selector("#download:visible")
    home.until("player.kind === 'final'")  # the download is shown while this is still on its way
    page.evaluate(FULL)
    page.evaluate("player.load('growing')")
    home.until("player.growing.whole && player.growing.source.readyState === 'ended'")
    assert page.evaluate("player.growing.ahead < AHEAD"), "what is short of room asks for less"
    page.evaluate("player.growing.fetched.clear(); player.growing.drop(0, 1.9).then(() => player.seek(0.5))")
    home.until("player.growing.whole && Math.abs(painted.currentTime - 0.5) < 0.1 && painted.readyState >= 2")


@pytest.mark.slow
def test_where_segments_cannot_be_played_that_is_said(browser: Browser, base: str, film: Path) -> None:
    with tab(browser, base) as watched:
        watched.page.add_init_script("MediaSource.isTypeSupported = () => false")
        watched.page.goto(base)
        watched.page.wait_for_selector(".tile")
        upload(watched, film)
        watched.page.wait_for_selector("#download:visible")
        watched.until("player.kind === 'final'")
        watched.page.evaluate("player.load('growing')")
        expect(watched.page.locator("#player-note")).to_contain_text("cannot play the painted film")
