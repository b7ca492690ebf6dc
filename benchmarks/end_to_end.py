"""End-to-end time against the pure time of the model on the same cores.

    python benchmarks/end_to_end.py [--seconds 60] [--style NAME] [--rounds 2]

Pure model time: as many processes as cores, each with one thread, paint equal shares of the clip's decoded
frames with nothing else going on. End to end: `reelbrush run` on the clip. The two take turns; the smallest
of each counts, since other load on the machine can only add time. Prints both and their ratio.
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
began = time.perf_counter()
for i in range(count):
    session.run(frames[i % len(frames)][None])
print(time.perf_counter() - began)
"""


def pure_model_seconds(clip: Path, style: str, cores: int, frames: int, styles: Path) -> float:
    """Return the wall time in seconds until `cores` processes have painted `frames` frames together."""
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
    return max(float(process.communicate()[0]) for process in processes)


def end_to_end_seconds(clip: Path, style: str, folder: Path) -> float:
    """Return the wall time in seconds of the whole command."""
    output = folder / "out.mp4"
    output.unlink(missing_ok=True)
    began = time.perf_counter()
    command = [sys.executable, "-m", "reelbrush", "run", clip, "-o", output, "--style", style, "-q"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


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
        model: list[float] = []
        whole: list[float] = []
        for turn in range(options.rounds):
            model.append(pure_model_seconds(clip, options.style, cores, frames, root / "styles"))
            whole.append(end_to_end_seconds(clip, options.style, folder))
            print(f"round {turn + 1}: model {model[-1]:.1f} s, end to end {whole[-1]:.1f} s", flush=True)
    ratio = min(whole) / min(model)
    print(f"{frames} frames 640x360, style {options.style}, {cores} cores")
    print(f"pure model  {min(model):8.1f} s  {frames / min(model):6.1f} fps")
    print(f"end to end  {min(whole):8.1f} s  {frames / min(whole):6.1f} fps")
    print(f"ratio       {ratio:8.2f}    (goal: at most 1.25)")


if __name__ == "__main__":
    main()
