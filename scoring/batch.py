"""One run: the segments of a batch that this process has to score, from request to result."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO, TypeVar

from reelbrush.errors import ScoringError, StoreError
from reelbrush.job import (
    Batch,
    BatchProgress,
    BatchState,
    Job,
    Manifest,
    Segment,
    WorkNames,
)
from reelbrush.job.codec import read_document
from reelbrush.job.names import WORK
from reelbrush.job.versions import BATCH, NewerVersion, schema
from reelbrush.store import Store
from scoring.crew import choose_threads
from scoring.failures import Canceled, describe
from scoring.gpu import CPU
from scoring.ledger import published_pages
from scoring.mpi import Rank, share
from scoring.peers import wait_for_segments, wait_until
from scoring.progress import Reporter
from scoring.publish import Publisher
from scoring.repaint import Repainter, open_repainter
from scoring.segments import SegmentScorer
from scoring.shelf import fetch_style
from scoring.stop import StopRequest
from scoring.styles import SHIPPED
from scoring.timestamps import Timestamps, read_timestamps
from scoring.trace import run_span

T = TypeVar("T")

_LOG = logging.getLogger("scoring")
# mpirun kills all processes when one leaves with a code other than 0: it stays for the leader's result
_RESULT_SECONDS = 45.0
_LAST_WORDS_SECONDS = 5.0  # the leader's patience with the last heartbeats of peers that published their all


@dataclass(frozen=True)
class RunRequest:
    """The document that a run finds at `WorkNames.batch(run)`."""

    job: Job
    batch: Batch
    attempt: int = 0
    traceparent: str = ""  # of the job's trace
    version: int = schema(BATCH)


@dataclass(frozen=True)
class RunSettings:
    """How this process scores; nothing here changes a byte of the output but the provider."""

    threads: int = 1  # frames painted at the same time at most; 0: what suits the cores; see choose_threads
    frames: int = 0  # given to the model by one call; 0: what suits the device
    providers: str = "auto"  # see StyleSession
    styles: Path | None = SHIPPED  # folder of styles; None: fetched from the store
    peer_seconds: float = 3600.0  # the leader's patience with peers that publish nothing, after its own share


def run_batch(
    store: Store, job: str, run: str, settings: RunSettings, rank: Rank, stop: StopRequest
) -> BatchProgress:
    """Score this rank's share of the run's batch and return how it ended: DONE, FAILED or CANCELED.

    Segments that are published already are left alone. Rank 0 writes the result document in every case; its
    DONE means that all segments of the batch are published. What goes wrong is told in the returned progress;
    only a store that does not even take the result raises (StoreError).
    """
    reporter = Reporter(store, job, run, rank, stop)
    state, failure = BatchState.DONE, None
    try:
        reporter.forget()
        request = _read(store, RunRequest, WorkNames(job).batch(run))
        manifest = _read(store, Manifest, WorkNames(job).manifest)
        reporter.batch = request.batch
        with run_span(request.job, request.batch, request.attempt, request.traceparent, rank, reporter.tally):
            _Run(store, request, manifest, run, settings, rank, stop, reporter).execute()
    except Canceled as error:
        state, failure = BatchState.CANCELED, describe(error)
    except BaseException as error:
        state, failure = BatchState.FAILED, describe(error)
    if failure is not None:
        _LOG.warning("run %s %s (%s): %s", run, state, failure.code, failure.log)
    try:
        progress = reporter.snapshot(state, failure)
        reporter.finish(progress)
    except Exception as error:
        raise StoreError(f"the result of run {run} cannot be written: {error}") from error
    if state is not BatchState.DONE and not rank.leads:
        wait_until(reporter.result_written, _RESULT_SECONDS)
    return progress


@dataclass(frozen=True)
class _Run:
    store: Store
    request: RunRequest
    manifest: Manifest
    run: str
    settings: RunSettings
    rank: Rank
    stop: StopRequest
    reporter: Reporter

    def execute(self) -> None:
        """Publish all missing segments of the share; the leader returns when the whole batch is published."""
        segments = self._batch_segments()
        timestamps = read_timestamps(self.store, self.manifest, segments)
        own = share(segments, self.rank)
        published = published_pages(self.store, self.manifest, own, timestamps)
        for page in published.values():
            self.reporter.tally.count_published(page)
        missing = [segment for segment in own if segment.index not in published]
        _LOG.info(
            "rank %d of %d: %d segments, %d published already",
            self.rank.rank,
            self.rank.size,
            len(own),
            len(published),
        )
        with self.reporter:  # not before what is published was counted, or a resumed run would begin with 0
            if missing and not self.stop.requested:
                self._score(missing, timestamps)
            self._end(segments, own, timestamps)

    def _end(self, segments: Sequence[Segment], own: Sequence[Segment], timestamps: Timestamps) -> None:
        """Raise Canceled when the share `own` is not published; let the leader wait for all `segments`."""
        leads_peers = self.rank.leads and self.rank.size > 1
        if leads_peers:
            self._check_peers()
        if self.reporter.tally.segments < len(own):
            published_now = self.reporter.tally.segments
            raise Canceled(
                f"run {self.run} was stopped with {published_now} of {len(own)} segments published"
            )
        if leads_peers:
            wait_for_segments(
                self.store,
                self.manifest,
                segments,
                timestamps,
                patience=self.settings.peer_seconds,
                check=self._check_running,
            )
            wait_until(self.reporter.peers_ended, _LAST_WORDS_SECONDS)

    def _batch_segments(self) -> Sequence[Segment]:
        batch, segments = self.request.batch, self.manifest.segments
        end = batch.first_segment + batch.segment_count  # exclusive
        if (
            self.manifest.job != self.request.job.id
            or batch.first_segment < 0
            or batch.segment_count < 1
            or end > len(segments)
        ):
            raise ScoringError(
                f"run {self.run} asks for segments {batch.first_segment}..{end - 1} "
                f"of job {self.request.job.id}, the manifest is of job {self.manifest.job} "
                f"with {len(segments)} segments",
                retryable=False,
            )
        wanted, frame = segments[batch.first_segment : end], segments[batch.first_segment].first_frame
        for index, segment in enumerate(wanted, batch.first_segment):
            if (segment.index, segment.first_frame) != (index, frame) or frame < 0 or segment.frame_count < 1:
                raise ScoringError(
                    f"segment {index} of the manifest is not valid: number {segment.index}, "
                    f"{segment.frame_count} frames from {segment.first_frame}, {frame} is expected",
                    retryable=False,
                )
            frame += segment.frame_count
        return wanted

    def _open_repainter(self, timestamps: Timestamps, folder: Path) -> Repainter:
        job, styles = self.request.job, self.settings.styles
        if styles is None:
            styles = folder
            for name in {job.style, job.options.mix or job.style}:
                fetch_style(self.store, name, job.options.precision, folder)
            if self.stop.requested:  # to load a model takes longer than a node that is taken away has left
                raise Canceled(f"run {self.run} was stopped before its first segment")
        return open_repainter(
            job,
            styles,
            self.settings.providers,
            time_base=self.manifest.video.time_base,
            first_tick=timestamps.video_start,
            frames=self.settings.frames,
        )

    def _score(self, missing: Sequence[Segment], timestamps: Timestamps) -> None:
        with tempfile.TemporaryDirectory(prefix="reelbrush-styles-") as folder:
            repainter = self._open_repainter(timestamps, Path(folder))
        _LOG.info("device %s, versions %s", repainter.versions.get("device", CPU), repainter.versions)
        versions = {name: version(name) for name in ("av", "numpy")}
        size = self.manifest.encode.width, self.manifest.encode.height
        frames = sum(segment.frame_count for segment in missing)
        threads = choose_threads(
            repainter, *size, frames, self.settings.threads, should_stop=lambda: self.stop.requested
        )
        publisher = Publisher(self.store, self.manifest, timestamps, self.run, versions)
        tally = self.reporter.tally
        with tempfile.TemporaryDirectory(prefix="reelbrush-") as scratch:
            SegmentScorer(
                manifest=self.manifest,
                timestamps=timestamps,
                open_media=self._open_media,
                repainter=repainter,
                threads=max(threads, repainter.streams),
                scratch=Path(scratch),
                stop=self.stop,
            ).score(
                missing,
                publish=lambda scored: tally.count_published(publisher.publish(scored)),
                on_painted=tally.count_painted,
            )

    def _open_media(self) -> BinaryIO:
        """Open what is decoded; a source must still be the version that was split."""
        source = self.request.job.source
        if self.manifest.media.blob != source.name:
            return self.store.open(WORK, self.manifest.media.blob)
        found = self.store.stat(source.container, source.name)
        if found is not None and found.etag.strip('"') == source.etag.strip('"'):
            reader = self.store.open(source.container, source.name)
            found = self.store.stat(
                source.container, source.name
            )  # the reader may be of a version after the first
            if found is not None and found.etag.strip('"') == source.etag.strip('"'):
                return reader
            reader.close()
        raise StoreError(
            f"the source {source.container}/{source.name} was {'replaced' if found else 'deleted'} "
            "while the job was running",
            advice="The new upload is a job of its own",
            retryable=False,
            code="source-changed",
        )

    def _check_peers(self) -> None:
        """Raise when a peer ended early; after a request to stop only once the peers have ended."""
        if self.stop.requested:
            # the end of this process is the end of its peers, who may be finishing their segments in flight
            wait_until(lambda: self.stop.expired or self.reporter.peers_ended(), self.stop.grace)
        self.reporter.check_peers()

    def _check_running(self) -> None:
        self._check_peers()
        if self.stop.requested:
            raise Canceled(f"run {self.run} was stopped while its other processes were at work")


def _read(store: Store, kind: type[T], name: str) -> T:
    try:
        return read_document(kind, store.read_bytes(WORK, name))
    except NewerVersion as error:
        raise ScoringError(f"{WORK}/{name}: {error}", retryable=False, code=error.code) from None
    except ValueError as error:
        raise ScoringError(f"{WORK}/{name} is not valid: {error}", retryable=False) from None
