"""One run in this process: what it publishes, what it leaves alone, and how it tells what went wrong."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
import pytest

from reelbrush.errors import StoreError
from reelbrush.job import (
    Batch,
    BatchProgress,
    BatchState,
    BlobRef,
    LedgerPage,
    WorkNames,
    from_json,
    timestamps_hash,
    to_json,
)
from reelbrush.job.names import INPUT, WORK
from reelbrush.store import FolderStore
from scoring.batch import RunSettings, run_batch
from scoring.failures import Canceled, Failure, describe
from scoring.mpi import Rank
from scoring.peers import wait_until
from scoring.progress import Reporter
from scoring.stop import StopRequest
from scoring.styles import SHIPPED
from tests.scoring.jobs import PreparedJob, make_clip, prepare

FRAMES, SEGMENTS = 40, 4


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    make_clip(path, FRAMES)
    return path


@pytest.fixture
def prepared(tmp_path: Path, clip: Path) -> PreparedJob:
    return prepare(tmp_path, clip)


def score(
    prepared: PreparedJob, run: str, *, threads: int = 1, styles: Path = SHIPPED, rank: Rank | None = None
) -> BatchProgress:
    settings = RunSettings(threads=threads, styles=styles, providers="cpu")
    return run_batch(prepared.store, prepared.job.id, run, settings, rank or Rank(), StopRequest(1))


def test_every_segment_is_published_with_its_proof(prepared: PreparedJob) -> None:
    run = prepared.request()
    progress = score(prepared, run)
    assert progress == prepared.result(run)
    assert (progress.state, progress.frames_done, progress.segments_done) == (
        BatchState.DONE,
        FRAMES,
        SEGMENTS,
    )
    assert progress.new_frames == FRAMES and progress.error is None
    times = np.frombuffer(prepared.store.read_bytes(WORK, prepared.manifest.timestamps_blob), "<i8")
    for segment in prepared.manifest.segments:
        page = from_json(LedgerPage, json.loads(prepared.page_path(segment.index).read_text()))
        own = times[segment.first_frame : segment.first_frame + segment.frame_count].tolist()
        assert page.timestamps_sha256 == timestamps_hash(own)
        assert page.size == prepared.segment_path(segment.index).stat().st_size
        assert page.run == run and page.versions["provider"] == "CPUExecutionProvider"
        assert set(page.seconds) == {"decode", "infer", "encode", "total"}
        with av.open(str(prepared.segment_path(segment.index))) as container:
            assert sum(1 for _ in container.decode(video=0)) == segment.frame_count == page.frame_count


def test_bytes_do_not_depend_on_threads_batches_or_ranks(tmp_path: Path, clip: Path) -> None:
    def hashes(name: str) -> PreparedJob:
        (tmp_path / name).mkdir()
        return prepare(tmp_path / name, clip)

    whole = hashes("whole")
    score(whole, whole.request())
    threads = hashes("threads")
    score(threads, threads.request(), threads=3)
    batches = hashes("batches")
    for batch in (Batch(1, 1, 3, 28), Batch(0, 0, 1, 12)):
        score(batches, batches.request(batch))
    ranks = hashes("ranks")
    run = ranks.request()
    for rank in (2, 1, 0):
        assert score(ranks, run, rank=Rank(rank, 3, rank)).state is BatchState.DONE
    assert None not in whole.page_hashes()
    assert whole.page_hashes() == threads.page_hashes() == batches.page_hashes() == ranks.page_hashes()


def test_a_run_scores_missing_segments_only(prepared: PreparedJob) -> None:
    score(prepared, prepared.request())
    before = [prepared.segment_path(i).stat().st_mtime_ns for i in range(SEGMENTS)]
    wanted = prepared.page_hashes()
    prepared.page_path(1).unlink()  # a segment without page
    prepared.segment_path(2).write_bytes(b"cut off")  # a page whose file is another
    page = json.loads(prepared.page_path(3).read_text()) | {"frame_count": 3}
    prepared.page_path(3).write_text(json.dumps(page))  # a page of another grid
    progress = score(prepared, prepared.request(attempt=2))
    assert progress.state is BatchState.DONE
    assert (progress.frames_done, progress.new_frames) == (FRAMES, 28)
    assert prepared.page_hashes() == wanted
    assert prepared.segment_path(0).stat().st_mtime_ns == before[0]
    assert score(prepared, prepared.request(attempt=3)).new_frames == 0


def test_a_damaged_source_is_told_and_not_retried(tmp_path: Path, clip: Path) -> None:
    prepared = prepare(tmp_path, clip)
    source = prepared.store.path(INPUT, "clip.mp4")
    data = bytearray(source.read_bytes())
    start = data.index(b"mdat") + 4
    middle = start + (len(data) - start) // 2
    data[middle : middle + 400] = bytes(400)
    source.write_bytes(data)
    stat = prepared.store.stat(INPUT, "clip.mp4")
    assert stat is not None
    damaged = replace(prepared, job=replace(prepared.job, source=stat))
    progress = score(damaged, damaged.request())
    assert progress.state is BatchState.FAILED
    assert (progress.error_code, progress.retryable) == ("source-damaged", False)
    assert progress.segments_done < SEGMENTS and "Traceback" not in (progress.error or "")


def test_a_replaced_source_is_told(prepared: PreparedJob) -> None:
    run = prepared.request()
    prepared.store.put_bytes(INPUT, "clip.mp4", b"another")
    progress = score(prepared, run)
    assert (progress.state, progress.error_code, progress.retryable) == (
        BatchState.FAILED,
        "source-changed",
        False,
    )


def test_a_source_replaced_at_the_moment_of_opening_is_told(prepared: PreparedJob) -> None:
    class Replacing(FolderStore):
        def open(self, container: str, name: str) -> BinaryIO:
            if container == INPUT:
                self.put_bytes(INPUT, name, self.read_whole(name) + b"more")
            return super().open(container, name)

        def read_whole(self, name: str) -> bytes:
            return self.path(INPUT, name).read_bytes()

    run = prepared.request()
    progress = score(replace(prepared, store=Replacing(prepared.store.root)), run)
    assert (progress.state, progress.error_code, progress.retryable) == (
        BatchState.FAILED,
        "source-changed",
        False,
    )
    assert prepared.page_hashes() == [None] * SEGMENTS


def test_unreadable_pages_count_as_absent(prepared: PreparedJob) -> None:
    score(prepared, prepared.request())
    wanted = prepared.page_hashes()
    page = json.loads(prepared.page_path(1).read_text())
    prepared.page_path(0).write_text("[" * 100_000)
    prepared.page_path(1).write_text(json.dumps(page | {"versions": 3}))
    prepared.page_path(2).write_text(json.dumps(page | {"segment": 2, "seconds": {"total": []}}))
    progress = score(prepared, prepared.request(attempt=2))
    assert (progress.state, progress.new_frames) == (BatchState.DONE, 36)
    assert prepared.page_hashes() == wanted


def test_a_page_deleted_after_it_was_listed_counts_as_absent(prepared: PreparedJob) -> None:
    class Deleting(FolderStore):
        def list(self, container: str, prefix: str = "") -> Iterator[BlobRef]:
            yield from [*super().list(container, prefix)]
            prepared.page_path(1).unlink(missing_ok=True)

    score(prepared, prepared.request())
    progress = score(replace(prepared, store=Deleting(prepared.store.root)), prepared.request(attempt=2))
    assert (progress.state, progress.new_frames) == (BatchState.DONE, 12)
    assert None not in prepared.page_hashes()


def test_all_stages_have_ended_when_publishing_fails(
    prepared: PreparedJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[str] = []

    def note(error: BaseException) -> Failure:
        names = [thread.name for thread in threading.enumerate()]
        left.extend(name for name in names if name == "decode" or name.startswith("infer-"))
        return describe(error)

    monkeypatch.setattr("scoring.batch.describe", note)
    prepared.segment_path(0).mkdir(parents=True)
    assert score(prepared, prepared.request()).state is BatchState.FAILED
    assert left == []


@pytest.mark.parametrize("style", ["no-such-style", "../identity"])
def test_an_unknown_style_is_told(prepared: PreparedJob, style: str) -> None:
    wrong = replace(prepared, job=replace(prepared.job, style=style))
    progress = score(wrong, wrong.request())
    assert (progress.state, progress.error_code, progress.retryable) == (BatchState.FAILED, "style", False)


def test_an_encoder_that_cannot_is_told(prepared: PreparedJob) -> None:
    document = to_json(prepared.manifest)
    document["encode"]["preset"] = "no-such-preset"
    prepared.store.put_bytes(WORK, prepared.names.manifest, json.dumps(document).encode())
    progress = score(prepared, prepared.request())
    assert progress.state is BatchState.FAILED and "no-such-preset" in (progress.error or "")
    assert prepared.page_hashes() == [None] * SEGMENTS


def test_requests_without_sense_are_told(prepared: PreparedJob) -> None:
    run = prepared.request(Batch(0, 2, 9, 40))
    assert "segments 2..10" in (score(prepared, run).error or "")
    run = prepared.request(Batch(0, -2, 4, 40))
    progress = score(prepared, run)
    assert "segments -2..1" in (progress.error or "") and not progress.retryable
    prepared.store.put_bytes(WORK, prepared.names.batch(run), b"{}")
    progress = score(prepared, run)
    assert (progress.state, progress.retryable) == (BatchState.FAILED, False)
    prepared.store.delete(WORK, prepared.names.batch(run))
    assert score(prepared, run).error_code == "blob-missing"


@pytest.mark.parametrize(
    "change", [{"first_frame": -12}, {"first_frame": 13}, {"frame_count": 0}, {"index": 9}]
)
def test_segments_without_sense_are_told(prepared: PreparedJob, change: dict[str, int]) -> None:
    document = to_json(prepared.manifest)
    document["segments"][0] |= change
    prepared.store.put_bytes(WORK, prepared.names.manifest, json.dumps(document).encode())
    progress = score(prepared, prepared.request())
    assert (progress.state, progress.error_code, progress.retryable) == (
        BatchState.FAILED,
        "scoring",
        False,
    )


def test_a_stop_before_the_start_publishes_nothing(prepared: PreparedJob) -> None:
    run = prepared.request()
    stop = StopRequest(5)
    stop.request()
    progress = run_batch(prepared.store, prepared.job.id, run, RunSettings(), Rank(), stop)
    assert progress == prepared.result(run)
    assert (progress.state, progress.error_code, progress.retryable) == (
        BatchState.CANCELED,
        "canceled",
        True,
    )
    assert prepared.page_hashes() == [None] * SEGMENTS


def test_a_store_that_takes_no_result_raises(prepared: PreparedJob) -> None:
    run = prepared.request()
    blocker = prepared.store.path(WORK, prepared.names.result(run))
    blocker.mkdir()
    with pytest.raises(StoreError, match="result of run"):
        score(prepared, run)


def test_the_leader_tells_what_failed_in_a_peer(prepared: PreparedJob) -> None:
    run = prepared.request()
    peer = Reporter(prepared.store, prepared.job.id, run, Rank(1, 2, 1), StopRequest(1))
    peer.finish(peer.snapshot(BatchState.FAILED, describe(MemoryError())))
    progress = score(prepared, run, rank=Rank(0, 2, 0))
    assert (progress.state, progress.error_code) == (BatchState.FAILED, "out-of-memory")


def reporter(prepared: PreparedJob, run: str, rank: Rank) -> Reporter:
    return Reporter(prepared.store, prepared.job.id, run, rank, StopRequest(1))


def test_a_canceled_peer_stays_until_the_leader_has_written_the_result(prepared: PreparedJob) -> None:
    run, stop = prepared.request(), StopRequest(1)
    stop.request()
    ended: list[BatchProgress] = []

    def work() -> None:
        settings = RunSettings(providers="cpu")
        ended.append(run_batch(prepared.store, prepared.job.id, run, settings, Rank(1, 2, 1), stop))

    peer = threading.Thread(target=work)
    peer.start()
    peer.join(1.5)
    assert peer.is_alive()
    leader = reporter(prepared, run, Rank(0, 2, 0))
    leader.finish(leader.snapshot(BatchState.CANCELED, describe(Canceled("stopped"))))
    peer.join(60)
    assert not peer.is_alive() and ended[0].state is BatchState.CANCELED


def test_a_canceled_leader_stays_until_its_peers_have_ended(prepared: PreparedJob) -> None:
    run, stop = prepared.request(), StopRequest(20)
    peer = reporter(prepared, run, Rank(1, 2, 1))
    peer.write(peer.snapshot(BatchState.RUNNING))
    stop.request()

    def end() -> None:
        peer.tally.segments, peer.tally.frames = 1, 12
        peer.finish(peer.snapshot(BatchState.CANCELED, describe(Canceled("stopped"))))

    threading.Timer(1.5, end).start()
    began = time.monotonic()
    settings = RunSettings(providers="cpu")
    progress = run_batch(prepared.store, prepared.job.id, run, settings, Rank(0, 2, 0), stop)
    assert 1.4 < time.monotonic() - began < 10
    assert (progress.state, progress.frames_done) == (BatchState.CANCELED, 12)


def test_the_leader_ends_when_a_peer_was_stopped(prepared: PreparedJob) -> None:
    run = prepared.request()
    peer = reporter(prepared, run, Rank(1, 2, 1))
    peer.finish(peer.snapshot(BatchState.CANCELED, describe(Canceled("stopped"))))
    assert score(prepared, run, rank=Rank(0, 2, 0)).state is BatchState.CANCELED


def test_last_words_of_an_earlier_start_are_not_believed(prepared: PreparedJob) -> None:
    run = prepared.request()
    leader, peer = reporter(prepared, run, Rank(0, 2, 0)), reporter(prepared, run, Rank(1, 2, 1))
    leader.finish(leader.snapshot(BatchState.FAILED, describe(MemoryError())))
    peer.finish(peer.snapshot(BatchState.FAILED, describe(MemoryError())))
    for rank in (1, 0):
        assert score(prepared, run, rank=Rank(rank, 2, rank)).state is BatchState.DONE
    assert (prepared.result(run).state, prepared.result(run).new_frames) == (BatchState.DONE, FRAMES)


def test_a_start_deletes_what_an_earlier_one_said(prepared: PreparedJob) -> None:
    run = prepared.request()
    for rank in (0, 1):
        earlier = reporter(prepared, run, Rank(rank, 2, rank))
        earlier.finish(earlier.snapshot(BatchState.FAILED, describe(MemoryError())))
    peer = reporter(prepared, run, Rank(1, 2, 1))
    peer.forget()
    assert peer.result_written() and peer.peers() == []
    reporter(prepared, run, Rank(0, 2, 0)).forget()
    assert not peer.result_written()
    names = WorkNames(prepared.job.id)
    assert prepared.store.stat(WORK, names.progress(run)) is None


def test_a_damaged_heartbeat_is_none(prepared: PreparedJob) -> None:
    run = prepared.request()
    peer = reporter(prepared, run, Rank(1, 2, 1))
    peer.finish(peer.snapshot(BatchState.DONE))
    path = prepared.store.path(WORK, prepared.names.progress(run).replace(".json", "-1.json"))
    path.write_text('{"run": ')
    assert reporter(prepared, run, Rank(0, 2, 0)).peers() == []


def test_a_store_that_fails_while_a_process_waits(caplog: pytest.LogCaptureFixture) -> None:
    looks = iter([StoreError("the store is gone"), True])

    def condition() -> bool:
        look = next(looks)
        if isinstance(look, StoreError):
            raise look
        return look

    assert wait_until(condition, 10)
    assert "the store is gone" in caplog.text


def test_the_heartbeats_of_a_resumed_run_begin_with_what_is_published(
    prepared: PreparedJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    score(prepared, prepared.request(Batch(0, 0, 2, 24)))
    seen: list[BatchProgress] = []
    write = Reporter.write

    def note(self: Reporter, progress: BatchProgress) -> None:
        seen.append(progress)
        write(self, progress)

    monkeypatch.setattr(Reporter, "write", note)
    progress = score(prepared, prepared.request(attempt=2))
    assert (seen[0].state, seen[0].frames_done, seen[0].new_frames) == (BatchState.RUNNING, 24, 0)
    assert (progress.frames_done, progress.new_frames) == (FRAMES, FRAMES - 24)


def test_a_run_that_is_stopped_while_it_fetches_its_style_loads_none(
    prepared: PreparedJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, stop = prepared.request(), StopRequest(5)

    def fetch(*_: object) -> None:
        stop.request()

    def load(*_: object, **__: object) -> None:
        pytest.fail("a model was loaded")

    monkeypatch.setattr("scoring.batch.fetch_style", fetch)
    monkeypatch.setattr("scoring.batch.open_repainter", load)
    settings = RunSettings(styles=None, providers="cpu")
    assert (
        run_batch(prepared.store, prepared.job.id, run, settings, Rank(), stop).state is BatchState.CANCELED
    )
    assert prepared.result(run).state is BatchState.CANCELED
    assert set(prepared.page_hashes()) == {None}
