"""Uploads from the page: blocks straight to the store, tried again, canceled, one after the other."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Request, Route, expect

from tests.azurite_account import azurite
from tests.page.chromium import Tab, serving, tab

MIB = 1024 * 1024


def noise(path: Path, size: int) -> Path:
    path.write_bytes(random.Random(size).randbytes(size))
    return path


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_large_file_goes_in_blocks_and_arrives_whole(home: Tab, folder: Path, tmp_path: Path) -> None:
    path, sent = noise(tmp_path / "large.mp4", 20 * MIB + 123), list[str]()

    def note(request: Request) -> None:
        if request.method == "PUT":
            sent.append("list" if "comp=blocklist" in request.url else "block")

    home.page.on("request", note)
    home.page.set_input_files("#file", path)
    home.page.wait_for_selector("#view:visible")
    assert sorted(sent) == ["block", "block", "block", "list"] and sent[-1] == "list"
    assert digest(folder / "input" / "starry-night" / "large.mp4") == digest(path)


def test_a_block_is_tried_three_times(home: Tab, tmp_path: Path) -> None:
    page, lost = home.page, 2

    def lose(route: Route) -> None:
        nonlocal lost
        lost -= 1
        if lost < 0:
            route.continue_()
        else:
            route.abort("connectionreset")

    page.route("**/blobs/**comp=block&**", lose)
    page.set_input_files("#file", noise(tmp_path / "lost.mp4", 100))
    page.wait_for_selector("#view:visible")
    page.click(".crumb")
    page.unroute_all()
    page.route("**/blobs/**comp=block&**", lambda route: route.abort("connectionreset"))
    page.set_input_files("#file", noise(tmp_path / "never.mp4", 100))
    row = page.locator(".upload", has_text="never.mp4")
    expect(row.locator(".line")).to_have_text("The connection to storage was lost.")
    assert page.is_visible("#home")
    row.get_by_role("button").click()
    expect(row).to_have_count(0)
    assert all("net::ERR_CONNECTION_RESET" in error for error in home.errors)
    home.errors.clear()


def test_films_wait_for_each_other_and_can_be_canceled(home: Tab, folder: Path, tmp_path: Path) -> None:
    page = home.page
    held: list[Route] = []
    page.route("**/blobs/**comp=block&**", lambda route: held.append(route))
    paths = [noise(tmp_path / f"{name}.mp4", 2000) for name in ("one", "two", "three")]
    page.set_input_files("#file", paths)
    expect(page.locator(".upload")).to_have_count(3)
    page.get_by_role("button", name="Cancel upload of two.mp4").click()
    expect(page.locator(".upload", has_text="two.mp4").locator(".state")).to_have_text("canceled")
    while not held:
        page.wait_for_timeout(20)
    page.get_by_role("button", name="Cancel upload of one.mp4").click()
    expect(page.locator(".upload", has_text="one.mp4").locator(".line")).to_contain_text("Canceled")
    third = page.locator(".upload", has_text="three.mp4")
    while len(held) < 2:
        page.wait_for_timeout(20)
    held[0].abort()  # its request is gone already
    held[1].continue_()
    expect(third.get_by_role("link", name="Open the job")).to_be_visible()
    assert page.is_visible("#home"), "of several films none takes over the page"
    videos = {path.name for path in (folder / "input" / "starry-night").glob("*.mp4")}
    assert "three.mp4" in videos and not videos & {"one.mp4", "two.mp4"}


def test_what_the_store_would_not_take_is_said_before_it_is_sent(home: Tab, tmp_path: Path) -> None:
    home.page.set_input_files("#file", noise(tmp_path / "film.mp4.part", 10))
    line = home.page.locator(".upload .line")
    expect(line).to_contain_text("not taken for a video")
    home.page.set_input_files("#file", noise(tmp_path / "empty.mp4", 0))
    expect(line.nth(1)).to_have_text("The file is empty.")
    assert all("415" in error for error in home.errors)
    home.errors.clear()


def test_a_film_that_comes_before_the_styles_waits_for_them(browser: Browser, base: str, film: Path) -> None:
    with tab(browser, base) as watched:
        held: list[Route] = []
        watched.page.route("**/api/styles", lambda route: held.append(route))
        with watched.page.expect_request("**/api/styles"):
            watched.page.goto(base)
        watched.page.set_input_files("#file", film)
        watched.page.evaluate("new Promise(setTimeout)")  # what the choice of a file starts has begun
        expect(watched.page.locator(".upload-row")).to_have_count(0)
        held[0].continue_()
        watched.page.wait_for_selector("#view:visible")
        expect(watched.page.locator("#job-facts")).to_contain_text("Starry Night")


def test_options_go_with_the_film(home: Tab, film: Path) -> None:
    page = home.page
    page.click("#wishes summary")
    page.locator("#strength").fill("40")
    page.get_by_label("Preserve colour").check()
    expect(page.locator("#wishes-now")).to_have_text("strength 40%, colours kept")
    page.check("#gallery input[value=halftone]")
    page.set_input_files("#file", film)
    page.wait_for_selector("#view:visible")
    expect(page.locator("#job-facts")).to_contain_text("Halftone")
    expect(page.locator("#job-facts")).to_contain_text("strength 40%, colours kept")


@pytest.mark.slow
def test_a_film_goes_to_a_storage_account_and_is_played_from_there(
    browser: Browser, film: Path, tmp_path: Path
) -> None:
    with azurite(tmp_path / "account") as connection:
        origin = connection.partition("BlobEndpoint=")[2].rpartition("/")[0].rpartition("/")[0]
        options = ("--store", "env:PAGE_ACCOUNT")
        with (
            serving(tmp_path / "host", *options, PAGE_ACCOUNT=connection) as base,
            tab(browser, base, origins=(origin,)) as account,
        ):
            page = account.page
            page.goto(base)
            page.set_input_files("#file", film)
            page.wait_for_selector("#download:visible")
            page.wait_for_selector("#stage.both")
            assert page.evaluate("painted.src").startswith(origin)
            assert page.evaluate("filmed.src").startswith(origin)
            page.click("#play")
            account.until("painted.currentTime > 0.3")
