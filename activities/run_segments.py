"""Which segments a run is to publish, as its description in the store says."""

from __future__ import annotations

from reelbrush.job import Batch, WorkNames, from_json
from reelbrush.job.names import WORK
from reelbrush.store import Store, read_object_if_there

MOST_SEGMENTS = 1_500_000  # of a batch: as many as a source may have frames


def segments_of_run(store: Store, job: str, run: str) -> tuple[str, range]:
    """Return the generation and the segments of a run; no segments where nobody can tell which."""
    names = WorkNames(job)
    try:
        description = read_object_if_there(store, WORK, names.batch(run)) or {}
        manifest = read_object_if_there(store, WORK, names.manifest) or {}
        batch = from_json(Batch, description.get("batch"))
    except ValueError:
        return "", range(0)
    generation, first, count = manifest.get("generation"), batch.first_segment, batch.segment_count
    if not (isinstance(generation, str) and first >= 0 and 0 <= count <= MOST_SEGMENTS):
        return "", range(0)
    return generation, range(first, first + count)
