"""What a run tells while it scores, and the record that it leaves."""

from __future__ import annotations

import json
import logging
import threading
import time
from dataclasses import dataclass, replace
from types import TracebackType

from reelbrush.errors import ScoringError, StoreError
from reelbrush.job import Batch, BatchProgress, BatchState, LedgerPage, WorkNames, to_json
from reelbrush.job.codec import read_document
from reelbrush.job.names import WORK
from reelbrush.store import Store
from scoring.failures import Canceled, Failure
from scoring.mpi import Rank
from scoring.stop import StopRequest

_LOG = logging.getLogger("scoring")
_STALE_SECONDS = 30.0  # older last words are from an earlier start of the same run


def progress_name(names: WorkNames, run: str, rank: int) -> str:
    """Return the blob name of a rank's heartbeat; rank 0's is the run's own."""
    name = names.progress(run)
    return name if rank == 0 else f"{name.removesuffix('.json')}-{rank}.json"


@dataclass
class Tally:
    """What this process has published of its share so far, and how many frames it has painted."""

    segments: int = 0
    frames: int = 0
    painted: int = 0

    def count_painted(self, frames: int) -> None:
        """Count frames that were painted and encoded."""
        self.painted += frames

    def count_published(self, page: LedgerPage) -> None:
        """Count a published segment, by whatever run."""
        self.segments += 1
        self.frames += page.frame_count


class Reporter:
    """Writes heartbeats about once per second from a thread of its own, while entered as a context."""

    def __init__(
        self, store: Store, job: str, run: str, rank: Rank, stop: StopRequest, interval: float = 1.0
    ) -> None:
        """`interval` is in seconds. A leader whose peer ended early asks `stop` to end this process too."""
        self._store, self._names, self._run, self._rank, self._stop = store, WorkNames(job), run, rank, stop
        self._interval = interval
        self._began, self._began_at = time.monotonic(), time.time()
        self.batch: Batch | None = None  # None as long as it could not be read
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self.tally = Tally()

    def forget(self) -> None:
        """Delete what an earlier start of the same run left in this process's place."""
        self._store.delete(WORK, progress_name(self._names, self._run, self._rank.rank))
        if self._rank.leads:
            self._store.delete(WORK, self._names.result(self._run))

    def __enter__(self) -> Reporter:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(30)

    def snapshot(self, state: BatchState, failure: Failure | None = None) -> BatchProgress:
        """Return this process's progress now; the leader's with its peers' last heartbeats added."""
        batch, tally = self.batch, self.tally
        own = BatchProgress(
            run=self._run,
            state=state,
            segments_done=tally.segments,
            segments_total=batch.segment_count if batch else 0,
            frames_done=tally.frames,
            frames_total=batch.frame_count if batch else 0,
            updated_at=time.time(),
            seconds=round(time.monotonic() - self._began, 3),
            new_frames=tally.painted,
            error=failure.message if failure else None,
            error_code=failure.code if failure else None,
            retryable=failure.retryable if failure else True,
        )
        if not self._rank.leads:
            return own
        peers = self.peers()
        whole = replace(own, new_frames=own.new_frames + sum(peer.new_frames for peer in peers))
        if state is BatchState.DONE:
            return replace(whole, segments_done=own.segments_total, frames_done=own.frames_total)
        return replace(
            whole,
            segments_done=own.segments_done + sum(peer.segments_done for peer in peers),
            frames_done=own.frames_done + sum(peer.frames_done for peer in peers),
        )

    def peers(self) -> list[BatchProgress]:
        """Return the last heartbeats of the run's other processes, as far as they have written one."""
        names = [progress_name(self._names, self._run, rank) for rank in range(1, self._rank.size)]
        return [peer for peer in map(self._read, names) if peer is not None]

    def _read(self, name: str) -> BatchProgress | None:
        if self._store.stat(WORK, name) is None:
            return None
        try:
            return read_document(BatchProgress, self._store.read_bytes(WORK, name))
        except ValueError:
            return None
        except StoreError as error:
            if error.code != "blob-missing":  # deleted by a peer that starts again
                raise
            return None

    def check_peers(self) -> None:
        """Raise ScoringError with a peer's own words when one has failed, Canceled when one has stopped."""
        peers = [peer for peer in self.peers() if self._is_of_this_start(peer)]
        for peer in peers:
            if peer.state is BatchState.FAILED:
                raise ScoringError(
                    peer.error or "a process of this run has failed",
                    code=peer.error_code,
                    retryable=peer.retryable,
                )
        if any(peer.state is BatchState.CANCELED for peer in peers):
            raise Canceled(f"a process of run {self._run} was stopped before its share was published")

    def peers_ended(self) -> bool:
        """Whether all other processes of the run have said their last word, or one of them has failed."""
        states = [peer.state for peer in self.peers()]
        ended = len(states) == self._rank.size - 1 and BatchState.RUNNING not in states
        return ended or BatchState.FAILED in states

    def result_written(self) -> bool:
        """Whether the leader has left the run's result."""
        result = self._read(self._names.result(self._run))
        return result is not None and self._is_of_this_start(result)

    def _is_of_this_start(self, progress: BatchProgress) -> bool:
        return progress.updated_at > self._began_at - _STALE_SECONDS

    def write(self, progress: BatchProgress) -> None:
        """Write this process's heartbeat now."""
        self._put(progress_name(self._names, self._run, self._rank.rank), progress)

    def finish(self, progress: BatchProgress) -> None:
        """Write the last heartbeat, and as leader the run's result, of which the heartbeat is a mere copy."""
        try:
            self.write(progress)
        except Exception as error:
            if not self._rank.leads:
                raise
            _LOG.warning("heartbeat failed: %s", error)
        if self._rank.leads:
            self._put(self._names.result(self._run), progress)

    def _put(self, name: str, progress: BatchProgress) -> None:
        self._store.put_bytes(WORK, name, json.dumps(to_json(progress)).encode())

    def _beat(self) -> None:
        while True:
            try:
                self.write(self.snapshot(BatchState.RUNNING))
                if self._rank.leads and not self._stop.requested:
                    self.check_peers()
            except ScoringError:
                self._stop.request()
            except Exception as error:
                # the next one may succeed; a store that is really gone shows when a segment is published
                _LOG.warning("heartbeat failed: %s", error)
            if self._ended.wait(self._interval):
                return
