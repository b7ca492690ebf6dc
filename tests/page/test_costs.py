"""What the page says of cost: before an upload, while a job waits for approval, and afterwards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.page.chromium import Tab, tab
from tests.page.test_trouble import answer, document

RANGE = {"low": 10.1, "likely": 12.4, "high": 15.0}
APPROVAL = {
    **RANGE,
    "limit": 10,
    "currency": "USD",
    "reasons": ["18.0 frames per second on one GPU (T4), measured on 2026-11-20 with 7200 frames"],
}


def waiting(**fields: Any) -> dict[str, Any]:
    words = {"summary": "waiting for approval: about 12.40 USD, limit 10", "approval": APPROVAL}
    known = {"status": "Running", "phase": "awaitingApproval", "input": {"blob": "input/clip.mp4"}}
    return {**document(), **known, **words, **fields} | {"error": {}}


@pytest.mark.parametrize("width", [360, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_approval_is_asked_for_with_its_reasons(
    browser: Browser, base: str, width: int, scheme: Any, tmp_path: Path
) -> None:
    sent: list[Any] = []
    state = {"job": waiting()}

    def approve(route: Route) -> None:
        sent.append(json.loads(route.request.post_data or "null"))
        answer(route, waiting(), 202)

    with tab(browser, base, width=width) as watched:
        page = watched.page
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.route("**/api/jobs/*", lambda route: answer(route, state["job"]))
        page.route("**/api/jobs/*/approve", approve)
        page.goto(f"{base}/#/jobs/clip-0123456789")
        expect(page.locator("#approval")).to_be_visible()
        assert watched.text("#approval-price") == "About 10.10–15.00 USD"
        assert "may cost 10.00 USD" in watched.text("#approval-limit")
        assert watched.text("#approval-reasons").startswith("18.0 frames per second on one GPU (T4)")
        assert "Waiting for approval" in watched.text("#steps")
        assert watched.overflow() <= 0
        page.screenshot(path=tmp_path / f"approval-{scheme}-{width}.png", full_page=True)
        page.locator("#decline").click()
        expect(page.locator("#cancel-dialog")).to_be_visible()
        page.keyboard.press("Escape")
        page.locator("#approve").click()
        expect(page.locator("#approval-title")).to_have_text("Approved")
        assert sent == [{"maxCost": 15}] and not page.locator("#approve").is_visible()
        state["job"] = {**waiting(), "phase": "queued", "approval": {}}
        expect(page.locator("#approval")).to_be_hidden()


def test_a_refused_approval_can_be_tried_again(browser: Browser, base: str) -> None:
    with tab(browser, base) as watched:
        page = watched.page
        page.route("**/api/jobs/*", lambda route: answer(route, waiting()))
        body = {"detail": "The store does not answer."}
        page.route("**/api/jobs/*/approve", lambda route: answer(route, body, 503))
        page.goto(f"{base}/#/jobs/clip-0123456789")
        page.locator("#approval-most").fill("")
        page.locator("#approve").click()
        expect(page.locator("#status-note")).to_contain_text("The store does not answer")
        expect(page.locator("#approve")).to_be_visible()
        assert all("503" in error for error in watched.errors)
        watched.errors.clear()


def test_evictions_waiting_and_the_quote_are_told(browser: Browser, base: str) -> None:
    cost = {"nodeSeconds": 400, "estimate": 0.52, "currency": "USD", "quoted": RANGE}
    job = {
        **waiting(),
        "phase": "waitingForCompute",
        "approval": {},
        "evictions": 2,
        "waiting": "the cluster is full",
        "cost": cost,
        "quote": {"minutes": {"low": 3, "likely": 4, "high": 5}},
    }
    with tab(browser, base) as watched:
        page = watched.page
        page.route("**/api/jobs/*", lambda route: answer(route, job))
        page.goto(f"{base}/#/jobs/clip-0123456789")
        expect(page.locator("#status-note")).to_have_text(
            "2 nodes were taken away; their work went on elsewhere. The cluster is full."
        )
        stats = " ".join(watched.text("#stats").split())
        assert "Cost, estimated 0.52 USD" in stats
        assert "Cost, quoted 10.10–15.00 USD" in stats and "Time, quoted 3–5 min" in stats


def test_a_job_that_stopped_at_its_limit_can_go_on(browser: Browser, base: str) -> None:
    link = {"approve": f"{base}/api/jobs/clip-0123456789/approve"}
    error = {"code": "over-budget", "message": "the job was stopped at its limit of cost"}
    asked: list[str] = []

    def take(route: Route) -> None:
        asked.append(route.request.url.rsplit("/", 1)[1])
        answer(route, document(error=error, links=link), 202)

    with tab(browser, base) as watched:
        page = watched.page
        page.route("**/api/jobs/*", lambda route: answer(route, document(error=error, links=link)))
        page.route("**/api/jobs/*/approve", take)
        page.route("**/api/jobs/*/retry", take)
        page.goto(f"{base}/#/jobs/clip-0123456789")
        page.locator("#approval-most").fill("20")
        page.locator("#approve", has_text="Approve and retry").click()
        watched.until("document.querySelector('#announce').textContent === 'The job goes on.'")
        assert asked == ["approve", "retry"]


def test_the_amount_that_is_proposed_counts_what_was_spent(browser: Browser, base: str) -> None:
    stopped = document(
        error={"code": "over-budget", "message": "the job was stopped at its limit of cost"},
        links={"approve": f"{base}/api/jobs/clip-0123456789/approve"},
        cost={"nodeSeconds": 400, "estimate": 12.0, "currency": "USD"},
        quote={"minutes": {"low": 3, "likely": 4, "high": 5}, "cost": {**RANGE, "currency": "USD"}},
    )
    with tab(browser, base) as watched:
        watched.page.route("**/api/jobs/*", lambda route: answer(route, stopped))
        watched.page.goto(f"{base}/#/jobs/clip-0123456789")
        expect(watched.page.locator("#approval-most")).to_have_value("27")
        assert "12.00 USD were spent" in watched.text("#approval-limit")


def test_two_currencies_are_never_mixed(browser: Browser, base: str) -> None:
    approval = {"limit": 5, "currency": "EUR", "reasons": ["What it costs in EUR is not known."]}
    job = waiting(approval=approval, quote={"cost": {**RANGE, "currency": "USD"}})
    with tab(browser, base) as watched:
        watched.page.route("**/api/jobs/*", lambda route: answer(route, job))
        watched.page.goto(f"{base}/#/jobs/clip-0123456789")
        expect(watched.page.locator("#approval-price")).to_have_text("About 10.10–15.00 USD")
        assert "may cost 5.00 EUR" in watched.text("#approval-limit")
        expect(watched.page.locator("#approval-most")).to_have_value("")
        expect(watched.page.locator("#approval-currency")).to_have_text("EUR")


def test_a_film_is_priced_as_it_is_uploaded(home: Tab, film: Path) -> None:
    asked: list[Any] = []
    quote = {"minutes": {"low": 3, "likely": 4, "high": 5}, "reasons": ["Measured."]}
    cost = {"low": 0.4, "likely": 0.5, "high": 0.6, "currency": "USD"}

    def quoted(route: Route) -> None:
        asked.append(json.loads(route.request.post_data or "{}"))
        answer(route, {**quote, "cost": cost})

    page = home.page
    page.route("**/api/quotes", quoted)
    page.set_input_files("#file", str(film))
    expect(page.locator(".quoted")).to_have_text("about 3–5 min, 0.40–0.60 USD")
    assert (asked[0]["width"], asked[0]["height"]) == (160, 90)
    assert 3.9 < asked[0]["durationSeconds"] < 4.2
    page.wait_for_url("**/#/jobs/*")
