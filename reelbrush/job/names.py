"""Blob names: where a job's things lie in the store."""

from __future__ import annotations

import re
from dataclasses import dataclass

INPUT, OUTPUT, WORK = "input", "output", "work"  # containers

STYLE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")  # to be matched in full; also a folder's name

_PARTIAL_NAME = re.compile(r"(^|/)[.~]|\.(tmp|part|partial|crdownload|filepart|upload)$", re.IGNORECASE)


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

    def batch(self, run: str) -> str:
        """What a run is asked to do."""
        return f"{self.job}/runs/{run}/batch.json"

    def progress(self, run: str) -> str:
        """A run's heartbeat."""
        return f"{self.job}/runs/{run}/progress.json"

    def result(self, run: str) -> str:
        """How a run ended."""
        return f"{self.job}/runs/{run}/result.json"


def starts_job(name: str) -> bool:
    """Whether a blob of this name in `input/` starts a job.

    Every name does, but side-car files and temporary or partial uploads; what is no video is refused later,
    visibly, by its content.
    """
    base = name.rsplit("/", 1)[-1]
    return bool(base) and not _PARTIAL_NAME.search(name) and not base.lower().endswith(".json")


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
