"""An upload that names other files or addresses reads neither: a file and a server lie there as bait."""

from __future__ import annotations

import random
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
import pytest

from tests.media import ffmpeg
from tests.torture.media.bounded import splitter
from tests.torture.media.canary import Canary, canary
from tests.torture.media.command import reelbrush_run
from tests.torture.media.references import Reference, references
from tests.torture.toll import Toll

pytestmark = pytest.mark.timeout(1800)  # machines are busy

_NOTICED = 1.5  # seconds, in which the server notes who called and said nothing


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """25 frames, header last."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=1", "-pix_fmt", "yuv420p", str(path))
    return path


@pytest.fixture
def bait(tmp_path: Path, film: Path) -> Iterator[Canary]:
    with canary(tmp_path / "bait", film) as laid:
        yield laid


@pytest.mark.torture("references to files and addresses", full=500, slice=30)
def test_nothing_else_is_opened(toll: Toll, film: Path, bait: Canary, tmp_path: Path) -> None:
    ammunition = references(bait, film.read_bytes())
    chance = random.Random(toll.seeds()[0])
    chosen = ammunition if toll.tries >= len(ammunition) else chance.sample(ammunition, toll.tries // 2)
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    bait.touched()
    with splitter() as apart:
        for reference in chosen:
            for name in (reference.name, f"{reference.name}.mp4"):
                path = uploads / name
                path.write_bytes(reference.content)
                end = apart.end_of(path)
                path.unlink()
                if seen := bait.touched():
                    toll.leaked(f"{name}: {'; '.join(seen)}")
                elif wrong := end.broken():
                    toll.lost(f"{name}: {wrong}")
                else:
                    toll.survived()
    time.sleep(_NOTICED)
    if seen := bait.touched():
        toll.leaked(f"the last ones: {'; '.join(seen)}")
    toll.figure("kinds of references", str(len(ammunition)))


@pytest.mark.torture("references, through the command line", full=12, slice=1)
def test_the_command_opens_nothing_else(toll: Toll, film: Path, bait: Canary, tmp_path: Path) -> None:
    live = [r for r in references(bait, film.read_bytes()) if r.name.endswith((".m3u8", ".mov", ".ffconcat"))]
    for reference in random.Random(toll.seeds()[0]).sample(live, toll.tries):
        folder = tmp_path / "uploads"
        folder.mkdir(exist_ok=True)
        path = folder / f"{reference.name}.mp4"
        path.write_bytes(reference.content)
        bait.touched()
        done = reelbrush_run(path, folder / "out.mp4", folder=folder)
        if seen := bait.touched():
            toll.leaked(f"{reference.name}: {'; '.join(seen)}")
        elif done.status not in (0, 1) or "Traceback" in done.said:
            toll.lost(f"{reference.name}: exit status {done.status} {done.said}")
        else:
            toll.survived()


def test_the_bait_notices_whoever_takes_it(bait: Canary) -> None:
    assert bait.touched() == []
    bait.file.read_bytes()
    assert any("canary.mp4" in seen for seen in bait.touched())
    assert bait.touched() == []
    with socket.create_connection(("127.0.0.1", bait.port)) as caller:
        caller.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert caller.recv(10) == b""
    assert any("GET /" in seen for seen in bait.touched())


@pytest.mark.parametrize("name", ["hls_m3u8-path.m3u8", "hls_m3u8-http.m3u8", "list_ffconcat-path.ffconcat"])
def test_a_tool_without_our_bounds_takes_the_bait(
    film: Path, bait: Canary, tmp_path: Path, name: str
) -> None:
    (reference,) = [r for r in references(bait, film.read_bytes()) if r.name == name]
    _unbounded(reference, tmp_path)
    assert bait.touched()


def _unbounded(reference: Reference, folder: Path) -> None:
    path = folder / reference.name
    path.write_bytes(reference.content)
    protocols = ("-protocol_whitelist", "file,http,tcp,crypto,concat,subfile", "-safe", "0")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "quiet"]
    options = protocols if path.suffix == ".ffconcat" else protocols[:2]
    subprocess.run(
        [*command, *options, "-i", str(path), "-f", "null", "-"], capture_output=True, timeout=120, cwd=folder
    )
