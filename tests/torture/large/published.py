"""All segments of a long film as if they had been painted: one is, the others are the same frames again."""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from reelbrush.job import LedgerPage, Manifest, Segment, WorkNames, timestamps_hash, to_json
from reelbrush.job.names import INPUT, WORK
from reelbrush.media.decode import SegmentReader
from reelbrush.media.encode import SegmentEncoder
from reelbrush.media.prove import prove_segment, segment_title
from reelbrush.store import FolderStore


@dataclass(frozen=True)
class Painted:
    """An encoded segment and what its page tells of it."""

    content: bytes
    title: str
    packets: str
    sha256: str


def painted(
    open_media: Callable[[], BinaryIO], manifest: Manifest, segment: Segment, times: array[int], path: Path
) -> Painted:
    """Decode a segment and encode it unchanged into `path`."""
    size = (manifest.encode.width, manifest.encode.height)
    wanted = times[segment.first_frame : segment.first_frame + segment.frame_count]
    title = segment_title(manifest.generation, segment.index)
    with (
        SegmentReader(open_media, manifest.media, manifest.video, size) as reader,
        SegmentEncoder(path, manifest.encode, title) as encoder,
    ):
        for frame in reader.frames(segment, wanted):
            encoder.write(frame)
        encoder.close()
    content = path.read_bytes()
    proof = prove_segment(path, segment.frame_count, title)
    return Painted(content, title, proof, hashlib.sha256(content).hexdigest())


def retitled(one: Painted, manifest: Manifest, segment: Segment) -> Painted:
    """Return what painting `segment` gives where its frames are the same."""
    title = segment_title(manifest.generation, segment.index)
    assert len(title) == len(one.title) and one.content.count(one.title.encode()) == 1
    content = one.content.replace(one.title.encode(), title.encode())
    return Painted(content, title, one.packets, hashlib.sha256(content).hexdigest())


def publish_all(store: FolderStore, manifest: Manifest, times: array[int], scratch: Path) -> None:
    """Publish every segment; of all with the same number of frames one is painted, the others say so."""
    names, media = WorkNames(manifest.job), manifest.media
    container = WORK if media.blob.startswith(f"{manifest.job}/") else INPUT
    kinds: dict[int, Painted] = {}
    store.path(WORK, names.page(manifest.generation, 0)).parent.mkdir(parents=True)
    for segment in manifest.segments:
        count = segment.frame_count
        if count not in kinds:
            kinds[count] = painted(
                lambda: store.open(container, media.blob), manifest, segment, times, scratch / f"{count}.mp4"
            )
        one = retitled(kinds[count], manifest, segment)
        frames = times[segment.first_frame : segment.first_frame + count]
        page = LedgerPage(
            segment.index, count, timestamps_hash(frames), one.sha256, len(one.content), "run",
            {"decode": 0.01, "infer": 0.02, "encode": 0.01, "total": 0.03}, {"av": "1", "model": "identity"},
            packets=one.packets, place=f"{manifest.job}/{manifest.generation}",
        )  # fmt: skip
        place = store.path(WORK, names.segment(manifest.generation, segment.index))
        place.write_bytes(one.content)
        place.with_suffix(".json").write_text(json.dumps(to_json(page)))
