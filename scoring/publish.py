"""Publishing a segment: its file first, then its page, which is the proof that the file is there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from reelbrush.errors import ScoringError
from reelbrush.job import LedgerPage, Manifest, WorkNames, timestamps_hash, to_json
from reelbrush.job.names import WORK
from reelbrush.store import Store
from scoring.sampling import samples_flicker
from scoring.segments import ScoredSegment
from scoring.timestamps import Timestamps


@dataclass(frozen=True)
class Publisher:
    """Puts scored segments of one run into the store."""

    store: Store
    manifest: Manifest
    timestamps: Timestamps
    run: str
    versions: Mapping[str, str]  # of what encodes; written into every page

    def publish(self, scored: ScoredSegment) -> LedgerPage:
        """Publish `scored`, delete its local file and return its page.

        Doing it twice, or by two runs at once, leaves the same bytes. Raises ScoringError where other frames
        than promised are in it, and what the store raises; then either nothing is published or a file without
        a page, which counts as nothing.
        """
        segment = scored.segment
        painted = timestamps_hash(scored.ticks)
        if painted != self.timestamps.hash_of(segment):
            raise ScoringError(
                f"segment {segment.index} holds other frames than promised, or in another order"
            )
        page = LedgerPage(
            segment=segment.index,
            frame_count=segment.frame_count,
            timestamps_sha256=painted,
            sha256=scored.sha256,
            size=scored.path.stat().st_size,
            run=self.run,
            seconds=scored.seconds,
            versions={**self.versions, **scored.versions},
            flicker=samples_flicker(scored.samples),
            packets=scored.packets,
            place=f"{self.manifest.job}/{self.manifest.generation}",
        )
        names, generation = WorkNames(self.manifest.job), self.manifest.generation
        self.store.put_file(WORK, names.segment(generation, segment.index), scored.path)
        self.store.put_bytes(WORK, names.page(generation, segment.index), json.dumps(to_json(page)).encode())
        scored.path.unlink()
        return page
