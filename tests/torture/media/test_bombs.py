"""Files that claim much are refused, or served, within bounds that do not depend on what they claim."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from reelbrush.errors import ReelbrushError, Refusal
from reelbrush.media import pace, trial
from reelbrush.media.container import path_opener
from reelbrush.media.limits import Limits
from reelbrush.media.room import INTERMEDIATE_BYTES
from reelbrush.media.trial import try_opening
from tests.media import ffmpeg
from tests.media_in.making import split
from tests.torture.media import bombs_mkv, bombs_mp4, bombs_pictures
from tests.torture.media.bombs import BOMBS, write
from tests.torture.media.bounded import splitter
from tests.torture.toll import Toll

assert bombs_mkv and bombs_mp4 and bombs_pictures  # they fill BOMBS

MOST_CPU = 20.0  # seconds: several openings of up to trial.MOST_CPU, and reading the packets once
MOST_MEMORY = 1_000_000_000  # bytes: twice what one opening may take, of contents that are kept
# Really as large as they say, and allowed to be: their intermediate is only made where its memory is free.
HUGE = {"apng 5700 wide": 5700 * 5700 * INTERMEDIATE_BYTES}

pytestmark = pytest.mark.timeout(1800)  # machines are busy


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """25 frames with sound, B-frames, header last."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=1",
        "-f", "lavfi", "-i", "sine=duration=1",
        "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-pix_fmt", "yuv420p", "-c:a", "aac",
        str(path),
    )  # fmt: skip
    return path.read_bytes()


@pytest.mark.torture("bombs and lying headers", full=len(BOMBS), slice=9)
def test_bombs_do_not_go_off(toll: Toll, film: bytes, tmp_path: Path) -> None:
    names = list(BOMBS)
    if toll.tries < len(names):
        names = random.Random(toll.seeds()[0]).sample(
            [name for name in names if "10^6" not in name], toll.tries
        )
    most_cpu, most_memory, served = 0.0, 0, 0
    with splitter() as apart:
        for name in names:
            path = write(name, tmp_path, film)
            end = apart.end_of(path)
            path.unlink()
            most_cpu, most_memory = max(most_cpu, end.cpu), max(most_memory, end.memory)
            served += end.code == "ok"
            broken = end.broken(MOST_CPU, HUGE.get(name, MOST_MEMORY))
            toll.lost(f"{name}: {broken}") if broken else toll.survived()
    toll.figure("served", f"{served} of {len(names)}, the others refused with a reason")
    toll.figure("at most", f"{most_cpu:.1f} s of CPU, {most_memory >> 20} MB")


@pytest.mark.parametrize(
    ("name", "code"), [("mkv 900 tracks", "too-large"), ("mkv 10^5 attachments", "too-large")]
)
def test_the_broken_limit_is_named(film: bytes, tmp_path: Path, name: str, code: str) -> None:
    with pytest.raises(Refusal, match="the limit is 256 streams") as caught:
        try_opening(path_opener(write(name, tmp_path, film)), Limits())
    assert caught.value.code == code


def test_a_header_that_takes_too_long_or_too_much_is_told(
    film: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("mkv 10^6 cues", tmp_path, film)
    monkeypatch.setattr(trial, "MOST_MEMORY", 60_000_000)
    with pytest.raises(Refusal, match="asks for more memory"):
        try_opening(path_opener(path), Limits())
    path = write("mp4 10^6 tags", tmp_path, film)
    monkeypatch.undo()
    monkeypatch.setattr(trial, "MOST_CPU", 0)
    with pytest.raises(Refusal, match="takes longer to read"):
        try_opening(path_opener(path), Limits())


def _dying(after: str) -> tuple[str, str]:
    """Return a child that asks for the file's first bytes and then does what Python is told."""
    asks = "import os, sys; from reelbrush.media.trial import READ; os.write(1, READ.pack(0, 8))"
    return ("-c", f"{asks}; sys.stdin.buffer.read(16); {after}")


def test_an_opening_that_dies_is_a_refusal(
    film: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(film)
    monkeypatch.setattr(trial, "CHILD", _dying("os.kill(os.getpid(), 11)"))
    with pytest.raises(Refusal, match="opening it ends the program") as caught:
        try_opening(path_opener(path), Limits())
    assert caught.value.code == "unreadable"


@pytest.mark.parametrize(
    ("child", "words"),
    [
        (("-c", "import reelbrush.media.never"), "does not start"),
        (("-c", "import os; os.kill(os.getpid(), 9)"), "does not start"),
        (_dying("os.kill(os.getpid(), 9)"), "was ended"),
        (_dying("os.kill(os.getpid(), 15)"), "was ended"),
        (_dying("import signal; signal.signal(2, signal.SIG_DFL); os.kill(os.getpid(), 2)"), "was ended"),
    ],
)
def test_what_befalls_the_process_is_no_fault_of_the_file(
    film: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, child: tuple[str, ...], words: str
) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(film)
    monkeypatch.setattr(trial, "CHILD", child)
    with pytest.raises(ReelbrushError, match=words) as caught:
        try_opening(path_opener(path), Limits())
    assert caught.value.retryable and not isinstance(caught.value, Refusal)


def test_modules_where_it_starts_are_not_taken_for_python_s(
    film: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(film)
    for name in ("json", "struct", "av", "reelbrush"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    try_opening(path_opener(path), Limits())


def test_little_of_the_environment_is_passed_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told, path = tmp_path / "told", tmp_path / "film.mp4"
    path.write_bytes(b"x")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/python/lib")
    monkeypatch.setenv("AzureWebJobsStorage", "a secret")
    monkeypatch.setattr(
        trial, "CHILD", ("-c", f"import os; open({str(told)!r}, 'w').write(' '.join(os.environ))")
    )
    with pytest.raises(ReelbrushError, match="does not start"):
        try_opening(path_opener(path), Limits())
    assert set(told.read_text().split()) <= {"LD_LIBRARY_PATH", "PYTHONPATH", "LC_CTYPE"}
    assert "LD_LIBRARY_PATH" in told.read_text()


def test_an_error_of_the_store_is_no_fault_of_the_file(film: bytes, tmp_path: Path) -> None:
    class Broken:
        def __init__(self, path: Path) -> None:
            self._file = path.open("rb")

        def __enter__(self) -> Broken:
            return self

        def __exit__(self, *_: object) -> None:
            self._file.close()

        def seek(self, *at: int) -> int:
            return self._file.seek(*at)

        def read(self, count: int) -> bytes:
            raise ConnectionError("the store is away")

    path = tmp_path / "film.mp4"
    path.write_bytes(film)
    with pytest.raises(ConnectionError):
        try_opening(lambda: Broken(path), Limits())  # type: ignore[arg-type,return-value]


def test_reading_that_its_size_does_not_explain_ends(
    film: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(film)
    assert split(path).video.width == 64
    monkeypatch.setattr(pace, "FREE_SECONDS", -1.0)
    with pytest.raises(Refusal, match="longer than its size explains"):
        split(path)
