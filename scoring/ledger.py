"""Which segments are published.

Their page exists, is the one expected, and their file has the page's size.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from reelbrush.errors import ScoringError, StoreError
from reelbrush.job import LedgerPage, Manifest, Segment, WorkNames
from reelbrush.job.codec import read_document
from reelbrush.job.names import WORK
from reelbrush.job.versions import NewerVersion
from reelbrush.store import Store
from scoring.timestamps import Timestamps

_READERS = 8  # small blobs read at once, for stores with latency


def published_pages(
    store: Store, manifest: Manifest, segments: Iterable[Segment], timestamps: Timestamps
) -> dict[int, LedgerPage]:
    """Return the valid pages of those of `segments` that are published, by segment index.

    A page that cannot be read as the one expected counts as absent: its segment is scored again. Raises
    ScoringError for a page that only a newer release can read, since its work must not be done again.
    """
    names = WorkNames(manifest.job)
    sizes = {blob.name: blob.size for blob in store.list(WORK, names.segments(manifest.generation))}
    candidates = [
        segment
        for segment in segments
        if names.page(manifest.generation, segment.index) in sizes
        and names.segment(manifest.generation, segment.index) in sizes
    ]

    def read(segment: Segment) -> LedgerPage | None:
        try:
            page = read_document(
                LedgerPage, store.read_bytes(WORK, names.page(manifest.generation, segment.index))
            )
        except NewerVersion as error:
            raise ScoringError(str(error), retryable=False, code=error.code) from None
        except ValueError:
            return None
        except StoreError as error:
            if error.code != "blob-missing":  # deleted since it was listed
                raise
            return None
        proven = (
            page.segment == segment.index
            and page.frame_count == segment.frame_count
            and page.timestamps_sha256 == timestamps.hash_of(segment)
            and page.size == sizes[names.segment(manifest.generation, segment.index)]
        )
        return page if proven else None

    with ThreadPoolExecutor(_READERS, thread_name_prefix="ledger") as readers:
        pages = list(readers.map(read, candidates))
    return {page.segment: page for page in pages if page is not None}
