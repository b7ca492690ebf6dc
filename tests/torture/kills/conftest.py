"""The film of twelve segments that is painted while its processes are killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.conftest import convolutions, save_slow_style
from tests.media import ffmpeg
from tests.torture.kills.place import Place

LAYERS = 12  # some milliseconds for each frame


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """576 frames, 64x48, a key frame in every 48, with a tone: twelve segments."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=size=64x48:rate=24:duration=24",
        "-f", "lavfi", "-i", "sine=frequency=440:duration=24",
        "-c:v", "libx264", "-preset", "veryfast", "-g", "48", "-keyint_min", "48", "-sc_threshold", "0",
        "-pix_fmt", "yuv420p", "-c:a", "aac", str(path),
    )  # fmt: skip
    return path


@pytest.fixture(scope="session")
def styles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the one style that gives back its frames after a good many convolutions."""
    return save_slow_style(tmp_path_factory.mktemp("styles"), convolutions(LAYERS))


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, film: Path, styles: Path) -> str:
    """The sha256 of the output where nothing was killed."""
    place = Place(tmp_path_factory.mktemp("undisturbed") / "served", styles)
    try:
        place.serve()
        view = place.until(place.upload(film), lambda view: "endedAt" in view)
        assert view["status"] == "Succeeded", view
        assert sorted(place.painted().items()) == [(index, 1) for index in range(12)]
        return place.output(view)
    finally:
        place.stop()
        place.end_all()
