"""From trigger to first frame, from last frame to output: who did what when, and which core was idle.

    python benchmarks/timeline.py [--way run|serve|both] [--seconds 60] [--rounds 1] [--json FILE]
                                  [--plot FILE]

A film of the product's own is painted by `reelbrush run`, or uploaded into the folder of `reelbrush serve`.
The trigger is the start of the command, or the moment at which the file appears in the folder. Wall time
depends on what else runs: the load is told. How to read it: docs/performance/orchestration.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from contenders.machine import describe  # noqa: E402
from lanes.drawing import draw  # noqa: E402
from lanes.ways import Taken, take  # noqa: E402

from reelbrush.sample import make_sample  # noqa: E402


def table(taken: dict[str, list[Taken]]) -> str:
    """Return medians over the rounds, a column per way; seconds."""
    lines = [f"| seconds | {' | '.join(taken)} |", f"| --- |{' ---: |' * len(taken)}"]
    names = list(next(iter(taken.values()))[0].figures.waits)
    rows: dict[str, Callable[[Taken], float]] = {name: _wait(name) for name in names}
    rows |= {
        "**trigger to first frame**": lambda t: t.figures.before,
        "**last frame to output**": lambda t: t.figures.after,
        "**both**": lambda t: t.figures.before + t.figures.after,
        "idle cores, split to first frame": lambda t: t.figures.idle_start,
        "idle cores, first frame to the last one's start": lambda t: t.figures.idle_scoring,
        "CPU of everything": lambda t: t.cpu,
        "CPU of the host": lambda t: t.host_cpu,
        "wall of the command": lambda t: t.wall,
    }
    for name, value in rows.items():
        cells = (f"{median(map(value, rounds)):.3f}" for rounds in taken.values())
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _wait(name: str) -> Callable[[Taken], float]:
    return lambda taken: taken.figures.waits[name]


def main() -> None:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--way", choices=("run", "serve", "both"), default="both")
    parser.add_argument("--seconds", type=int, default=60, help="of the film; 360p, 25 frames per second")
    parser.add_argument("--rounds", type=int, default=1, help="ways take turns")
    parser.add_argument("--style", default="starry-night")
    parser.add_argument("--precision", default="float32", help="of `run`")
    parser.add_argument("--clip", type=Path, help="an MP4 file instead of the film")
    parser.add_argument("--json", type=Path, help="write all numbers here")
    parser.add_argument("--plot", type=Path, help="draw the last job here")
    wanted = parser.parse_args()
    ways = ("run", "serve") if wanted.way == "both" else (wanted.way,)
    machine = describe()
    taken: dict[str, list[Taken]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        clip = wanted.clip or folder / "film.mp4"
        if not wanted.clip:
            make_sample(clip, wanted.seconds)
        for number in range(wanted.rounds):
            for way in ways:
                style = ["--style", wanted.style, "--precision", wanted.precision]
                taken[way].append(take(way, clip, style, folder / f"{way}-{number}"))
    versions = ", ".join(f"{name} {number or 'absent'}" for name, number in machine["versions"].items())
    print(f"{machine['cpu']}, {machine['cores']} cores, {' '.join(machine['flags'])}")
    print(f"load {machine['load']} before the first job; Python {machine['python']}, {versions}")
    print(f"{clip.name}, {wanted.style}, {wanted.precision}; medians of {wanted.rounds} rounds\n")
    print(table(taken))
    if wanted.json:
        jobs: list[dict[str, Any]] = [
            {
                "way": way,
                "cpu": t.cpu,
                "host_cpu": t.host_cpu,
                "wall": t.wall,
                "published": t.published,
                **asdict(t.figures),
            }
            for way, rounds in taken.items()
            for t in rounds
        ]
        wanted.json.write_text(json.dumps({"machine": machine, "jobs": jobs}, indent=1) + "\n")
    if wanted.plot:
        draw(wanted.plot, taken[ways[0]][-1], f"{clip.name}, {wanted.style}, {wanted.precision}: {ways[0]}")


if __name__ == "__main__":
    main()
