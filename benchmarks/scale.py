"""Cost per 1,000 frames and time to finish: on this machine, and projected to 1 to 100 nodes.

    python benchmarks/scale.py [--json FILE] [--plot FILE.png]
    python benchmarks/scale.py --only projection --costs FILE

`frames`: what a frame takes here by stage. `workers`: real runs with 1 and 2 of them. `projection`: films on
1 to 100 nodes from the first, the product's own planner, and constants that say where they come from.
`check`: the same model against the real app and a real SDK on the stand-in for the cluster, whose nodes only
pretend to paint. Takes some minutes. Ends with 1 when a prediction is further off than --error.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path
from statistics import median
from typing import Any

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")  # before numpy
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from contenders.machine import describe
from scaling import here, report, stand_in
from scaling.constants import SOURCES, Constants
from scaling.films import FILMS, FrameCost
from scaling.fixes import gains
from scaling.nodes import NODES
from scaling.plot import plot

HEIGHTS = (360, 720, 1080)
PARTS = ("frames", "workers", "projection", "check")


def main() -> None:
    """Measure, project, check, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default=",".join(PARTS), help="some of frames, workers, projection, check")
    parser.add_argument("--style", default="starry-night")
    parser.add_argument("--precision", default="int8", choices=("float32", "int8"))
    parser.add_argument("--frames", type=int, default=24, help="by which a frame is measured")
    parser.add_argument("--worker-frames", type=int, default=192, help="of the runs with 1 and 2 workers")
    parser.add_argument("--costs", type=Path, help="take what was measured here from this file of --json")
    parser.add_argument("--check-nodes", type=int, nargs="+", default=[2, 4, 8, 16])
    parser.add_argument("--check-segments", type=int, default=96)
    parser.add_argument("--times", type=float, default=60.0, help="how fast the stand-in's nodes live")
    parser.add_argument("--error", type=float, default=0.25, help="of a prediction that passes")
    parser.add_argument("--json", type=Path, help="write all numbers here")
    parser.add_argument("--plot", type=Path, help="draw the projection here")
    wanted = parser.parse_args()
    parts = wanted.only.split(",")
    if not set(parts) <= set(PARTS):
        parser.error(f"--only takes some of {', '.join(PARTS)}")
    if "projection" in parts and "frames" not in parts and wanted.costs is None:
        parser.error("a projection needs what is measured here: add frames, or --costs FILE")
    result: dict[str, Any] = {"machine": describe(), "style": wanted.style, "precision": wanted.precision}
    print(f"{result['machine']['cpu']}, {result['machine']['cores']} cores, load {result['machine']['load']}")
    if "frames" in parts:
        result |= frames(wanted)
    elif wanted.costs:
        known = json.loads(wanted.costs.read_text())
        result |= {name: known[name] for name in ("machine", "style", "precision", "frame", "constants")}
    if "workers" in parts:
        result["workers"] = workers(wanted)
    if "projection" in parts:
        result["projection"] = project(result, wanted.plot)
    off = 0.0
    if "check" in parts:
        result["check"] = check(wanted)
        off = max(row["error"] for row in result["check"])
    if wanted.json:
        wanted.json.write_text(json.dumps(result, indent=1, default=str) + "\n")
    if off > wanted.error:
        print(f"a prediction is {100 * off:.0f} % off", file=sys.stderr)
    sys.exit(1 if off > wanted.error else 0)


def frames(wanted: argparse.Namespace) -> dict[str, Any]:
    """Measure what a frame takes here, and what of the constants can be measured."""
    style, precision = wanted.style, wanted.precision
    costs = {height: here.frame_cost(height, style, precision, wanted.frames) for height in HEIGHTS}
    constants = here.measured(Constants())
    print(f"\n{style} in {precision}\n\n{report.frames_table(costs)}", flush=True)
    frame = {str(height): asdict(cost) for height, cost in costs.items()}
    return {"frame": frame, "constants": asdict(constants)}


def workers(wanted: argparse.Namespace) -> list[dict[str, Any]]:
    """Run the product with 1 and 2 workers."""
    style, precision, count = wanted.style, wanted.precision, wanted.worker_frames
    runs = [run for height in HEIGHTS[:2] for run in here.workers(height, count, style, precision, (1, 2))]
    print(f"\n{report.workers_table(runs, NODES[0].price, NODES[0].cores)}", flush=True)
    return [asdict(run) for run in runs]


def project(result: dict[str, Any], picture: Path | None) -> dict[str, Any]:
    """Print the projection of all films and return its numbers."""
    costs = {int(height): FrameCost(**cost) for height, cost in result["frame"].items()}
    known = {name: value for name, value in result["constants"].items() if SOURCES[name][0] == "measured"}
    constants = replace(Constants(), **known)  # all else follows the product as it is now
    numbers: dict[str, Any] = {}
    for film in FILMS:
        cost = costs[film.height]
        print(f"\n{report.projection_table(film, cost, NODES, constants)}")
        print(f"\n{report.steps_table(film, cost, NODES, constants)}")
        numbers[film.name] = {
            node.name: {
                "warm": [asdict(p) for p in report.projections(film, cost, node, constants, cold=False)],
                "cold": [asdict(p) for p in report.projections(film, cost, node, constants, cold=True)],
                "fixes": [
                    asdict(g) for g in gains(film, cost, node, report.GOAL_NODES, constants, report.GOAL)
                ],
            }
            for node in NODES
        }
        print(f"\n{report.gains_table(film, numbers[film.name])}")
    print(f"\n{report.constants_table(constants)}")
    if picture:
        plot(picture, FILMS, costs, NODES, constants)
    return numbers


def check(wanted: argparse.Namespace) -> list[dict[str, Any]]:
    """Let the app do one job on one node, predict it on more, and let the app do these."""
    job = stand_in.Wanted(wanted.check_segments, wanted.times)
    one = stand_in.observe(job, 1)
    rows: list[dict[str, Any]] = []
    for nodes in wanted.check_nodes:
        seen = stand_in.observe(job, nodes)
        blind, told = stand_in.predicted(one, seen, job)
        rows.append(
            {
                "nodes": nodes,
                "runs": seen.runs,
                "seconds": seen.seconds,
                "blind": blind,
                "predicted": told,
                "error": abs(told / seen.seconds - 1),
                "steps": {name: median(seconds) for name, seconds in seen.activities.items()},
            }
        )
    print(f"\n{report.check_table(one.seconds, rows)}")
    return rows


if __name__ == "__main__":
    main()
