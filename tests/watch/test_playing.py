"""FFmpeg plays streams of the embedded host to their ends, the growing one of a real job too."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg
import pytest

from activities.services import services
from function_app.api.signature import watch_path
from reelbrush.host import Host
from reelbrush.job import Options, job_id
from reelbrush.store import FolderStore
from tests.conftest import ROOT
from tests.watch.making import Screening, piece

Packets = list[tuple[Fraction, str]]  # (time in seconds, MD5)


@pytest.fixture(autouse=True)
def own_services() -> Iterator[None]:
    """Build the app's services anew for this test's store."""
    services.cache_clear()
    yield
    services.cache_clear()


async def played(address: str | Path, *options: str) -> Packets:
    """Let ffmpeg read a stream to its end and return what it got."""
    executable = imageio_ffmpeg.get_ffmpeg_exe()
    process = await asyncio.create_subprocess_exec(
        executable, "-v", "error", "-nostdin", *options, "-i", str(address), "-map", "0:v",
        "-copyts", "-c", "copy", "-f", "framemd5", "-",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    lines = out.decode().splitlines()
    base = next(Fraction(line.split()[-1]) for line in lines if line.startswith("#tb"))
    rows = [line.split(",") for line in lines if not line.startswith("#")]
    return [(int(row[2]) * base, row[5].strip()) for row in rows]


@asynccontextmanager
async def hosting(store: FolderStore, data: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Host]:
    monkeypatch.setenv("REELBRUSH_STORE", store.uri)
    monkeypatch.setenv("REELBRUSH_BLOB_SOURCE", "LogsAndContainerScan")
    monkeypatch.setenv("REELBRUSH_POLL_SECONDS", "0.2")
    monkeypatch.setenv("REELBRUSH_NODES", "1")
    async with Host(ROOT, data, store_root=store.root, poll_seconds=0.1) as host:
        yield host


def test_a_whole_stream_plays_as_the_finished_file(
    film: Screening, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film.publish_all()
    final = film.stitched()
    # the host's trigger must not start a second job for the source
    shutil.rmtree(tmp_path / "store" / "input")
    assert isinstance(film.store, FolderStore)
    store = film.store

    async def scenario() -> tuple[Packets, Packets]:
        async with hosting(store, tmp_path / "host", monkeypatch) as host:
            address = host.base_url + watch_path(store, film.job.id, 600)
            return await played(address), await played(final)

    streamed, finished = asyncio.run(scenario())
    assert len(streamed) == 288 and streamed == finished


def test_a_growing_stream_plays_to_where_it_is(film: Screening, tmp_path: Path) -> None:
    film.publish(0, 1, 3)
    (tmp_path / "stream.m3u8").write_text(
        film.playlist().replace(f"?v={film.manifest.generation}", "") + "#EXT-X-ENDLIST\n"
    )
    for uri in ("init.mp4", *film.uris()):
        (tmp_path / uri.partition("?")[0]).write_bytes(piece(film.get(uri)))
    found = asyncio.run(played(tmp_path / "stream.m3u8"))
    assert len(found) == 96
    assert found[-1][0] == Fraction(95 * 1001, 30000)


@pytest.mark.slow
def test_a_job_is_watched_while_it_runs(
    large_source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderStore(tmp_path / "store")
    store.put_file("input", "identity/clip.mp4", large_source)
    blob = store.stat("input", "identity/clip.mp4")
    assert blob is not None
    job = job_id(blob, "identity", Options())

    def pages() -> set[str]:
        names = (blob.name for blob in store.list("work", f"{job}/index-"))
        return {name.rpartition("/")[2] for name in names if name.endswith(".json")}

    async def scenario() -> tuple[Packets, str]:
        async with hosting(store, tmp_path / "host", monkeypatch) as host:
            while "00000.json" not in pages():
                await asyncio.sleep(0.02)
            assert len(pages()) < 6, "the job has not ended"
            # without being told, ffmpeg begins a growing stream three segments before its end
            address = host.base_url + watch_path(store, job, 600)
            streamed = await played(address, "-live_start_index", "0")
            ended = await host.wait(job, timeout=60)
            assert ended.runtime_status == "Completed"
            return streamed, str(ended.output["blob"])

    streamed, output = asyncio.run(scenario())
    container, _, name = output.partition("/")
    assert streamed == asyncio.run(played(store.path(container, name)))
    assert len(streamed) == 288
