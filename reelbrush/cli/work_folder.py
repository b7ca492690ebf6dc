"""The folder in which one `reelbrush run` keeps its work until it is done."""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from reelbrush.job import BlobRef, Options, job_id
from reelbrush.store import FolderStore, folder_etag


@dataclass(frozen=True)
class WorkFolder:
    """`<base>/<key>/` with the store, the host's history and the log of one source, style and set of options.

    Another style or another version of the source has another key, so that resuming never mixes two jobs.
    `base` may be a folder of the user's: nothing in it is touched but `<key>`.
    """

    base: Path
    key: str

    @staticmethod
    def of(base: Path, source: Path, style: str, options: Options) -> WorkFolder:
        """Return the folder for a source file. Raises OSError when the file cannot be read."""
        status = source.stat()
        etag = folder_etag(status.st_size, status.st_mtime_ns)
        blob = BlobRef("input", os.fsencode(source.resolve()).hex(), etag, status.st_size)
        return WorkFolder(base, "work-" + job_id(blob, style, options).rsplit("-", 1)[-1])

    @property
    def folder(self) -> Path:
        """`<base>/<key>`."""
        return self.base / self.key

    @property
    def store(self) -> FolderStore:
        """The store of this job."""
        return FolderStore(self.folder / "store")

    @property
    def host(self) -> Path:
        """Where the host keeps its history."""
        return self.folder / "host"

    @property
    def log(self) -> Path:
        """The log file of the host."""
        return self.folder / "log.txt"

    def remove(self) -> None:
        """Remove the work; the history first, so that a removal cut short is not taken for a finished job."""
        shutil.rmtree(self.host, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            self.base.rmdir()  # only when nothing else is in it
