"""The GPU path beside torch and a plain onnxruntime loop: correctness, speed, shares of what the card can do.

    python benchmarks/gpu.py [--device cuda] [--minutes 8] [--json FILE]

One run measures the card's own limits, checks pictures against the CPU, lets all contenders take turns on
the same network and frames, and overlaps a film. `--device cpu` runs the same on small pictures, to try the
script. `--paper` needs no GPU: it prints counted operations and bytes against the data sheets of cards.
A machine without downloads gets what it lacks by `benchmarks/gpu/pack.py`.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from contenders.machine import describe  # noqa: E402
from gpu.ceilings import Ceilings, measure  # noqa: E402
from gpu.clock import by_threads, one_thread, seconds_each, waiting  # noqa: E402
from gpu.cost import CARDS, costs, least_seconds, paper  # noqa: E402
from gpu.film import Stages, make_film, nvdec, run  # noqa: E402
from gpu.networks import Network, reference_network, shipped_network  # noqa: E402
from gpu.ours import OURS, PLAIN, plain, product  # noqa: E402
from gpu.peers import Paint, torch_peers  # noqa: E402
from gpu.report import Row, goals, told  # noqa: E402

from scoring.check.pictures import scene  # noqa: E402
from scoring.gpu import this_gpu  # noqa: E402

SIZES = {"cuda": {"720p": (1280, 720), "1080p": (1920, 1080)}, "cpu": {"72p": (128, 72)}}
PAPER_SIZES = {"720p": (1280, 720), "1080p": (1920, 1080)}
FILM_FRAMES = {"cuda": 240, "cpu": 30}
STREAMS = {"cuda": 3, "cpu": 2}
FRAMES = {"cuda": 4, "cpu": 2}
ALONE = ", model alone"


def contest(network: Network, size: str, device: str, ceilings: Ceilings, budget: float) -> list[Row]:
    """Let all who can paint by `network` take turns on frames of `size` for about `budget` seconds."""
    width, height = SIZES[device][size]
    per_call, streams = FRAMES[device], STREAMS[device]
    shape = (per_call, height, width, 3)
    frames = np.concatenate([np.roll(scene(height, width), 8 * number, axis=2) for number in range(per_call)])
    ours = product(network, device)
    paints: dict[str, Paint] = {PLAIN: plain(network, device)}
    if network.torch is not None:
        paints |= torch_peers(network.torch, device, shape)
    exact = plain(network, "cpu")(frames[:1])
    seen = {name: _psnr(exact, paint(frames)[:1]) for name, paint in paints.items()}
    seen[OURS] = seen[OURS + ALONE] = _psnr(exact, ours.paint(frames)[:1])
    compute, _ = ours.alone(shape)
    calls = 4
    works: dict[str, Callable[[], object]] = {name: partial(paint, frames) for name, paint in paints.items()}
    works[OURS] = by_threads(lambda: ours.paint(frames), streams, calls)
    works[OURS + ALONE] = compute
    seconds = seconds_each(works, waiting(device), budget=budget)
    painted = {name: per_call * (streams * calls if name == OURS else 1) for name in works}
    nodes = costs(ours.chain.graphs[0], (1, height, width, 3))
    floor = least_seconds(nodes, ceilings.tflops, ceilings.gb_per_second)
    rows: list[Row] = []
    for name in works:
        each = seconds[name] / painted[name]
        rows.append(Row(network.name, size, name, each, seen[name], floor / each))
    return rows


def _psnr(exact: Any, painted: Any) -> float:
    error = float(np.square(exact.astype(np.float64) - painted).mean())
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def on_paper(networks: list[Network]) -> str:
    """Return the table of counted work and least times."""
    lines = [
        "| network | size | GFLOP | MB | of convolutions | " + " | ".join(card.name for card in CARDS) + " |",
        "|---|---|--:|--:|--:|" + "--:|" * len(CARDS),
    ]
    for network in networks:
        for size, sides in PAPER_SIZES.items():
            forms = {network.name: network.product}
            if network.plain is not network.product:
                forms = {
                    f"{network.name}, as exported": network.plain,
                    f"{network.name}, rewritten": network.product,
                }
            for name, model in forms.items():
                found: Any = paper(model, sides)
                counted = [
                    f"{found[key]:.{digits}f}" for key, digits in (("gflop", 1), ("mb", 0), ("conv_mb", 0))
                ]
                cells = " | ".join(
                    [*counted, *(f"{ms:.2f} ms, {1e3 / ms:.0f} fps" for ms in found["ms"].values())]
                )
                lines.append(f"| {name} | {size} | {cells} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and write what was asked for; ends with 1 when a picture is wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", choices=SIZES, default="cuda")
    parser.add_argument("--styles", default="starry-night", help="shipped styles, with commas")
    parser.add_argument("--minutes", type=float, default=8.0, help="for all of it, about")
    parser.add_argument("--paper", action="store_true", help="only count")
    parser.add_argument("--json", type=Path)
    wanted = parser.parse_args()
    networks = [reference_network(), *map(shipped_network, wanted.styles.split(","))]
    if wanted.paper:
        print(on_paper(networks))
        return
    began, device = time.monotonic(), wanted.device
    if device == "cpu":
        one_thread()
    budget = 60 * wanted.minutes / (3 * len(networks) * len(SIZES[device]) + 6)
    ceilings = measure(device, budget)
    rows: list[Row] = []
    stages: dict[str, Stages] = {}
    decoded = ""
    for network in networks:
        for size in SIZES[device]:
            print(f"{network.name} {size} ...", file=sys.stderr)
            rows += contest(network, size, device, ceilings, budget)
    for size, sides in SIZES[device].items():
        with tempfile.TemporaryDirectory() as folder:
            film = make_film(Path(folder) / "film.mp4", FILM_FRAMES[device], sides)
            stages[size] = run(film, product(networks[-1], device), STREAMS[device], FRAMES[device])
            decoded = decoded or nvdec(film)
    wished = goals(rows, stages)
    name = this_gpu().name if device == "cuda" else describe()["cpu"]
    print(told(name, ceilings, rows, stages, wished))
    print(f"\nNVDEC: {decoded}. {time.monotonic() - began:.0f} s in all.")
    if wanted.json:
        result = {
            "machine": describe() | {"gpu": asdict(this_gpu())},
            "ceilings": asdict(ceilings),
            "rows": [asdict(row) for row in rows],
            "stages": {size: asdict(stage) for size, stage in stages.items()},
            "goals": [asdict(goal) | {"met": goal.met} for goal in wished],
            "nvdec": decoded,
        }
        wanted.json.write_text(json.dumps(result, indent=1) + "\n")
    wrong = [row for row in rows if row.contender.startswith(OURS) and row.psnr_db < 40]
    for row in wrong:
        print(f"wrong picture: {row}", file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
