"""From the start of a scoring process to its first painted frame: CPU seconds and memory by stage.

    python benchmarks/cold_start.py [--style starry-night] [--rounds 5] [--json FILE]

Each round starts processes of their own for both precisions at 360p and 720p, in turn: one that goes through
the stages with the product's own parts and stops after the first frame, and `python -m scoring` itself on a
job of one frame, to its end. The fastest round counts. Files lie in the page cache.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import tempfile
from itertools import product
from pathlib import Path
from typing import Any

STAGES = ("interpreter", "imports", "load", "decode", "paint", "encode")
GOAL = "goal: 0.6 CPU s and 200 MB (191 MiB) until the first frame is painted"


def run_stages(clip: Path, style: str, precision: str) -> None:
    """Paint and encode the first frame of `clip`; print CPU seconds and peak MiB after each stage as JSON."""
    import resource
    import time

    marks: dict[str, tuple[float, float]] = {}

    def mark(stage: str) -> None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        marks[stage] = (time.process_time(), peak)

    mark("interpreter")
    importlib.import_module("scoring.command")  # all that the real command imports
    from reelbrush.job import Media, Options
    from reelbrush.media.container import path_opener
    from reelbrush.media.decode import SegmentReader
    from reelbrush.media.encode import SegmentEncoder
    from reelbrush.media.limits import Limits
    from scoring.opening import open_sparing
    from scoring.styles import load_style

    mark("imports")
    session = open_sparing(load_style(style).in_precision(precision), "cpu")
    mark("load")
    from reelbrush.media.split import split_video  # another process's work, but it says where frames are

    opener = path_opener(clip)
    with tempfile.TemporaryDirectory() as folder:
        split = split_video(opener, Path(folder), limits=Limits(), options=Options())
        media = Media("clip", split.ordinal, split.stream_index, split.media_colour)
        size = (split.encode.width, split.encode.height)
        with SegmentReader(opener, media, split.video, size) as reader:
            frame = next(iter(reader.frames(split.segments[0], split.timestamps[:1])))
            mark("decode")
            painted = session.paint(frame[None])[0]
            mark("paint")
            with SegmentEncoder(Path(folder) / "0.mp4", split.encode) as encoder:
                encoder.write(painted)
                encoder.close()
            mark("encode")
    print(json.dumps(marks))


def measure(style: str, rounds: int) -> list[dict[str, Any]]:
    """Return a row per size and precision."""
    from scorer_run import one_segment, score, spend, unpublish

    rows: dict[tuple[str, str], dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        kinds = list(product(("360p", "720p"), ("float32", "int8")))
        jobs = {
            kind: one_segment(Path(folder) / "-".join(kind), kind[0], 1, style, kind[1]) for kind in kinds
        }
        for number in range(rounds):
            for kind, job in jobs.items():
                clip = str(Path(folder) / "-".join(kind) / "clip.mp4")
                _, printed = spend([sys.executable, __file__, "--stages", clip, style, kind[1]])
                marks: dict[str, tuple[float, float]] = json.loads(printed)
                whole = score(job, number + 1)
                unpublish(job)
                row = rows.setdefault(kind, {"size": kind[0], "precision": kind[1], "rounds": []})
                row["rounds"].append({"marks": marks, "cpu": whole.cpu_seconds, "mib": whole.peak_mib})
    for row in rows.values():
        best = min(row["rounds"], key=lambda one: one["marks"]["paint"][0])
        times = [best["marks"][stage][0] for stage in STAGES]
        row["stages"] = dict(
            zip(STAGES, [b - a for a, b in zip([0.0, *times], times, strict=False)], strict=True)
        )
        row["first_frame_cpu"], row["first_frame_mib"] = best["marks"]["paint"]
        row["imports_mib"] = best["marks"]["imports"][1]
        row["whole_cpu"] = min(one["cpu"] for one in row["rounds"])
        row["whole_mib"] = min(one["mib"] for one in row["rounds"])
    return list(rows.values())


def main() -> None:
    """Measure and print."""
    if sys.argv[1:2] == ["--stages"]:
        return run_stages(Path(sys.argv[2]), sys.argv[3], sys.argv[4])
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--style", default="starry-night")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    from scorer_run import machine_line

    machine = machine_line()
    rows = measure(options.style, options.rounds)
    print(f"{machine}\n{options.style}; {GOAL}\n")
    heads = ("", *(f"{stage} ms" for stage in STAGES), "to first frame", "peak", "whole command", "peak")
    print("| " + " | ".join(heads) + " |\n|---|" + "---:|" * (len(heads) - 1))
    for row in rows:
        cells = [f"{row['size']} {row['precision']}"]
        cells += [f"{1000 * row['stages'][stage]:.0f}" for stage in STAGES]
        cells += [f"{row['first_frame_cpu']:.2f} CPU s", f"{row['first_frame_mib']:.0f} MiB"]
        cells += [f"{row['whole_cpu']:.2f} CPU s", f"{row['whole_mib']:.0f} MiB"]
        print("| " + " | ".join(cells) + " |")
    if options.json:
        options.json.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
