"""What of one job can be watched: how far its segments are published, and these as players take them."""

from __future__ import annotations

import io
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, BinaryIO

from activities.services import read_timestamps
from reelbrush.hls.codecs import codec_string
from reelbrush.hls.playlist import Entry, target_duration
from reelbrush.job import Manifest, Segment, WorkNames
from reelbrush.job.names import WORK
from reelbrush.media.timeline import Timeline, video_timescale
from reelbrush.store import Store

if TYPE_CHECKING:
    from reelbrush.media.fragment import Initialization

_STEPS = 8  # single looks for newly published segments; where more are new, one listing is cheaper


class Film:
    """The painted video of one manifest; may be used by several threads."""

    def __init__(self, store: Store, manifest: Manifest) -> None:
        """Read the times of all frames. Raises StoreError."""
        timestamps = read_timestamps(store, manifest)
        origin = manifest.origin
        if origin is None:
            origin = timestamps[0] * manifest.video.time_base
        self.manifest = manifest
        self.scale = video_timescale(manifest, timestamps)  # ticks per second
        self._timeline = Timeline.of(manifest, timestamps, Fraction(1, self.scale), origin)
        self._store = store
        self._names = WorkNames(manifest.job)
        self._published = 0
        self._init: Initialization | None = None
        self.entries = tuple(map(self._entry, manifest.segments))  # one per segment, published or not
        self.target_duration = target_duration(
            [each.duration for each in self.entries], self.scale
        )  # seconds

    @property
    def generation(self) -> str:
        """Tells this film from one of the same job that was split anew."""
        return self.manifest.generation

    @property
    def is_whole(self) -> bool:
        """Whether all segments were published when `published` looked last."""
        return self._published == len(self.manifest.segments)

    def uri(self, file: str) -> str:
        """Return the URI of a file relative to the playlist; it is another one after a new split."""
        return f"{file}?v={self.generation}"

    def published(self) -> int:
        """Return how many segments from the first one on are published, without a gap. It never shrinks."""
        total, known = len(self.manifest.segments), self._published
        count, limit = known, min(total, known + _STEPS) if known else 0
        while count < limit and self._has_page(count):
            count += 1
        if count == limit < total:
            prefix = self._names.segments(self.generation)
            listed = {blob.name for blob in self._store.list(WORK, prefix)}
            while count < total and self._names.page(self.generation, count) in listed:
                count += 1
        self._published = max(self._published, count)
        return self._published

    def initialization(self) -> Initialization:
        """Return what players read first; the first segment has to be published.

        Raises StoreError or StitchError.
        """
        if self._init is None:
            from reelbrush.media.fragment import initialization

            self._init = initialization(self._opener(0), 0, self.scale)
        return self._init

    def codecs(self) -> str:
        """Return what browsers call the coding, like `avc1.64001e`; see `initialization`."""
        return codec_string(self.initialization().extradata)

    def fragment(self, index: int) -> bytes | None:
        """Return segment `index` as fragmented MP4, None while it is not published.

        Raises StoreError or StitchError.
        """
        from reelbrush.media.fragment import fragment

        if not 0 <= index < len(self.manifest.segments):
            return None
        if index >= self._published and not self._has_page(index):
            return None
        segment = self.manifest.segments[index]
        return fragment(self._opener(index), segment, self._timeline, self.initialization())

    def _entry(self, segment: Segment) -> Entry:
        start = self._timeline.start(segment.first_frame)
        end = self._timeline.start(segment.first_frame + segment.frame_count)
        return Entry(self.uri(f"{segment.index:05d}.m4s"), start, end - start)

    def _has_page(self, index: int) -> bool:
        return self._store.stat(WORK, self._names.page(self.generation, index)) is not None

    def _opener(self, index: int) -> Callable[[int], BinaryIO]:
        # read at once: a store that fails is not a damaged segment
        data = self._store.read_bytes(WORK, self._names.segment(self.generation, index))
        return lambda _: io.BytesIO(data)
