"""Many jobs at once: does anything get lost, and how fast does the API answer meanwhile?

    python benchmarks/load.py [--jobs 200] [--style identity] [--json FILE] [--plot docs/load.png]

Uploads tiny clips with distinct names to `reelbrush serve` as fast as it takes them, over several
connections, and asks for their jobs. While they run, `GET` of a job, of the list and of a job's batches are
timed over connections of their own, on the same machine as everything else. At the end every job must have
succeeded, and every output is decoded and its frames are counted.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import imageio_ffmpeg
import psutil
from served import Caller, served, submitted

FRAMES, RATE = 30, 25
KINDS = ("GET job", "GET list", "GET batches")
UPLOADERS, SAMPLERS = 4, 2
SAMPLE_PAUSE = 0.05  # seconds between two calls of one sampler


@dataclass(frozen=True)
class Sample:
    """One timed call: seconds since the first upload, what was called, seconds that it took, its status."""

    at: float
    kind: str
    seconds: float
    status: int


class Sampler(threading.Thread):
    """Times calls about random known jobs until told to stop."""

    def __init__(self, address: str, jobs: list[str], began: float, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self._caller, self._jobs, self._began, self._stop_now = Caller(address), jobs, began, stop
        self.samples: list[Sample] = []

    def run(self) -> None:
        """Call by turns."""
        turn = 0
        while not self._stop_now.wait(SAMPLE_PAUSE):
            if not self._jobs:
                continue
            job = random.choice(self._jobs)
            paths = (f"/api/jobs/{job}", "/api/jobs?top=20", f"/api/jobs/{job}/batches")
            kind = turn % len(KINDS)
            turn += 1
            start = time.perf_counter()
            status, _ = self._caller.call("GET", paths[kind])
            seconds = time.perf_counter() - start
            self.samples.append(Sample(time.monotonic() - self._began, KINDS[kind], seconds, status))


def tiny_clip(path: Path) -> bytes:
    """Make a clip of `FRAMES` frames, 64x48, and return its bytes."""
    source = f"testsrc2=size=64x48:rate={RATE}:duration={FRAMES / RATE}"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-f", "lavfi", "-i", source]
    subprocess.run([*command, "-pix_fmt", "yuv420p", str(path)], check=True)
    return path.read_bytes()


def wait_for_all(
    address: str, jobs: list[str], began: float
) -> tuple[dict[str, Any], list[tuple[float, int]]]:
    """Return the last view of every job, and (seconds, jobs that had ended) over time."""
    caller, views = Caller(address), dict[str, Any]()
    curve: list[tuple[float, int]] = []
    while len(views) < len(jobs):
        time.sleep(1)
        waiting = [job for job in jobs if job not in views]
        # those asked for first end first; a look at all of them would be a load of its own
        for job in waiting[:20]:
            status, view = caller.call("GET", f"/api/jobs/{job}")
            if status == 200 and view["status"] in ("Succeeded", "Failed", "Canceled"):
                views[job] = view
        curve.append((time.monotonic() - began, len(views)))
        print(f"\r{curve[-1][0]:.0f} s: {len(views)} of {len(jobs)} jobs ended", end="", file=sys.stderr)
    print(file=sys.stderr)
    return views, curve


def frames_of(path: Path) -> int:
    """Decode a video and return its number of frames."""
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def quantiles(samples: list[Sample]) -> dict[str, Any]:
    """Return count, median, 95th and 99th percentile and maximum in milliseconds."""
    times = sorted(sample.seconds * 1000 for sample in samples)

    def at(share: float) -> float:
        return round(times[min(len(times) - 1, int(len(times) * share))], 1)

    return {"calls": len(times), "p50": at(0.5), "p95": at(0.95), "p99": at(0.99), "max": round(times[-1], 1)}


def plot(path: Path, samples: list[Sample], curve: list[tuple[float, int]], title: str) -> None:
    """Draw each call's time over the time of the run, and how many jobs had ended."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(9, 4), dpi=110)
    for kind, colour in zip(KINDS, ("#2563eb", "#d97706", "#059669"), strict=True):
        mine = [sample for sample in samples if sample.kind == kind]
        axis.scatter([s.at for s in mine], [s.seconds * 1000 for s in mine], s=5, color=colour, label=kind)
    axis.axhline(100, color="#999999", linewidth=0.8, linestyle="--")
    axis.set(xlabel="seconds since the first upload", ylabel="milliseconds", yscale="log", title=title)
    axis.set_yticks([1, 3, 10, 30, 100, 300], ["1", "3", "10", "30", "100", "300"])
    axis.legend(loc="upper left", frameon=False, markerscale=3)
    jobs = axis.twinx()
    jobs.plot([at for at, _ in curve], [count for _, count in curve], color="#444444", linewidth=1.2)
    jobs.set_ylabel("jobs ended")
    figure.tight_layout()
    figure.savefig(path)


def main() -> None:
    """Measure, check and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--style", default="identity")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        content = tiny_clip(folder / "clip.mp4")
        with served(folder / "store") as (address, process):
            jobs: list[str] = []
            stop, began = threading.Event(), time.monotonic()
            samplers = [Sampler(address, jobs, began, stop) for _ in range(SAMPLERS)]
            for sampler in samplers:
                sampler.start()
            here = threading.local()

            def submit(number: int) -> None:
                if not hasattr(here, "caller"):
                    here.caller = Caller(address)
                jobs.append(submitted(here.caller, f"clip-{number:04}.mp4", content, wanted.style))

            with ThreadPoolExecutor(UPLOADERS) as pool:
                list(pool.map(submit, range(wanted.jobs)))
            taken = time.monotonic() - began
            views, curve = wait_for_all(address, jobs, began)
            seconds = time.monotonic() - began
            stop.set()
            for sampler in samplers:
                sampler.join()
            times = psutil.Process(process).cpu_times()
            outputs = [
                folder / "store" / view["result"]["blob"] for view in views.values() if "result" in view
            ]
            frames = Counter(frames_of(path) for path in outputs)
    samples = sorted((s for sampler in samplers for s in sampler.samples), key=lambda s: s.at)
    result = {
        "jobs": wanted.jobs,
        "distinct": len(set(jobs)),
        "statuses": dict(Counter(view["status"] for view in views.values())),
        "framesOfOutputs": {str(count): number for count, number in frames.items()},
        "secondsToSubmit": round(taken, 1),
        "seconds": round(seconds, 1),
        "hostCpuSeconds": round(times.user + times.system, 1),
        "cores": len(os.sched_getaffinity(0)),
        "unexpectedAnswers": sum(sample.status != 200 for sample in samples),
        "milliseconds": {kind: quantiles([s for s in samples if s.kind == kind]) for kind in KINDS}
        | {"all": quantiles(samples)},
    }
    print(json.dumps(result, indent=1))
    if wanted.json:
        wanted.json.write_text(json.dumps(result, indent=1) + "\n")
    if wanted.plot:
        plot(wanted.plot, samples, curve, f"{wanted.jobs} jobs at once, {result['cores']} cores")
    whole = result["statuses"] == {"Succeeded": wanted.jobs} and frames == {FRAMES: wanted.jobs}
    if not whole or result["distinct"] != wanted.jobs or result["unexpectedAnswers"]:
        raise SystemExit("something was lost")


if __name__ == "__main__":
    main()
