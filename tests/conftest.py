"""Shared fixtures. A test that logs an error fails."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, settings

from tests.azurite_account import azurite
from tests.media import ffmpeg
from tests.torture.toll import (
    pytest_collection_modifyitems,
    pytest_runtest_makereport,
    pytest_terminal_summary,
    toll,
)

__all__ = ["pytest_collection_modifyitems", "pytest_runtest_makereport", "pytest_terminal_summary", "toll"]

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault(
    "ORT_DISABLE_TELEMETRY", "1"
)  # as scoring does, which tests may import after onnxruntime

# examples that a busy machine lets wait fail nothing, as where CI is set
settings.register_profile(
    "busy", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("busy")


class _Errors(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(f"{record.name}: {record.getMessage()}")


@pytest.fixture(autouse=True)
def no_error_is_logged(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that logged at ERROR, unless it is marked `logs_errors`."""
    handler = _Errors()
    logging.getLogger().addHandler(handler)
    yield
    logging.getLogger().removeHandler(handler)
    if request.node.get_closest_marker("logs_errors") is None:
        assert not handler.messages


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the settings of the machine out of the tests, and one test's settings out of the next."""
    for name in [name for name in os.environ if name.startswith("REELBRUSH_")]:
        if name != "REELBRUSH_CI":
            monkeypatch.delenv(name)


@pytest.fixture(scope="module", autouse=True)
def nothing_goes_on(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fail a module that leaves a process or a timer behind: it would take the cores from those after it."""
    folder = str(tmp_path_factory.getbasetemp())
    before = len(_going_on(folder))  # of a module that failed for it; a timer that goes on has ever new names
    yield
    end = time.monotonic() + 20  # what was killed is not gone at once
    while len(left := _going_on(folder)) > before:
        assert time.monotonic() < end, left
        time.sleep(0.1)


def _going_on(folder: str) -> list[str]:
    """Return the children of this process, other processes that were told of `folder`, and timers."""
    found = [
        f"timer of {getattr(thread.function, '__qualname__', thread.function)}"
        for thread in threading.enumerate()
        if isinstance(thread, threading.Timer)
    ]
    me = os.getpid()
    for process in psutil.process_iter(["ppid", "cmdline", "status"]):
        line = process.info["cmdline"] or []
        of_tests = process.info["ppid"] == me or any(folder in part for part in line)
        if of_tests and process.pid != me and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(" ".join(line))
    return found


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with public videos and models; tests that need it are skipped without it."""
    folder = Path(os.environ.get("REELBRUSH_SHARED", ROOT.parent / "shared"))
    if not (folder / "corpus" / "MANIFEST.csv").is_file():
        pytest.skip(f"the public test media are not in {folder}")
    return folder


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """180 frames of moving test pattern, 96x64, NTSC rate, B-frames, open GOPs, with a tone."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=size=96x64:rate=30000/1001:duration=6.006",
        "-f", "lavfi", "-i", "sine=frequency=440:duration=5.8",
        "-c:v", "libx264", "-preset", "veryfast", "-g", "60", "-bf", "2", "-x264-params", "open-gop=1",
        "-pix_fmt", "yuv420p", "-c:a", "aac", str(path),
    )  # fmt: skip
    return path


@pytest.fixture
def account(tmp_path: Path) -> Iterator[str]:
    """The connection string of a fresh storage account."""
    with azurite(tmp_path / "azurite") as connection:
        yield connection
