"""Ways to use the cores that a run was given, ways to hold its memory, and what a scorer holds at 1080p.

    python benchmarks/threads.py [--style starry-night] [--imported DIR] [--sizes 360p 720p] [--json FILE]

Ways are processes of their own that paint the same picture, in turn, round after round; the fastest round of
each counts. CPU time says what a way wastes; the wall, and so frames per second, only on an idle machine.
The last table is of `python -m scoring --threads 2` on a 1080p clip, for the style in the folder `--imported`
too, as `reelbrush import-style` makes one.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

HUGE, PLAIN = "glibc.malloc.hugetlb=1", "glibc.malloc.hugetlb=0"


@dataclass(frozen=True)
class Way:
    """How a process paints; the defaults are the product's."""

    title: str
    workers: int = 1  # threads that paint frames of their own
    intra: int = 1  # threads inside the model
    sessions: int = 1
    spins: bool = False  # threads inside the model wait busily
    pattern: bool = False  # onnxruntime plans one block for all tensors of a call
    arena: bool = True
    huge: bool = True


def ways_of(cores: int) -> list[Way]:
    """Return the ways to compare, the product's first."""
    many = max(2, cores)
    return [
        Way("one thread"),
        Way("a worker per core, one session", workers=many),
        Way("a worker per core, a session each", workers=many, sessions=many),
        Way("twice the workers", workers=2 * many),
        Way("threads inside the model", intra=many),
        Way("the same, spinning", intra=many, spins=True),
        Way("small pages", workers=many, huge=False),
        Way("planned blocks", workers=many, pattern=True),
        Way("no arena", workers=many, arena=False),
    ]


def paint(way: Way, style: str, precision: str, size: tuple[int, int], frames: int) -> None:
    """Paint `frames` frames twice by `way`; print CPU and wall seconds of a frame and peak MiB."""
    import resource
    import threading

    import numpy as np
    import onnxruntime as ort

    from scoring.cpu_options import session_options
    from scoring.session import FRAMES
    from scoring.styles import load_style

    options = session_options()
    options.intra_op_num_threads = way.intra
    if way.spins:
        ort.set_default_logger_severity(4)  # it would warn of the product's own answer
        options.add_session_config_entry("session.intra_op.allow_spinning", "1")
    options.enable_mem_pattern, options.enable_cpu_mem_arena = way.pattern, way.arena
    model = load_style(style).in_precision(precision).load_model().SerializeToString()
    providers = ["CPUExecutionProvider"]
    sessions = [ort.InferenceSession(model, options, providers) for _ in range(way.sessions)]
    picture = np.random.default_rng(1).integers(0, 256, (1, size[1], size[0], 3), np.uint8)

    def work(session: Any, count: int) -> None:
        for _ in range(count):
            session.run(None, {FRAMES: picture})

    def together(count: int) -> None:
        threads = [
            threading.Thread(target=work, args=(sessions[number % way.sessions], -(-count // way.workers)))
            for number in range(way.workers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    together(way.workers)
    done = way.workers * -(-frames // way.workers)
    best = {"cpu": float("inf"), "wall": float("inf")}
    for _ in range(2):
        cpu, wall = time.process_time(), time.perf_counter()
        together(frames)
        best["cpu"] = min(best["cpu"], (time.process_time() - cpu) / done)
        best["wall"] = min(best["wall"], (time.perf_counter() - wall) / done)
    print(json.dumps(best | {"mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def compare(style: str, sizes: list[str], rounds: int) -> list[dict[str, Any]]:
    """Return a row per size, precision and way."""
    from scorer_run import SIZES, spend

    rows: list[dict[str, Any]] = []
    for size in sizes:
        frames = {"360p": 8, "720p": 4, "1080p": 2}[size]
        for precision in ("float32", "int8"):
            found: dict[str, list[dict[str, float]]] = {}
            ways = ways_of(len(os.sched_getaffinity(0)))
            for _ in range(rounds):
                for way in ways:
                    asked = json.dumps([asdict(way), style, precision, SIZES[size], frames])
                    tunables = {"GLIBC_TUNABLES": HUGE if way.huge else PLAIN}
                    _, printed = spend([sys.executable, __file__, "--paint", asked], tunables)
                    found.setdefault(way.title, []).append(json.loads(printed))
            for title, results in found.items():
                best = {name: min(result[name] for result in results) for name in ("cpu", "wall", "mib")}
                rows.append({"size": size, "precision": precision, "way": title, **best})
    return rows


def scorers(style: str, imported: Path | None) -> list[dict[str, Any]]:
    """Return what `python -m scoring --threads 2` takes on 8 frames of 1080p, per model."""
    from scorer_run import one_segment, score

    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        kinds: list[tuple[str, str, list[str]]] = [(style, "float32", []), (style, "int8", [])]
        if imported is not None:
            kinds.append((imported.name, "float32", ["--styles", str(imported.parent)]))
        for name, precision, more in kinds:
            job = one_segment(Path(folder) / f"{name}-{precision}", "1080p", 8, name, precision)
            spent = score(job, 1, "--threads", "2", *more)
            row = {"style": name, "precision": precision, "cpu": spent.cpu_seconds, "mib": spent.peak_mib}
            rows.append(row)
    return rows


def plot(path: Path, rows: list[dict[str, Any]], title: str) -> None:
    """Draw CPU time per frame and memory of each way, at the last size."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    shown = [row for row in rows if row["size"] == rows[-1]["size"]]
    names = list(dict.fromkeys(row["way"] for row in shown))
    figure, axes = plt.subplots(1, 2, figsize=(11, 0.4 * len(names) + 1.6), dpi=110, sharey=True)
    for axis, column, label, scale in (
        (axes[0], "cpu", "CPU ms per frame", 1000),
        (axes[1], "mib", "peak MiB", 1),
    ):
        for shift, (precision, colour) in enumerate((("float32", "#2563eb"), ("int8", "#f59e0b"))):
            values = [row[column] * scale for row in shown if row["precision"] == precision]
            places = [place + 0.38 * shift for place in range(len(values))]
            axis.barh(places, values, height=0.36, color=colour, label=precision)
        axis.set(xlabel=label, yticks=[place + 0.19 for place in range(len(names))], yticklabels=names)
    axes[0].invert_yaxis()
    axes[0].set_title(title, loc="left", fontsize=10)
    axes[1].legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
    figure.tight_layout()
    figure.savefig(path)


def main() -> None:
    """Measure and print."""
    if sys.argv[1:2] == ["--paint"]:
        way, *rest = json.loads(sys.argv[2])
        sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
        return paint(Way(**way), *rest)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--style", default="starry-night")
    parser.add_argument("--imported", type=Path, metavar="DIR", help="folder of an imported style")
    parser.add_argument("--sizes", nargs="+", choices=("360p", "720p", "1080p"), default=["360p", "720p"])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="a picture of the ways (needs matplotlib)")
    options = parser.parse_args()
    from scorer_run import machine_line

    machine = machine_line()
    rows = compare(options.style, options.sizes, options.rounds)
    print(f"{machine}\n{options.style}, fastest of {options.rounds} rounds in turn\n")
    print("| | way | CPU ms per frame | frames/s by the wall | peak MiB |\n|---|---|---:|---:|---:|")
    for row in rows:
        figures = f"{1000 * row['cpu']:.1f} | {1 / row['wall']:.1f} | {row['mib']:.0f}"
        print(f"| {row['size']} {row['precision']} | {row['way']} | {figures} |")
    held = scorers(options.style, options.imported)
    print("\n| scorer at 1080p, 2 threads, 8 frames | CPU s | peak MiB |\n|---|---:|---:|")
    for row in held:
        print(f"| {row['style']} {row['precision']} | {row['cpu']:.1f} | {row['mib']:.0f} |")
    if options.json:
        options.json.write_text(
            json.dumps({"machine": machine, "ways": rows, "scorers": held}, indent=1) + "\n"
        )
    if options.plot:
        plot(options.plot, rows, f"{options.style}, {options.sizes[-1]}, load {machine.rsplit(' ', 1)[1]}")


if __name__ == "__main__":
    main()
