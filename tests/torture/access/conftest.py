"""A served app with keys and two jobs, and one without any keys, as on a laptop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from reelbrush.host import composition
from reelbrush.host.rpc import client_binding
from tests.api.routes import noted_routes
from tests.api.serving import Served, serving
from tests.media import ffmpeg

NO_FILM = b"no film at all " * 64


@dataclass(frozen=True)
class Guarded:
    """The app, its routes as "METHOD /path", its own system key, an ended job and one of somebody else."""

    served: Served
    routes: list[str]
    durable_key: str
    job: str
    other: str


@pytest.fixture(autouse=True)
def clean_environment() -> None:
    """Leave the environment alone: the apps of this package run in this process and read it."""


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """12 frames, 64x48, no sound."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=12:duration=1", "-pix_fmt", "yuv420p", str(path))
    return path.read_bytes()


@contextmanager
def guarding(folder: Path, content: bytes, state: str) -> Iterator[Guarded]:
    """Serve the app with keys until two uploads of `content` are in `state`; its routes are its server's."""
    keys: list[str] = []

    def binding(base_url: str, key: str = "") -> str:
        keys.append(key)
        return client_binding(base_url, key)

    with pytest.MonkeyPatch.context() as patch, noted_routes() as routes:
        patch.setattr(composition, "client_binding", binding)
        with serving(folder) as served:
            job, other = (served.upload(name, content) for name in ("mine.mp4", "theirs.mp4"))
            for one in (job, other):
                assert served.until(one, "Succeeded", "Failed", seconds=150)["status"] == state
            yield Guarded(served, routes, keys[0], job, other)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """The app with keys and two jobs that failed."""
    with guarding(tmp_path_factory.mktemp("guarded"), NO_FILM, "Failed") as served:
        yield served


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory, tiny: bytes) -> Iterator[Guarded]:
    """The app with keys and two jobs that can be watched."""
    with guarding(tmp_path_factory.mktemp("painted"), tiny, "Succeeded") as served:
        yield served


@pytest.fixture(scope="module")
def unguarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The app as `reelbrush serve` runs it: whoever reaches this machine's loopback may call it.

    An app's services are those of the process, so no module can have this one and another.
    """
    with serving(tmp_path_factory.mktemp("unguarded"), keys=()) as served:
        yield served
