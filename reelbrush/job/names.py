"""Blob names: where a job's things lie in the store."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

INPUT, OUTPUT, WORK, STYLES = "input", "output", "work", "styles"  # containers

# folders of `work/` that belong to no single job; ids of jobs never begin with a dot
INDEX, QUEUE, ENDED, SWEPT, CANCELING = ".jobs/", ".queue/", ".ended/", ".swept/", ".canceling/"
LOOKED = ".looked.json"  # in `work/`: how far uploads without an event were looked for
_LATEST_MS = 9_999_999_999_999  # 13 digits of milliseconds, in the year 2286

STYLE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")  # to be matched in full; also a folder's name

# ends of names that start no job: side-cars, uploads under way; infra/bicep filters events by the same list
OTHER_SUFFIXES = (".json", ".tmp", ".part", ".partial", ".crdownload", ".filepart", ".upload")
_HIDDEN_NAME = re.compile(r"(^|/)[.~]")


@dataclass(frozen=True)
class WorkNames:
    """Blob names under `work/`; `generation` is the manifest's."""

    job: str

    @property
    def prefix(self) -> str:
        """Begins the names of all of the job's work."""
        return f"{self.job}/"

    @property
    def manifest(self) -> str:
        """The manifest, one per job."""
        return f"{self.job}/manifest.json"

    @property
    def record(self) -> str:
        """What the job is and when it was asked for first; written before its orchestration starts."""
        return f"{self.job}/job.json"

    @property
    def cancel(self) -> str:
        """Made once: by the cancellation or by the finish of the job, whichever comes first."""
        return f"{self.job}/cancel.json"

    @property
    def approved(self) -> str:
        """Tells that somebody agreed to what the job costs."""
        return f"{self.job}/approved.json"

    @property
    def stuck(self) -> str:
        """Tells that the job was reported as stuck."""
        return f"{self.job}/stuck.json"

    @property
    def receipt(self) -> str:
        """What stays of a finished job."""
        return f"{self.job}/receipt.json"

    def timestamps(self, generation: str) -> str:
        """Presentation times, int64, little endian."""
        return f"{self.job}/{generation}/timestamps.bin"

    def intermediate(self, generation: str) -> str:
        """The seekable copy of a source that cannot be read in parts."""
        return f"{self.job}/{generation}/intermediate.mkv"

    def segments(self, generation: str) -> str:
        """Begins the names of all segments and their pages."""
        return f"{self.job}/{generation}/segments/"

    def segment(self, generation: str, index: int) -> str:
        """The encoded file of segment `index`."""
        return f"{self.job}/{generation}/segments/{index:05d}.mp4"

    def page(self, generation: str, index: int) -> str:
        """The ledger page of segment `index`."""
        return f"{self.job}/{generation}/segments/{index:05d}.json"

    @property
    def runs(self) -> str:
        """Begins the names of what runs are asked and tell: a folder for each run follows."""
        return f"{self.job}/runs/"

    def batch(self, run: str) -> str:
        """What a run is asked to do."""
        return f"{self.job}/runs/{run}/batch.json"

    def progress(self, run: str) -> str:
        """A run's heartbeat."""
        return f"{self.job}/runs/{run}/progress.json"

    def standing(self, run: str) -> str:
        """For how long a run that is at work has stood still."""
        return f"{self.job}/runs/{run}/standing.json"

    def result(self, run: str) -> str:
        """How a run ended."""
        return f"{self.job}/runs/{run}/result.json"


def index_name(created_ms: int, job: str) -> str:
    """Return the name in `work/` by which a job is listed, the newest first; `created_ms` since the epoch."""
    return f"{INDEX}{_LATEST_MS - created_ms:013d}-{job}"


def ticket_name(created_ms: int, job: str) -> str:
    """Return the name in `work/` of a job's place in the queue, the oldest first."""
    return f"{QUEUE}{created_ms:013d}-{job}"


def ended_name(ended_ms: int, job: str) -> str:
    """Return the name in `work/` that notes when a job ended, the oldest first."""
    return f"{ENDED}{ended_ms:013d}-{job}"


def swept_name(ended_ms: int, job: str) -> str:
    """Return the name in `work/` that notes when a job ended whose segments are gone already."""
    return f"{SWEPT}{ended_ms:013d}-{job}"


def stamped_job(name: str) -> tuple[int, str]:
    """Return milliseconds since the epoch and job id of an index, ticket, ended or swept name.

    Raises ValueError for any other name.
    """
    folder, _, entry = name.rpartition("/")
    stamp, _, job = entry.partition("-")
    if not (len(stamp) == 13 and stamp.isascii() and stamp.isdigit() and job):
        raise ValueError(f"{name} is no name with the time of a job")
    return (_LATEST_MS - int(stamp) if f"{folder}/" == INDEX else int(stamp)), job


def stamped_jobs(names: Iterable[str]) -> Iterator[tuple[str, int, str]]:
    """Yield (name, milliseconds, job id) of each name that `stamped_job` reads, passing over any other."""
    for name in names:
        try:
            stamp, job = stamped_job(name)
        except ValueError:
            continue
        yield name, stamp, job


def starts_job(name: str) -> bool:
    """Whether a blob of this name in `input/` starts a job.

    Every name does, but side-car files and temporary or partial uploads; what is no video is refused later,
    visibly, by its content.
    """
    base = name.rsplit("/", 1)[-1]
    return bool(base) and not _HIDDEN_NAME.search(name) and not base.lower().endswith(OTHER_SUFFIXES)


def style_of_upload(name: str, default: str) -> str:
    """Return the style named by an upload's first folder (`input/<style>/clip.mp4`), else `default`."""
    return name.split("/", 1)[0] if "/" in name else default


def output_name(job: str, source_name: str, extension: str) -> str:
    """Return the blob name of the finished video inside `output/`; `extension` has no dot.

    The base name is the source's without its extension, cut to 200 bytes of UTF-8; separators, control
    characters and leading dots cannot occur in it.
    """
    base = source_name.rsplit("/", 1)[-1]
    stem = base.rsplit(".", 1)[0] if "." in base.lstrip(".") else base
    stem = re.sub(r"[\x00-\x1f\x7f\\:*?\"<>|]", "_", stem).lstrip(".")
    stem = stem.encode("utf-8", "replace")[:200].decode("utf-8", "ignore").strip() or "video"
    return f"{job}/{stem}.{extension}"
