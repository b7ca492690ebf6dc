"""The whole way of one small film in this process: split, score, stitch, in the product's own rounds."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from activities.services import Services
from activities.split import split
from activities.stitch import stitch
from orchestrators.stylize import STITCH_ROUNDS
from reelbrush.compute.local import LocalCompute
from reelbrush.errors import ReelbrushError
from reelbrush.job import Batch, BatchState, Job, Manifest, Options, WorkNames, job_id, run_id, to_json
from reelbrush.job.codec import read_document
from reelbrush.job.names import INPUT, OUTPUT, WORK
from reelbrush.settings import Settings
from reelbrush.store import FolderStore
from scoring.batch import RunSettings, run_batch
from scoring.mpi import Rank
from scoring.segments import ScoredSegment
from scoring.stop import StopRequest
from tests.media import ffmpeg

FILM = "film.mp4"
SEGMENTS, FRAMES = 3, 144
Breakage = Callable[["Line"], AbstractContextManager[Any]]


def no_breakage(line: Line) -> AbstractContextManager[Any]:
    """Leave the product whole."""
    return nullcontext()


@dataclass
class Line:
    """One job in a store of its own."""

    folder: Path
    style: str = "identity"
    options: Options = field(default_factory=Options)
    others: dict[str, Line] = field(default_factory=dict["str", "Line"])  # finished jobs, for mixing up
    scored: list[ScoredSegment] = field(default_factory=list[ScoredSegment])  # kept by broken publishers
    struck: int = 0  # how often the product was made to do the wrong thing

    def __post_init__(self) -> None:
        self.store = FolderStore(self.folder / "store")
        source = self.store.stat(INPUT, FILM)
        assert source is not None
        self.job = Job(job_id(source, self.style, self.options), source, self.style, self.options)
        self.names = WorkNames(self.job.id)
        compute = LocalCompute(self.store.uri, self.folder / "runs", workers=1)
        self.services = Services(Settings(store=self.store.uri), self.store, compute)

    @property
    def manifest(self) -> Manifest:
        """The manifest in the store."""
        return read_document(Manifest, self.store.read_bytes(WORK, self.names.manifest))

    def document(self, name: str) -> dict[str, Any]:
        """Return a JSON document of the work."""
        return json.loads(self.store.read_bytes(WORK, name))

    def put(self, name: str, document: dict[str, Any]) -> None:
        """Write a JSON document of the work."""
        self.store.put_bytes(WORK, name, json.dumps(document).encode())

    def page(self, index: int) -> str:
        """Return the name of a page."""
        return self.names.page(self.manifest.generation, index)

    def file(self, index: int) -> str:
        """Return the name of a segment's file."""
        return self.names.segment(self.manifest.generation, index)

    def split(self, careful: bool = False) -> str:
        """Split; return the code of an error, "" for none."""
        return split(self.services, self.job, careful).get("error", {}).get("code", "")

    def score(self, attempt: int) -> str:
        """Score what is missing; return the code of a failure, "" for none."""
        batch = Batch(0, 0, SEGMENTS, FRAMES)
        run = run_id(self.job.id, 0, attempt)
        request = {"job": to_json(self.job), "batch": to_json(batch), "attempt": attempt}
        self.put(self.names.batch(run), request)
        settings = RunSettings(threads=1, providers="cpu")
        ended = run_batch(self.store, self.job.id, run, settings, Rank(), StopRequest())
        return "" if ended.state is BatchState.DONE else ended.error_code or ended.state

    def rounds(
        self, painting: Breakage = no_breakage, stitching: Breakage = no_breakage, score_first: bool = True
    ) -> str:
        """Score and stitch until there is an output or an error; return the output's sha256 or the code."""
        for attempt in range(1, STITCH_ROUNDS + 1):
            try:
                if score_first or attempt > 1:
                    with painting(self):
                        code = self.score(attempt)
                    if code:
                        return code
                with stitching(self):
                    answer = stitch(self.services, self.job)
            except ReelbrushError as error:  # tried again by the orchestrator, four times, then the job fails
                return error.code
            if "result" in answer:
                container, _, name = str(answer["result"]["blob"]).partition("/")
                return hashlib.sha256(self.store.read_bytes(container, name)).hexdigest()
            if "error" in answer:
                return str(answer["error"]["code"])
        return "stitch"

    def published(self) -> list[str]:
        """Return the names of all outputs."""
        return [blob.name for blob in self.store.list(OUTPUT, "")]

    def copy(self, folder: Path) -> Line:
        """Return the same job in a copy of the store."""
        shutil.copytree(self.folder, folder)  # with the times of all files, which are part of ETags
        return Line(folder, self.style, self.options, self.others)


@contextmanager
def patched(owner: Any, name: str, make: Callable[[Any], Any]) -> Generator[None]:
    """Replace `owner.name` by what `make` makes of it, for a block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, make(getattr(owner, name)))
        yield


def make_film(path: Path, pattern: str = "testsrc2") -> None:
    """144 frames in three segments, 48x64 turned by 90 degrees, sound and one track of subtitles."""
    path.parent.mkdir(parents=True, exist_ok=True)
    words, flat = path.with_suffix(".srt"), path.with_suffix(".flat.mp4")
    words.write_text("1\n00:00:00,500 --> 00:00:02,000\nfirst\n\n2\n00:00:03,000 --> 00:00:04,000\nsecond\n")
    ffmpeg(
        "-f", "lavfi", "-i", f"{pattern}=size=64x48:rate=24:duration=6",
        "-f", "lavfi", "-i", "sine=frequency=440:duration=6",
        "-i", str(words), "-map", "0", "-map", "1", "-map", "2",
        "-c:v", "libx264", "-preset", "veryfast", "-g", "48", "-keyint_min", "48", "-sc_threshold", "0",
        "-pix_fmt", "yuv420p", "-c:a", "aac", "-c:s", "mov_text", str(flat),
    )  # fmt: skip
    ffmpeg("-display_rotation", "90", "-i", str(flat), "-map", "0", "-c", "copy", str(path))
    words.unlink()
    flat.unlink()
