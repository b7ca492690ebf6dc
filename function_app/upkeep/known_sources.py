"""Which blobs have a job, told from the list of all jobs and their records."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from reelbrush.job import BlobRef, Job, WorkNames, from_json, slug, stamped_jobs
from reelbrush.job.names import INDEX, WORK
from reelbrush.store import Store, read_object_if_there

_HASH = 11  # characters of an id behind the slug


class KnownSources:
    """Sources of the jobs that were asked for since a moment, read as far as somebody asks for them."""

    def __init__(self, store: Store, since: datetime) -> None:
        self._store = store
        self._since_ms = since.timestamp() * 1000
        self._jobs: dict[str, set[str]] | None = None  # ids by slug
        self._names: dict[str, set[str]] = {}  # of sources with a job, by slug

    def has(self, source: BlobRef, likely: str) -> bool:
        """Whether any version of the blob has a job, with whatever style and options.

        `likely` is the id of its job where nobody wished for anything: that one is known without reading.
        """
        if self._jobs is None:
            self._jobs = self._listed()
        key = slug(source.name)
        if likely in self._jobs.get(key, ()):
            return True
        if key not in self._names:
            self._names[key] = {name for job in self._jobs.get(key, ()) if (name := self._source(job))}
        return f"{source.container}/{source.name}" in self._names[key]

    def _listed(self) -> dict[str, set[str]]:
        jobs: defaultdict[str, set[str]] = defaultdict(set)
        for _, created, job in stamped_jobs(
            blob.name for blob in self._store.list(WORK, INDEX)
        ):  # newest first
            if created < self._since_ms:
                break
            jobs[job[:-_HASH]].add(job)
        return jobs

    def _source(self, job: str) -> str:
        """Return container and name of a job's source, "" where its record does not tell."""
        try:
            record = read_object_if_there(self._store, WORK, WorkNames(job).record) or {}
            source = from_json(Job, record.get("job")).source
        except ValueError:
            return ""
        return f"{source.container}/{source.name}"
