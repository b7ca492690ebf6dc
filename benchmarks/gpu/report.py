"""What was measured, as rows, goals and lines to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gpu.ceilings import Ceilings
from gpu.film import Stages
from gpu.ours import OURS, PLAIN
from gpu.peers import EAGER

_MET = {True: "met", False: "missed"}

EAGER_GOAL, PLAIN_GOAL, WALL_GOAL = 3.0, 1.5, 1.3


@dataclass(frozen=True)
class Row:
    """One contender on one network and size. `seconds` per frame, from host to host unless it says so."""

    network: str
    size: str
    contender: str
    seconds: float
    psnr_db: float  # against the plain graph in float32 on the CPU
    floor_share: float | None  # of the least seconds by counted operations and bytes, 0..1


@dataclass(frozen=True)
class Goal:
    """A wish, what was measured, and whether it is met."""

    text: str
    measured: float
    wanted: float
    at_most: bool = False

    @property
    def met(self) -> bool:
        """Whether the measured number is on the right side."""
        return self.measured <= self.wanted if self.at_most else self.measured >= self.wanted


def goals(rows: Sequence[Row], stages: Mapping[str, Stages]) -> list[Goal]:
    """Return the goals that `rows` and the `stages` (by size) speak of."""
    by_key = {(row.network, row.size, row.contender): row.seconds for row in rows}
    found: list[Goal] = []
    for row in rows:
        if row.contender != OURS:
            continue
        for other, wanted in ((EAGER, EAGER_GOAL), (PLAIN, PLAIN_GOAL)):
            theirs = by_key.get((row.network, row.size, other))
            if theirs is not None:
                text = f"{row.network} {row.size}: times as fast as {other}"
                found.append(Goal(text, theirs / row.seconds, wanted))
    for size, stage in stages.items():
        text = f"{size}: wall over the slowest stage alone"
        found.append(Goal(text, stage.together / stage.slowest, WALL_GOAL, at_most=True))
    return found


def told(
    device: str, ceilings: Ceilings, rows: Sequence[Row], stages: Mapping[str, Stages], wished: Sequence[Goal]
) -> str:
    """Return all of it as Markdown."""
    lines = [
        f"{device}: {ceilings.tflops:.3g} TFLOP/s, {ceilings.gb_per_second:.3g} GB/s in its memory, "
        f"{ceilings.to_device_gb:.3g} GB/s to it, {ceilings.from_device_gb:.3g} GB/s back.",
        "",
        "| network | size | contender | ms per frame | frames/s | share of the floor | PSNR dB |",
        "|---|---|---|--:|--:|--:|--:|",
    ]
    for row in rows:
        share = "" if row.floor_share is None else f"{100 * row.floor_share:.0f} %"
        lines.append(
            f"| {row.network} | {row.size} | {row.contender} | {1e3 * row.seconds:.3f} | "
            f"{1 / row.seconds:.1f} | {share} | {row.psnr_db:.1f} |"
        )
    lines += [
        "",
        "| film, ms per frame | decode | transfer | model | encode | together |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for size, stage in stages.items():
        alone = (stage.decode, stage.transfer, stage.model, stage.encode, stage.together)
        lines.append(f"| {size} | " + " | ".join(f"{1e3 * seconds:.2f}" for seconds in alone) + " |")
    lines += ["", "| goal | measured | wanted | |", "|---|--:|--:|---|"]
    for goal in wished:
        sign = "at most" if goal.at_most else "at least"
        lines.append(f"| {goal.text} | {goal.measured:.2f} | {sign} {goal.wanted} | {_MET[goal.met]} |")
    return "\n".join(lines)
