"""Memory of host and scoring processes over a long video, and how fast half-done work resumes.

    python benchmarks/memory.py [--minutes 20] [--style identity] [--plot memory.png]

Makes a clip of that length at 640x360, starts `reelbrush run`, kills everything with SIGKILL at 50 % of the
frames, starts the same command again, and samples the resident memory of every process of the run twice a
second. Prints peaks for the first and the second half of each phase: memory is flat when they agree.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import imageio_ffmpeg
import psutil


@dataclass
class Trace:
    """Resident memory in MiB over time: (seconds, host, largest scorer)."""

    points: list[tuple[float, float, float]] = field(default_factory=list[tuple[float, float, float]])

    def peak(self, column: int, first: float, last: float) -> float:
        """Return the largest value of a column between two fractions of the time."""
        end = self.points[-1][0]
        return max((p[column] for p in self.points if first * end <= p[0] <= last * end), default=0.0)


def make_clip(path: Path, minutes: int) -> None:
    """Write a noisy moving clip with sound; H.264, 25 fps, a key frame every 10 s."""
    source = f"testsrc2=size=640x360:rate=25:duration={minutes * 60}"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", source]
    command += ["-f", "lavfi", "-i", f"sine=frequency=300:duration={minutes * 60}", "-c:v", "libx264"]
    command += ["-preset", "ultrafast", "-g", "250", "-pix_fmt", "yuv420p", "-c:a", "aac", str(path)]
    subprocess.run(command, check=True)


def segments_done(work: Path) -> int:
    """Return how many segments are published."""
    return sum(1 for _ in work.glob("*/store/work/*/*/segments/*.json"))


def sample(process: subprocess.Popen[bytes], trace: Trace, began: float) -> None:
    """Add one point; processes that are just ending are left out."""
    host, scorers = 0.0, [0.0]
    try:
        top = psutil.Process(process.pid)
        host = top.memory_info().rss / 2**20
        for child in top.children(recursive=True):
            try:
                scorers.append(child.memory_info().rss / 2**20)
            except psutil.Error:
                continue
    except psutil.Error:
        return
    trace.points.append((time.monotonic() - began, host, max(scorers)))


def kill_everything(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL the host and all its scoring processes."""
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    for child in children:
        child.kill()
    process.wait()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=int, default=20)
    parser.add_argument("--style", default="identity")
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        clip, output, work = folder / "clip.mp4", folder / "out.mp4", folder / "out.reelbrush"
        make_clip(clip, options.minutes)
        command = [
            sys.executable,
            "-m",
            "reelbrush",
            "run",
            clip,
            "-o",
            output,
            "--style",
            options.style,
            "-q",
        ]
        total = options.minutes * 60 * 25
        traces: list[Trace] = []
        for half in (0, 1):
            before = segments_done(work)
            trace, began, resumed = Trace(), time.monotonic(), None
            process = subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE)
            while process.poll() is None:
                sample(process, trace, began)
                done = segments_done(work)
                if half and resumed is None and done > before:
                    resumed = time.monotonic() - began
                if not half and done * 48 >= total / 2:
                    kill_everything(process)
                    print(f"killed at {done} segments after {time.monotonic() - began:.0f} s", flush=True)
                time.sleep(0.5)
            traces.append(trace)
            for name, column in (("host", 1), ("largest scorer", 2)):
                early, late = trace.peak(column, 0, 0.5), trace.peak(column, 0.5, 1)
                print(f"part {half + 1}: {name:15} peak {early:6.0f} MiB, then {late:6.0f} MiB")
            if half:
                print(
                    f"resumed with {before} segments kept; the next one was published after {resumed:.1f} s"
                )
                assert process.stdout is not None
                job = json.loads(process.stdout.read())
                print(f"frames {job['result']['frameCount']} of {total}")
        if options.plot:
            plot(traces, options.plot)


def plot(traces: list[Trace], path: Path) -> None:
    """Draw memory over time."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 3.5))
    offset = 0.0
    for index, trace in enumerate(traces):
        times = [offset + p[0] for p in trace.points]
        axes.plot(times, [p[1] for p in trace.points], "C0", label="host" if not index else None)
        axes.plot(
            times, [p[2] for p in trace.points], "C1", label="largest scoring process" if not index else None
        )
        offset = times[-1]
        axes.axvline(offset, color="0.8", linewidth=1)
    axes.set(xlabel="seconds", ylabel="resident MiB", ylim=(0, None))
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
