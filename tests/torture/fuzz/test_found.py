"""What fuzzing has found, kept: files and bodies that once ended in an exception nobody foresaw."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from activities.approval import approval_of
from activities.marks import FINISHED, decide, is_canceled, tickets_of
from activities.services import Services, read_timestamps
from function_app.start import start_job
from reelbrush.cli import main
from reelbrush.compute.local import LocalCompute
from reelbrush.errors import ReelbrushError, Refusal, StoreError
from reelbrush.job import BlobRef, Job, WorkNames, index_name, stamped_jobs
from reelbrush.job.names import INDEX, QUEUE, WORK
from reelbrush.media.concat import WrongSegment, opened_encoded
from reelbrush.media.container import path_opener
from reelbrush.media.glance import glance
from reelbrush.pricing.kept import kept_quote
from reelbrush.settings import Settings
from reelbrush.store import FolderStore
from tests.activities.test_stitch import MANIFEST
from tests.media import ffmpeg
from tests.torture.fuzz.trials import film

FOUND = Path(__file__).parent / "found"
ID = "clip-0123456789"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("plain") / "plain.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=0.4", "-pix_fmt", "yuv420p", str(path))
    return path.read_bytes()


def test_a_codec_that_nobody_knows_is_refused(plain: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(plain.replace(b"avc1", b"zzz1"))
    with pytest.raises(Refusal) as caught:
        glance(path_opener(tmp_path / "a.mp4"))
    assert caught.value.code == "unsupported"
    for packets_only in (False, True):
        segment = opened_encoded(lambda _: path_opener(tmp_path / "a.mp4")(), 3, packets_only=packets_only)
        with pytest.raises(WrongSegment, match="segment 3"), segment:
            pass


@pytest.mark.parametrize("name", sorted(path.name for path in FOUND.iterdir() if path.suffix != ".py"))
def test_a_found_file_ends_with_a_video_or_a_reason(name: str, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes((FOUND / name).read_bytes())
    try:
        assert film(str(tmp_path / "source")).startswith("finished")
    except ReelbrushError as error:
        assert error.code != "internal" and error.message


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


@pytest.mark.parametrize("text", [b"", b"{cut o", b"[]", b"null", b"[" * 100_000, b'{"end": 5}', b"\xff\xfe"])
def test_a_damaged_mark_neither_stops_nor_cancels_a_job(store: FolderStore, text: bytes) -> None:
    store.put_bytes(WORK, WorkNames(ID).cancel, text)
    assert not is_canceled(store, ID)
    assert decide(store, ID, FINISHED) == FINISHED


@pytest.mark.parametrize(
    "text",
    [
        b"{}", b"[]", b'{"at": 5}', b'{"at": "2026-01-01T00:00:00"}',
        b'{"at": "2026-01-01T00:00:00Z", "maxCost": NaN}',
        b'{"at": "2026-01-01T00:00:00Z", "maxCost": "5"}',
        b'{"at": "2026-01-01T00:00:00Z", "maxCost": -1}', b'{"at": "2026-01-01T00:00:00Z", "maxCost": true}',
    ],
)  # fmt: skip
def test_a_damaged_approval_agrees_to_nothing(store: FolderStore, tmp_path: Path, text: bytes) -> None:
    store.put_bytes(WORK, WorkNames(ID).approved, text)
    to = Services(Settings(store=store.uri), store, LocalCompute(store.uri, tmp_path / "runs", workers=1))
    assert approval_of(to, ID) is None


@pytest.mark.parametrize(
    "document", [[], {}, {"measured": True, "frames": 1, "cost": {"low": "x" * 5000}}, 5]
)
def test_a_damaged_quote_is_none(store: FolderStore, document: object) -> None:
    store.put_bytes(WORK, f"{ID}/plan/quote.json", json.dumps(document).encode())
    assert kept_quote(store, ID) is None


def test_foreign_names_in_the_queue_keep_nobody_waiting(store: FolderStore) -> None:
    for name in ("x", "0000000000000-", "readme.txt", f"0000000000001-{ID}"):
        store.put_bytes(WORK, QUEUE + name, b"")
    assert tickets_of(store, ID) == [f"{QUEUE}0000000000001-{ID}"]
    assert list(stamped_jobs(["x/y", f"{QUEUE}0000000000001-{ID}"])) == [
        (f"{QUEUE}0000000000001-{ID}", 1, ID)
    ]


@pytest.mark.parametrize("data", [b"", b"1234567", bytes(8 * 4), bytes(8 * 4 + 1)])
def test_damaged_times_are_told(store: FolderStore, data: bytes) -> None:
    store.put_bytes(WORK, MANIFEST.timestamps_blob, data)
    with pytest.raises(StoreError) as caught:
        read_timestamps(store, MANIFEST)
    assert caught.value.code == "damaged" and not caught.value.retryable


class _Client:
    """A durable client that knows no instance and takes every start."""

    def __init__(self) -> None:
        self.started: list[str] = []

    async def get_status(self, _: str, **__: object) -> None:
        """There is none."""

    async def start_new(self, _: str, instance: str, __: object) -> str:
        """Note it."""
        self.started.append(instance)
        return instance


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b'{"createdAt": 5}', b'{"createdAt": "soon"}', b"[" * 100_000]
)
def test_a_job_whose_record_is_damaged_is_started(store: FolderStore, text: bytes) -> None:
    job = Job(ID, BlobRef("input", "clip.mp4", "e", 4), "identity")
    store.put_bytes(WORK, WorkNames(ID).record, text)
    client = _Client()
    asyncio.run(start_job(client, job, Settings(store=store.uri), store))  # type: ignore[arg-type]
    assert client.started == [ID]
    assert json.loads(store.read_bytes(WORK, WorkNames(ID).record))["job"]["style"] == "identity"


@pytest.mark.parametrize("text", [b"[]", None])
def test_a_job_whose_record_is_lost_is_listed_once(store: FolderStore, text: bytes | None) -> None:
    job, other = Job(ID, BlobRef("input", "clip.mp4", "e", 4), "identity"), f"other-{ID}"
    for name in (index_name(1767225600000, ID), index_name(1767225600000, other), f"{INDEX}readme.txt"):
        store.put_bytes(WORK, name, b"")
    if text is not None:
        store.put_bytes(WORK, WorkNames(ID).record, text)
    asyncio.run(start_job(_Client(), job, Settings(store=store.uri), store, retry=1))  # type: ignore[arg-type]
    owners = [owner for _, _, owner in stamped_jobs(blob.name for blob in store.list(WORK, INDEX))]
    assert sorted(owners) == sorted((ID, other))


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "clip.mp4", "--output", ""],
        ["submit", "é" * 300],
        ["check-style", "null", "--out", "\ud800"],
        ["sample", "\ud800"],
    ],
)
def test_arguments_that_name_no_file_are_wrong_usage(arguments: list[str]) -> None:
    done = CliRunner().invoke(main, arguments)
    assert isinstance(done.exception, SystemExit) and done.exit_code == 2
    assert "Error: " in done.output


def test_an_address_that_is_none_is_told() -> None:
    done = CliRunner().invoke(main, ["list", "--url", "http://["])
    assert isinstance(done.exception, SystemExit) and "is no address" in done.output
