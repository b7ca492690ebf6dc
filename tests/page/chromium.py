"""A real Chromium for tests of the page, and tabs that report whatever a page should never do."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from tests.absent import absent

PATIENCE = 60_000  # milliseconds; a busy machine is slow
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def chromium() -> Generator[Browser]:
    """Run a headless Chromium; without one the test is skipped, with REELBRUSH_CI=1 it fails."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        absent(f"none of {', '.join(PROGRAMS)} is installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--headless=new", "--mute-audio"]
        )
        yield browser
        browser.close()


@dataclass
class Tab:
    """A page under watch: what it logged as an error, and whom it spoke to."""

    page: Page
    base: str
    origins: tuple[str, ...] = ()  # other than `base` that it may speak to
    errors: list[str] = field(default_factory=list[str])

    def heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(f"{message.type}: {message.text} ({message.location.get('url')})")

    def asked(self, request: Request) -> None:
        url = request.url
        if not url.startswith((self.base, *self.origins, "data:", "blob:")):
            self.errors.append(f"a request to another origin: {url}")

    def text(self, selector: str) -> str:
        """Return what is written in an element now."""
        return self.page.inner_text(selector)

    def until(self, expression: str, seconds: float = 60) -> None:
        """Wait until a JavaScript expression is true. The page's policy forbids Playwright's own way."""
        end = time.monotonic() + seconds
        while not self.page.evaluate(expression):
            assert time.monotonic() < end, f"never true: {expression}"
            time.sleep(0.05)

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than its window."""
        return int(
            self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        )


@contextmanager
def tab(browser: Browser, base: str, *, width: int = 1200, origins: tuple[str, ...] = ()) -> Generator[Tab]:
    """Open an empty tab; at its end it must have logged no error and spoken to nobody else."""
    context = browser.new_context(viewport={"width": width, "height": 800}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    watched = Tab(context.new_page(), base, origins)
    watched.page.on("console", watched.heard)
    watched.page.on("pageerror", lambda error: watched.errors.append(str(error)))
    watched.page.on("request", watched.asked)
    yield watched
    context.close()
    assert not watched.errors


@contextmanager
def serving(folder: Path, *options: str, **environment: str) -> Generator[str]:
    """Run `reelbrush serve` on `folder` and yield its address, without a slash at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "reelbrush", "serve", str(folder), "--port", "0", *options],
        env={**os.environ, "REELBRUSH_POLL_SECONDS": "0.4", **environment},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        found = re.search(r"http://[0-9.:]+", process.stderr.readline())
        assert found is not None
        yield found[0]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
