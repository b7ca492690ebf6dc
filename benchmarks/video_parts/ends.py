"""Index and stitch: what a frame more of a long film costs, all checks and hashes included."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
from contenders.stopwatch import cpu_seconds
from numpy.typing import NDArray

from reelbrush.media.encode import SegmentEncoder
from reelbrush.media.stitch import stitch
from video_parts.film import Film, repeated, split_film
from video_parts.timing import Cost, cost

SHORT, LONG = 12, 36
"""How many times the clip follows itself; costs per frame are the difference, so that what a film pays once
falls out: the first look at 72 frames, trial decoding of 12 key frames."""


def index_and_stitch(
    clip: Path, pictures: list[NDArray[np.uint8]], scratch: Path, rounds: int
) -> dict[str, Cost]:
    """Return the costs of splitting and of stitching, and of the ledger's check of every segment's bytes."""
    films = [repeated(clip, times, scratch / f"times-{times}.mp4") for times in (SHORT, LONG)]
    costs: list[dict[str, Cost]] = []
    counts: list[int] = []
    for path in films:
        spent: dict[str, list[float]] = {}
        frames = 0
        for number in range(rounds + 1):
            turn, frames = _turn(path, pictures, scratch)
            for name, seconds in turn.items() if number else ():  # the first turn fills the page cache
                spent.setdefault(name, []).append(1e3 * seconds)
        counts.append(frames)
        costs.append({name: cost(times) for name, times in spent.items()})
    more = counts[1] - counts[0]
    return {
        name: Cost(
            (long.fastest - costs[0][name].fastest) / more, (long.quartile - costs[0][name].quartile) / more
        )
        for name, long in costs[1].items()
    }


def _turn(path: Path, pictures: list[NDArray[np.uint8]], scratch: Path) -> tuple[dict[str, float], int]:
    at = [cpu_seconds()]
    film = split_film(path, scratch)
    at.append(cpu_seconds())
    segments = _segments(film, pictures, scratch)
    open_segment = [segments[segment.frame_count] for segment in film.manifest.segments]
    at.append(cpu_seconds())
    stitch(film.opener, film.manifest, film.timestamps, lambda index: _open(open_segment[index]), scratch)
    at.append(cpu_seconds())
    for segment in open_segment:
        with segment.open("rb") as file:
            hashlib.file_digest(file, "sha256")
    at.append(cpu_seconds())
    spent = {"index": at[1] - at[0], "stitch": at[3] - at[2], "stitch, hashes of the ledger": at[4] - at[3]}
    return spent, film.manifest.frame_count


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


def _segments(film: Film, pictures: list[NDArray[np.uint8]], scratch: Path) -> dict[int, Path]:
    """Encode one segment of every length that the film has; what is in them makes no difference here."""
    made: dict[int, Path] = {}
    for segment in film.manifest.segments:
        count = segment.frame_count
        path = scratch / f"segment-{count}.mp4"
        if count not in made and not path.exists():
            with SegmentEncoder(path, film.manifest.encode) as encoder:
                for number in range(count):
                    encoder.write(pictures[number % len(pictures)])
        made[count] = path
    return made
