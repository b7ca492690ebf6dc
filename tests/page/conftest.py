"""The browser lives as long as a module's tests: its event loop would disturb asyncio in others."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.media import ffmpeg
from tests.page.chromium import Tab, chromium, serving, tab


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the served app stores."""
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def base(folder: Path) -> Iterator[str]:
    """The address of an app that nobody else uses."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("REELBRUSH_")]:
            patch.delenv(name)
        with serving(folder) as address:
            yield address


@pytest.fixture
def home(browser: Browser, base: str) -> Iterator[Tab]:
    """The first page in a tab of its own."""
    with tab(browser, base) as watched:
        watched.page.goto(base)
        watched.page.wait_for_selector(".tile")
        yield watched


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of 160x90 at 25 frames per second, with a tone."""
    path = tmp_path_factory.mktemp("film") / "Harbour at dusk.mp4"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=4",
        "-f", "lavfi", "-i", "sine=frequency=330:duration=4",
        "-c:v", "libx264", "-preset", "veryfast", "-g", "25", "-pix_fmt", "yuv420p", "-c:a", "aac",
        "-movflags", "+faststart", str(path),
    )  # fmt: skip
    return path


@pytest.fixture(scope="session")
def long_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute of 320x180 without sound: painting it takes longer than looking at it."""
    path = tmp_path_factory.mktemp("long") / "long.mp4"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=60",
        "-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-pix_fmt", "yuv420p", str(path),
    )  # fmt: skip
    return path
