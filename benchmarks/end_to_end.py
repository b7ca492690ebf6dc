"""End-to-end time against the pure time of the model on the same cores.

    python benchmarks/end_to_end.py [--seconds 60] [--style NAME] [--rounds 2]

Pure model time: as many processes as cores, each with one thread, paint equal shares of the clip's decoded
frames with nothing else going on. End to end: `reelbrush run` on the clip. The two take turns; the smallest
of each counts, since other load on the machine can only add time. Prints wall time, CPU time (all processes,
which other load hardly changes) and their ratios.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MODEL = """
import sys, time, av, numpy as np
from scoring.styles import load_style
from scoring.probe import open_session
from pathlib import Path
path, style, first, step = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
session = open_session(load_style(style, Path(sys.argv[5])), "cpu")
with av.open(path) as container:
    frames = [f.to_ndarray(format="rgb24") for i, f in enumerate(container.decode(video=0)) if i < 48]
count = sum(1 for i in range(int(sys.argv[6])) if i % step == first)
session.run(frames[0][None])
print("ready", flush=True)
sys.stdin.readline()
began, cpu = time.perf_counter(), time.process_time()
for i in range(count):
    session.run(frames[i % len(frames)][None])
print(time.perf_counter() - began, time.process_time() - cpu)
"""


Seconds = tuple[float, float]
"""Wall time, CPU time."""


def pure_model_seconds(clip: Path, style: str, cores: int, frames: int, styles: Path) -> Seconds:
    """Return the time until `cores` processes have painted `frames` frames together."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", MODEL, clip, style, str(i), str(cores), styles, str(frames)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        for i in range(cores)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    pairs = [[float(word) for word in process.communicate()[0].split()] for process in processes]
    return max(wall for wall, _ in pairs), sum(cpu for _, cpu in pairs)


def end_to_end_seconds(clip: Path, style: str, folder: Path) -> Seconds:
    """Return the time of the whole command with all its processes."""
    output = folder / "out.mp4"
    output.unlink(missing_ok=True)
    began, before = time.perf_counter(), os.times()
    command = [sys.executable, "-m", "reelbrush", "run", clip, "-o", output, "--style", style, "-q"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - began, cpu


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--style", default="starry-night")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    root = Path(__file__).resolve().parent.parent
    sys.path.insert(0, str(root))
    from reelbrush.sample import make_sample

    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        clip = folder / "clip.mp4"
        make_sample(clip, options.seconds)
        frames = options.seconds * 25
        model: list[Seconds] = []
        whole: list[Seconds] = []
        for turn in range(options.rounds):
            model.append(pure_model_seconds(clip, options.style, cores, frames, root / "styles"))
            whole.append(end_to_end_seconds(clip, options.style, folder))
            print(
                f"round {turn + 1}: model {model[-1][0]:.1f} s, end to end {whole[-1][0]:.1f} s", flush=True
            )
    print(f"{frames} frames 640x360, style {options.style}, {cores} cores")
    for column, name in enumerate(("wall", "CPU")):
        bare, all_of_it = min(m[column] for m in model), min(w[column] for w in whole)
        print(f"{name}: model {bare:.1f} s, end to end {all_of_it:.1f} s, ratio {all_of_it / bare:.2f}")
    print(f"end to end {frames / min(w[0] for w in whole):.1f} fps (goal: wall ratio at most 1.25)")


if __name__ == "__main__":
    main()
