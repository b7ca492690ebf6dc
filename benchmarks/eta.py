"""How far off is the time left that a job shows?

    python benchmarks/eta.py [--seconds 10,30,60] [--style starry-night] [--json FILE] [--plot docs/eta.png]

Runs clips of several lengths, 640x360, one after the other, through `reelbrush serve` and looks at each job
twice a second. Afterwards every `etaSeconds` that was shown is compared with the time that really was left.
Relative errors are parts of the time left, of one second at least.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from served import Caller, served, submitted

from reelbrush.sample import make_sample

LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Look:
    """One look at a job: what it showed (None: nothing yet) and, in seconds, what really was left."""

    percent: int
    shown: float | None
    left: float

    @property
    def error(self) -> float:
        """Difference of shown and real, in parts of the time left; only where something was shown."""
        assert self.shown is not None
        return abs(self.shown - self.left) / max(1.0, self.left)


def watched(caller: Caller, job: str) -> tuple[list[Look], float]:
    """Follow a job to its end; return all looks while it ran and the seconds that it took."""
    began = time.monotonic()
    seen: list[tuple[float, int, float | None]] = []
    while True:
        _, view = caller.call("GET", f"/api/jobs/{job}")
        now = time.monotonic()
        if view["status"] in ("Succeeded", "Failed", "Canceled"):
            break
        percent = view.get("progress", {}).get("percent", 0)
        seen.append((now, percent, view.get("etaSeconds")))
        time.sleep(LOOK_SECONDS)
    if view["status"] != "Succeeded":
        raise SystemExit(f"{job}: {view['status']} {view.get('error')}")
    return [Look(percent, shown, now - at) for at, percent, shown in seen], now - began


def by_decile(looks: list[Look]) -> list[dict[str, Any]]:
    """Return, for each tenth of the frames, how many looks showed a time left and how wrong the median is."""
    rows: list[dict[str, Any]] = []
    for tenth in range(10):
        mine = [look for look in looks if min(look.percent, 99) // 10 == tenth]
        shown = [look for look in mine if look.shown is not None]
        row: dict[str, Any] = {
            "percent": f"{tenth * 10}-{tenth * 10 + 9}",
            "looks": len(mine),
            "shown": len(shown),
        }
        if shown:
            row["medianError"] = round(median(look.error for look in shown), 3)
            row["medianSeconds"] = round(median(abs((look.shown or 0) - look.left) for look in shown), 1)
        rows.append(row)
    return rows


def plot(path: Path, jobs: dict[int, list[Look]]) -> None:
    """Draw shown over real time left, one line per job."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(7, 4.5), dpi=110)
    longest = 0.0
    for seconds, looks in jobs.items():
        shown = [look for look in looks if look.shown is not None]
        axis.plot(
            [look.left for look in shown],
            [look.shown or 0 for look in shown],
            marker=".",
            label=f"{seconds} s of video",
        )
        longest = max([longest, *(look.left for look in shown)])
    axis.plot([0, longest], [0, longest], color="#999999", linewidth=0.8, linestyle="--", label="exact")
    axis.set(xlabel="seconds that were left", ylabel="seconds shown", title="Time left: shown and real")
    axis.invert_xaxis()
    axis.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", default="10,30,60")
    parser.add_argument("--style", default="starry-night")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    wanted = parser.parse_args()
    lengths = [int(text) for text in wanted.seconds.split(",")]
    jobs: dict[int, list[Look]] = {}
    took: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with served(folder / "store") as (address, _):
            caller = Caller(address)
            for seconds in lengths:
                clip = folder / f"clip-{seconds}.mp4"
                make_sample(clip, seconds)
                job = submitted(caller, clip.name, clip.read_bytes(), wanted.style)
                jobs[seconds], took[seconds] = watched(caller, job)
                print(f"{seconds} s of video took {took[seconds]:.1f} s", flush=True)
    looks = [look for mine in jobs.values() for look in mine]
    rows = by_decile(looks)
    print("frames done   looks  with a time left   median error   median seconds off")
    for row in rows:
        error = f"{row['medianError']:.0%}" if "medianError" in row else ""
        print(
            f"{row['percent']:>8} %   {row['looks']:>6}  {row['shown']:>16}   {error:>12}"
            f"   {row.get('medianSeconds', ''):>18}"
        )
    shown = [look for look in looks if look.shown is not None]
    overall = median(look.error for look in shown) if shown else None
    result = {
        "style": wanted.style,
        "secondsTaken": took,
        "deciles": rows,
        "medianError": overall and round(overall, 3),
        "shareWithoutTimeLeft": round(1 - len(shown) / max(1, len(looks)), 3),
    }
    print(json.dumps({key: result[key] for key in ("medianError", "shareWithoutTimeLeft")}))
    if wanted.json:
        wanted.json.write_text(json.dumps(result, indent=1) + "\n")
    if wanted.plot:
        plot(wanted.plot, jobs)


if __name__ == "__main__":
    main()
