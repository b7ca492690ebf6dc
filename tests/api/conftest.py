"""One served app with jobs in all states for the tests of the API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.serving import Served, serving
from tests.media import ffmpeg


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """12 frames, 64x48, no sound."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=12:duration=1", "-pix_fmt", "yuv420p", str(path))
    return path.read_bytes()


@pytest.fixture(scope="package")
def app(tmp_path_factory: pytest.TempPathFactory, tiny: bytes) -> Iterator[Served]:
    """An app with a job that succeeded, one that failed and one that was canceled while it waited."""
    settings = {"MAX_JOBS": "1", "MAX_BYTES": str(1 << 53), "PRICE_PER_HOUR": "3.6"}
    with serving(tmp_path_factory.mktemp("app"), **settings) as served:
        served.jobs["Succeeded"] = served.upload("good.mp4", tiny)
        served.jobs["Failed"] = served.upload("bad.mp4", b"no video at all " * 64)
        served.until(served.jobs["Succeeded"], "Succeeded")
        served.until(served.jobs["Failed"], "Failed")
        # a ticket of somebody who comes first keeps the job waiting
        served.store.put_bytes("work", ".queue/0000000000001-first-0123456789", b"")
        served.jobs["Canceled"] = served.upload("stopped.mp4", tiny)
        assert served.call("POST", f"/api/jobs/{served.jobs['Canceled']}/cancel").status_code == 202
        served.until(served.jobs["Canceled"], "Canceled")
        served.store.delete("work", ".queue/0000000000001-first-0123456789")
        yield served


@pytest.fixture(autouse=True)
def clean_environment() -> None:
    """Leave the environment alone: the app of this package runs in this process and reads it."""
