"""What an encoded segment holds, read from its file: the proof that its ledger page carries."""

from __future__ import annotations

import zlib
from pathlib import Path

from reelbrush.errors import ScoringError
from reelbrush.media.container import main_video, opened, path_opener


def segment_title(generation: str, index: int) -> str:
    """Return what the file of a segment says of itself: nobody can take it for another one."""
    return f"{generation}/{index:05d}"


def prove_segment(path: Path, frames: int, title: str) -> str:
    """Return `packets_proof` of the segment in the file at `path`, decoding nothing.

    Raises ScoringError where it does not hold `frames` packets at evenly growing times, the first of them a
    key frame, or has another title; Refusal when it cannot be read.
    """
    checksum = found = 0
    with opened(path_opener(path), packets_only=True) as container:
        stream = main_video(container)
        if stream is None or container.metadata.get("title", "") != title:
            raise ScoringError(f"the file of segment {title} is another one's")
        step = 0
        for packet in container.demux(stream):
            if not packet.size:
                continue
            step = step or packet.duration or 0
            if packet.pts != found * step or packet.dts != packet.pts or packet.is_keyframe < (found == 0):
                raise ScoringError(f"frame {found} of segment {title} is out of its place")
            checksum = zlib.crc32(packet, checksum)  # pyright: ignore[reportArgumentType]  # a buffer
            found += 1
    if found != frames:
        raise ScoringError(f"segment {title} holds {found} encoded frames, {frames} are expected")
    return packets_proof(found, checksum)


def packets_proof(count: int, checksum: int) -> str:
    """Return how pages write the number of a segment's packets and the CRC-32 of their bytes."""
    return f"{count}:{checksum:08x}"
