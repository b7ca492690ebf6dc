"""From turns to the table's rows: medians, quartiles, ratios to the reference, shares of the ceiling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from contenders.field import Contender
from contenders.rounds import Turn

REFERENCE = "reference"
LEAST_PSNR_DB = {
    "reference": 15.0,
    "plain": 20.0,
    "product": 20.0,
    "product-int8": 18.0,
    "shipped": 28.0,
    "shipped-int8": 28.0,
    "draft": 28.0,
    "draft-int8": 28.0,
}
"""Below it a video shows something else than its network paints. Random weights paint texture, of which x264
loses much at any setting, and make much of little: two ways to interpolate colours give pictures
that are 39 dB apart, and what is painted of them 25 dB. The reference paints what its JPEG files have left.
"""


@dataclass(frozen=True)
class Row:
    """One contender. Times per frame are medians over rounds, in milliseconds; None: not to be had.

    cpu_quartiles: of CPU time. ratio: the reference's median CPU time over this one's, wall_ratio likewise.
    overhead: end-to-end CPU over decode, model and encode alone. ceiling_share: the model's operations per
    CPU second over what the machine reached in a matrix product, fma_share over multiply-adds between
    registers (float alone). psnr_db: against the network's own picture.
    """

    key: str
    title: str
    frames: int
    missing: str = ""  # why there is no number
    cpu_ms: float | None = None
    cpu_quartiles: tuple[float, float] | None = None
    wall_ms: float | None = None
    start_seconds: float | None = None
    megabytes: float | None = None
    peak_mib: float | None = None
    stages_ms: dict[str, float] | None = None
    overhead: float | None = None
    ceiling_share: float | None = None
    fma_share: float | None = None
    ratio: float | None = None
    wall_ratio: float | None = None
    psnr_db: float | None = None
    frames_out: int | None = None


def row(
    contender: Contender,
    frames: int,
    turns: Sequence[Turn],
    reference: Sequence[Turn],
    picture: dict[str, Any],
    ceiling: dict[str, Any],
) -> Row:
    """Return the row of a contender's turns; `reference` empty means no ratios."""
    cpu, wall = [turn.cpu_seconds for turn in turns], [turn.wall_seconds for turn in turns]
    stages = {name: _median([turn.stages.get(name, 0.0) for turn in turns]) for name in turns[0].stages}
    parts = sum(stages.get(name, 0.0) for name in ("decode", "model", "encode"))
    most = ceiling["int8_gops" if contender.int8 else "sgemm_gflops"] * 1e9
    registers = None if contender.int8 else ceiling["fma_gflops"]
    needed = ceiling["operations"][str(contender.model)]
    low, high = np.percentile(cpu, (25, 75))
    return Row(
        key=contender.key,
        title=contender.title,
        frames=frames,
        cpu_ms=1e3 * _median(cpu),
        cpu_quartiles=(1e3 * float(low), 1e3 * float(high)),
        wall_ms=1e3 * _median(wall),
        start_seconds=_median([turn.start_seconds for turn in turns]),
        megabytes=_median([turn.bytes_moved for turn in turns]) / 1e6,
        peak_mib=_median([turn.peak_mib for turn in turns]),
        stages_ms={name: 1e3 * spent for name, spent in stages.items()},
        overhead=_median(cpu) / parts,
        ceiling_share=needed / stages["model"] / most,
        fma_share=needed / stages["model"] / registers / 1e9 if registers else None,
        ratio=_median([turn.cpu_seconds for turn in reference]) / _median(cpu) if reference else None,
        wall_ratio=_median([turn.wall_seconds for turn in reference]) / _median(wall) if reference else None,
        psnr_db=picture["psnr_db"],
        frames_out=picture["frames"],
    )


def problems(rows: Sequence[Row]) -> list[str]:
    """Return what makes the comparison worthless: frames that are missing, pictures that are others."""
    found: list[str] = []
    for one in rows:
        if one.missing or one.psnr_db is None:
            continue
        if one.frames_out != one.frames:
            found.append(f"{one.title}: {one.frames_out} frames came out of {one.frames}")
        if one.psnr_db < LEAST_PSNR_DB[one.key]:
            found.append(f"{one.title}: {one.psnr_db:.1f} dB from the picture of its network")
    return found


def _median(values: Sequence[float]) -> float:
    return float(np.median(values))
