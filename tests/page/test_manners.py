"""What the page owes to everybody: keys, keyboards, small windows, weak eyes, and text that stays text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FileChooser, expect

from tests.api.serving import KEY, serving
from tests.conftest import ROOT
from tests.page.chromium import Tab, tab

PAGE = (ROOT / "function_app" / "page" / "index.html").read_text()


def test_the_file_needs_nothing_else_and_nothing_its_policy_forbids() -> None:
    assert not re.search(r"<[^>]+\s(?:style|on\w+)=", PAGE), "inline styles and handlers are not run"
    used = re.sub(r"<link rel=\"icon\"[^>]*>|http://www\.w3\.org/2000/svg", "", PAGE)
    assert not re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", used), "no address of another site"
    assert not re.search(r"@import|url\(", used)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|Function\(", PAGE)
    assert PAGE.count("<script>") == PAGE.count("<style>") == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_can_be_told_apart(scheme: str) -> None:
    blocks = re.findall(r":root \{(.*?)\}", PAGE, re.DOTALL)
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", blocks[0 if scheme == "light" else 1]))
    pairs = [("on-blue", "blue"), ("ochre", "ochre-soft"), ("red", "red-soft"), ("edge", "card", 3.0)]
    for ground in ("paper", "card", "sunk"):
        pairs += [(text, ground) for text in ("ink", "muted", "blue", "ochre", "green", "red")]
    weak = {
        pair: round(_contrast(colours[pair[0]], colours[pair[1]]), 2)
        for pair in pairs
        if _contrast(colours[pair[0]], colours[pair[1]]) < (pair[2] if len(pair) > 2 else 4.5)
    }
    assert not weak


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2: 1 to 21."""

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_first_page_fits_a_phone_and_says_what_to_do(browser: Browser, base: str) -> None:
    with tab(browser, base, width=360) as phone:
        phone.page.goto(base)
        phone.page.wait_for_selector(".tile")
        expect(phone.page.locator("#jobs-empty")).to_contain_text("No films yet")
        assert phone.overflow() == 0
        phone.page.click("#wishes summary")
        assert phone.overflow() == 0
        small = phone.page.evaluate(
            "[...document.querySelectorAll('button, summary, .chip')].filter((one) => one.checkVisibility())"
            ".map((one) => [one.textContent, one.getBoundingClientRect().height]).filter(([, h]) => h < 24)"
        )
        assert not small, "targets for fingers"


def test_everything_is_reached_by_keyboard(home: Tab) -> None:
    page, choosers = home.page, list[FileChooser]()
    page.on("filechooser", lambda chooser: choosers.append(chooser))
    page.focus(".brand")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "style"
    before = page.evaluate("document.activeElement.value")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.value") != before
    assert page.evaluate("document.activeElement.checked")
    assert page.evaluate(
        "getComputedStyle(document.activeElement.parentElement.querySelector('.before')).clipPath"
    ) in ("inset(0px)", "inset(0px 0px 0px 0px)"), "what has the focus shows the film"
    expect(page.locator("#style-about")).not_to_be_empty()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "choose"
    page.keyboard.press("Enter")
    while not choosers:
        page.wait_for_timeout(20)
    assert choosers[0].is_multiple()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.getElementById('wishes').open")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#strength-now")).to_have_text("95%")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none", "where the focus is can be seen"


def test_a_hidden_tab_rests(home: Tab) -> None:
    asked: list[str] = []
    home.page.on("request", lambda request: asked.append(request.url))
    turn = """(hidden) => {
      Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    home.page.evaluate(turn, True)
    home.page.wait_for_timeout(300)
    assert not asked
    with home.page.expect_request("**/api/jobs?top=*"):
        home.page.evaluate(turn, False)


def test_names_are_text(home: Tab, folder: Path) -> None:
    name = "<img src=x onerror=alert(1)>&amp;.mp4"
    place = folder / "input" / "identity" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("no video")
    home.page.locator("#jobs .job", has_text="onerror").click()
    expect(home.page.locator("#job-title")).to_have_text(name)
    home.page.wait_for_selector("#failure:visible")
    assert home.page.locator("main img[src=x]").count() == 0


def test_the_key_is_asked_for_once_and_kept_in_the_tab(browser: Browser, tmp_path: Path) -> None:
    with serving(tmp_path) as served, tab(browser, served.base) as watched:
        page = watched.page
        page.goto(served.base)
        page.wait_for_selector("#key-dialog[open]")
        page.fill("#key-input", "wrong")
        page.keyboard.press("Enter")
        page.wait_for_selector("#key-wrong:visible")
        page.fill("#key-input", KEY)
        page.keyboard.press("Enter")
        page.wait_for_selector(".tile")
        page.reload()
        page.wait_for_selector(".tile")
        assert not page.is_visible("#key-dialog")
        assert all("401" in error for error in watched.errors)
        watched.errors.clear()
        page.click("#forget")
        page.wait_for_selector("#key-dialog[open]")
        watched.errors.clear()
    with serving(tmp_path / "again") as served, tab(browser, served.base) as watched:
        watched.page.goto(f"{served.base}/#code={KEY}")
        watched.page.wait_for_selector(".tile")
        assert KEY not in watched.page.url, "what is copied from the address bar gives nothing away"
