"""One film goes through the page: upload, progress, finished, played; what is refused is explained."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.media import ffmpeg
from tests.page.chromium import Tab, tab

FRAME = 1 / 25

# where both videos are, taken in one moment, every 50 ms
SAMPLE = """async () => {
  const found = [];
  for (let n = 0; n < 30; n += 1) {
    await new Promise((done) => setTimeout(done, 50));
    found.push([filmed.currentTime, painted.currentTime]);
  }
  return found;
}"""


def usually_apart(times: list[list[float]]) -> float:
    """Return the median of how far both videos were from each other, in seconds."""
    return sorted(abs(left - right) for left, right in times)[len(times) // 2]


def upload(home: Tab, path: Path, style: str = "starry-night") -> None:
    """Choose a style and a film, and wait until the page shows its job."""
    home.page.check(f"#gallery input[value={style}]")
    home.page.set_input_files("#file", path)
    home.page.wait_for_selector("#view:visible")


@pytest.mark.slow
def test_a_film_is_uploaded_painted_and_played(home: Tab, film: Path, browser: Browser, base: str) -> None:
    page = home.page
    upload(home, film)
    expect(page.locator("#job-title")).to_have_text(film.name)
    page.wait_for_selector("#download:visible")
    assert home.text("#summary") == "100 frames painted, the sound track kept"
    assert home.text("#percent") == "100%"
    assert home.text("#steps [aria-current], #steps .past:last-child") == "Done"
    assert page.title() == f"✓ {film.name} · Reelbrush"

    page.wait_for_selector("#stage.both")
    assert page.evaluate("[filmed.videoWidth, painted.videoWidth]") == [160, 160]
    page.click("#play")
    home.until("painted.currentTime > 0.3")
    times = page.evaluate(SAMPLE)
    assert times[-1][1] - times[0][1] > 0.5, "the painting plays on"
    assert usually_apart(times) < FRAME, times
    assert page.evaluate("[filmed.muted, painted.muted]") == [True, False], "one sound, the result's"
    page.click("#play")
    home.until("!filmed.seeking && !painted.seeking")
    assert page.evaluate("filmed.paused && painted.paused && filmed.currentTime === painted.currentTime")

    _divide(home)
    _look_into_a_batch(home)
    with page.expect_download() as download:
        page.click("#download")
    assert download.value.suggested_filename == film.name
    assert Path(download.value.path()).stat().st_size > 10_000

    with tab(browser, base, width=360) as phone:
        phone.page.goto(page.url)
        phone.page.wait_for_selector("#stage.both")
        assert phone.overflow() == 0
        phone.page.click(".crumb")
        phone.page.wait_for_selector("#jobs .job")
        assert phone.overflow() == 0


def _divide(home: Tab) -> None:
    """The divider is a slider for the keyboard and for the pointer."""
    page = home.page
    divider = page.get_by_role("slider", name="Divider")
    divider.focus()
    page.keyboard.press("ArrowLeft")
    assert divider.get_attribute("aria-valuenow") == "48"
    page.keyboard.press("Shift+ArrowRight")
    assert divider.get_attribute("aria-valuenow") == "58"
    page.keyboard.press("Home")
    assert divider.get_attribute("aria-valuetext") == "0% filmed, 100% painted"
    assert page.evaluate("getComputedStyle(filmed).clipPath") == "inset(0px 100% 0px 0px)"
    page.keyboard.press("End")
    assert divider.get_attribute("aria-valuenow") == "100"
    box = page.locator("#stage").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    assert divider.get_attribute("aria-valuenow") == "25"


def _look_into_a_batch(home: Tab) -> None:
    page = home.page
    row = page.get_by_role("button", name="Batch 1, done")
    row.focus()
    page.keyboard.press("Enter")
    assert row.get_attribute("aria-expanded") == "true"
    expect(page.locator(".detail")).to_contain_text("0 – ")
    page.get_by_role("button", name="Show its log").click()
    page.wait_for_selector(".detail pre:visible")


def test_a_refused_file_is_explained(home: Tab, tmp_path: Path) -> None:
    path = tmp_path / "shopping list.mp4"
    path.write_text("eggs, milk " * 50)
    upload(home, path)
    page = home.page
    page.wait_for_selector("#failure:visible")
    card = home.text("#failure")
    assert "This film cannot be painted" in card and "Trying again does not help" in card, card
    assert "code not-video" in card and "video" in home.text("#failure .message")
    assert home.text("#summary") == "Nothing was painted"
    for absent in ("#retry", "#cancel", "#download", "#player"):
        assert not page.is_visible(absent)
    page.click(".crumb")
    row = page.locator("#jobs .job", has_text="shopping list.mp4")
    expect(row.locator(".mark")).to_have_text("Failed")
    page.get_by_role("radio", name="Failed").check()
    expect(row).to_be_visible()
    page.get_by_role("radio", name="Canceled").check()
    expect(page.locator("#jobs-empty")).to_contain_text("None of these")


@pytest.mark.slow
def test_a_film_is_watched_while_it_is_painted_canceled_and_taken_up_again(
    home: Tab, long_film: Path
) -> None:
    page, stale = home.page, ["the link has run out"]

    def expire(route: Route) -> None:
        if stale:
            stale.pop()
            route.fulfill(status=403, content_type="application/problem+json", body="{}")
        else:
            route.continue_()

    page.route("**/media.json*", expire)
    upload(home, long_film, "impasto")
    page.wait_for_selector("#stage.both")
    assert not stale and all("403" in error for error in home.errors)
    home.errors.clear()
    assert page.is_visible("#cancel"), "others are still being painted"
    assert page.evaluate("painted.src").startswith("blob:")
    page.click("#play")
    home.until("painted.currentTime > 0.8")
    times = page.evaluate(SAMPLE)
    assert usually_apart(times) < FRAME, times
    page.click("#play")

    page.click("#cancel")
    page.get_by_role("button", name="Keep painting").click()
    assert page.is_visible("#cancel")
    page.click("#cancel")
    page.click("#cancel-yes")
    page.wait_for_selector("#retry:visible")
    expect(page.locator("#job-facts .mark")).to_have_text("Canceled")
    expect(page.locator("#rows .run.canceled").first).to_be_attached()
    assert page.locator("#rows .run.running").count() == 0, "nothing is painted any more"
    assert "Painting: canceled" in home.text("#steps")
    page.click("#retry")
    page.wait_for_selector("#cancel:visible")
    page.click("#cancel")
    page.click("#cancel-yes")
    page.wait_for_selector("#retry:visible")


def test_where_the_source_cannot_be_played_the_painting_stands_alone(home: Tab, tmp_path: Path) -> None:
    path = tmp_path / "old camera.avi"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=96x64:rate=25:duration=1.2", "-c:v", "mpeg4", str(path))
    upload(home, path)
    page = home.page
    page.wait_for_selector("#download:visible")
    expect(page.locator("#player-note")).to_contain_text("the painting stands alone")
    page.wait_for_selector("#stage.has-painted:not(.both)")
    assert not page.is_visible("#divider")
    page.click("#play")
    home.until("painted.currentTime > 0.3")


def test_a_job_that_is_not_there(browser: Browser, base: str) -> None:
    with tab(browser, base) as watched:
        watched.page.goto(f"{base}/#/jobs/nothing-0123456789")
        watched.page.wait_for_selector("#missing:visible")
        assert all("404" in error for error in watched.errors)
        watched.errors.clear()
