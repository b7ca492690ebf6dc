"""What a thousand nodes would write, without painting: heartbeats, segments, ledger pages, results.

Segments are real files of the right length, encoded once, so that the job is stitched and verified in the
end.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from reelbrush.job import (  # noqa: E402
    Batch,
    BatchProgress,
    BatchState,
    Job,
    LedgerPage,
    Manifest,
    Segment,
    WorkNames,
    from_json,
    to_json,
)
from reelbrush.job.codec import read_document  # noqa: E402
from reelbrush.job.names import WORK  # noqa: E402
from reelbrush.media.encode import SegmentEncoder  # noqa: E402
from reelbrush.pricing.rates import note_rates  # noqa: E402
from reelbrush.store import Store  # noqa: E402
from scoring.timestamps import Timestamps, read_timestamps  # noqa: E402
from tests.fakes.azureml.runs import RunView  # noqa: E402
from tests.fakes.azureml.stand_in import StandIn  # noqa: E402

SECONDS_PER_FRAME = 0.9  # that the nodes claim, so that the planner wants all of them
DEVICE = "NVIDIA A100 80GB PCIe"


def note_earlier_job(store: Store, job: Job, pixels: int) -> None:
    """Let the planner know what these nodes take per frame, as if they had painted before."""
    page = LedgerPage(0, 480, "", "", 0, "earlier", {"total": 480 * SECONDS_PER_FRAME}, {"device": DEVICE})
    note_rates(store, job, pixels, [page])


class SimulatedNodes:
    """The hook of the stand-in's simulation, and a thread that writes the heartbeats of running runs."""

    def __init__(self, store: Store, azure_ml: StandIn, seconds: tuple[float, float]) -> None:
        """`seconds` is the range in which the time of a start lies."""
        self._store, self._azure_ml, self._range = store, azure_ml, seconds
        self._lock = threading.Lock()
        self._manifests: dict[str, tuple[Manifest, Timestamps]] = {}
        self._files: dict[int, bytes] = {}
        self._batches: dict[str, Batch] = {}
        self.published: dict[tuple[str, int], int] = {}  # (job, segment) -> how often
        self.heartbeats = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeats", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write no more heartbeats."""
        self._stop.set()
        self._thread.join(30)

    def seconds(self, run: RunView) -> float:
        """Return how long a start of the run takes."""
        share = random.Random(f"{run.id} {run.starts}").random()
        return self._range[0] + share * (self._range[1] - self._range[0])

    def hook(self, run: RunView, share: float) -> None:
        """Write what a start leaves behind that had this share of its time."""
        manifest, timestamps = self._manifest(run.tags["job"])
        batch = self._batch(run)
        segments = manifest.segments[batch.first_segment : batch.first_segment + batch.segment_count]
        missing = [segment for segment in segments if (manifest.job, segment.index) not in self.published]
        for segment in missing[: int(len(missing) * share)]:
            if self._stop.is_set():
                return
            self._publish(manifest, timestamps, run.id, segment)
        if share == 1.0:
            done = self._progress(run, batch, BatchState.DONE, 1.0)
            self._put(WorkNames(manifest.job).result(run.id), done)

    def _publish(self, manifest: Manifest, timestamps: Timestamps, run: str, segment: Segment) -> None:
        names, file = WorkNames(manifest.job), self._file(manifest, segment.frame_count)
        page = LedgerPage(
            segment=segment.index,
            frame_count=segment.frame_count,
            timestamps_sha256=timestamps.hash_of(segment),
            sha256=hashlib.sha256(file).hexdigest(),
            size=len(file),
            run=run,
            seconds={"total": segment.frame_count * SECONDS_PER_FRAME},
            versions={"device": DEVICE, "model": "simulated"},
        )
        self._store.put_bytes(WORK, names.segment(manifest.generation, segment.index), file)
        text = json.dumps(to_json(page)).encode()
        self._store.put_bytes(WORK, names.page(manifest.generation, segment.index), text)
        with self._lock:
            key = (manifest.job, segment.index)
            self.published[key] = self.published.get(key, 0) + 1

    def _beat(self) -> None:
        while not self._stop.wait(1.0):
            for run in self._azure_ml.runs():
                if run.status == "Running" and run.id in self._batches_of(run):
                    share = min(0.99, run.running_seconds / self.seconds(run))
                    progress = self._progress(run, self._batches[run.id], BatchState.RUNNING, share)
                    self._put(WorkNames(run.tags["job"]).progress(run.id), progress)
                    self.heartbeats += 1

    def _batches_of(self, run: RunView) -> dict[str, Batch]:
        if run.tags.get("job"):
            self._batch(run)
        return self._batches

    def _batch(self, run: RunView) -> Batch:
        if run.id not in self._batches:
            text = self._store.read_bytes(WORK, WorkNames(run.tags["job"]).batch(run.id))
            self._batches[run.id] = from_json(Batch, json.loads(text)["batch"])
        return self._batches[run.id]

    def _progress(self, run: RunView, batch: Batch, state: BatchState, share: float) -> BatchProgress:
        return BatchProgress(
            run=run.id,
            state=state,
            segments_done=int(batch.segment_count * share),
            segments_total=batch.segment_count,
            frames_done=int(batch.frame_count * share),
            frames_total=batch.frame_count,
            updated_at=time.time(),
            seconds=round(run.running_seconds, 3),
            new_frames=int(batch.frame_count * share),
        )

    def _put(self, name: str, document: Any) -> None:
        self._store.put_bytes(WORK, name, json.dumps(to_json(document)).encode())

    def _manifest(self, job: str) -> tuple[Manifest, Timestamps]:
        with self._lock:
            if job not in self._manifests:
                manifest = read_document(Manifest, self._store.read_bytes(WORK, WorkNames(job).manifest))
                times = read_timestamps(self._store, manifest, manifest.segments)
                self._manifests[job] = (manifest, times)
            return self._manifests[job]

    def _file(self, manifest: Manifest, frames: int) -> bytes:
        with self._lock:
            if frames not in self._files:
                settings = manifest.encode
                grey = np.full((settings.height, settings.width, 3), 128, np.uint8)
                with tempfile.TemporaryDirectory() as folder:
                    path = Path(folder) / "segment.mp4"
                    with SegmentEncoder(path, settings) as encoder:
                        for _ in range(frames):
                            encoder.write(grey)
                    self._files[frames] = path.read_bytes()
            return self._files[frames]
