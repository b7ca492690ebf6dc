"""Where a style's model spends its time, step by step, and what another model of the same style does.

    python benchmarks/layers.py [MODEL ...] [--size 360p,720p] [--rounds 15] [--json FILE]

MODEL: ONNX files that take `frames`; without any, starry-night in float and in int8. They paint in turns in
one process, with sessions as scoring has them. CPU ms of one thread: fastest and lower quartile of all
rounds; x: the first model's time over this one's; PSNR: against what the first one paints. Steps: the nodes'
fastest times by the clock in a second run, with onnxruntime's profiler: on a busy machine they mean little.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from contenders.machine import describe  # noqa: E402

from scoring.cpu_options import session_options  # noqa: E402

STYLE = ROOT / "styles" / "starry-night"
FRAMES = {"360p": (360, 640), "720p": (720, 1280), "1080p": (1080, 1920)}
"""Height and width in px."""

STEPS: tuple[str, ...] = ("mirror", "stem", "down", "body", "up", "paint", "pixels")
"""In the order in which a model takes them; a node belongs to the last of them that has begun."""

_BEGINS = {
    "stem": r"floats|planes|quads|stem",
    "down": r"down",
    "body": r"block",
    "up": r"up[._]|up$|body",
    "paint": r"paint[._]?(?!shuffle)|clipped_nchwc",
    "pixels": r"paint\.shuffle|cropped|bytes|cells|lines|rows\.lines|whole|stylized|pixels|clipped$",
}


def picture(height: int, width: int) -> Any:
    """The style's photograph, (1, height, width, 3) uint8."""
    with Image.open(STYLE / "before.jpg") as photo:
        return np.asarray(photo.convert("RGB").resize((width, height)))[None].copy()


def session(model: Path, profile: str | None = None) -> Any:
    """As scoring opens it; profile: the beginning of the profile's path."""
    options = session_options()
    if profile is not None:
        options.enable_profiling, options.profile_file_prefix = True, profile
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def step_of(node: str, current: str) -> str:
    """The step that a node of that name belongs to, after one that belonged to `current`."""
    for step in STEPS[STEPS.index(current) + 1 :]:
        if re.match(_BEGINS[step], node):
            return step
    return current


def steps(model: Path, frame: Any, rounds: int) -> dict[str, float]:
    """Milliseconds by step: the sum of its nodes' fastest runs."""
    with tempfile.TemporaryDirectory() as scratch:
        opened = session(model, f"{scratch}/profile")
        for _ in range(rounds):
            opened.run(None, {"frames": frame})
        events = json.loads(Path(opened.end_profiling()).read_text())
    fastest: dict[str, float] = {}
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            name = event["name"].removesuffix("_kernel_time")
            fastest[name] = min(fastest.get(name, event["dur"]), event["dur"])
    current = STEPS[0]
    found: dict[str, float] = dict.fromkeys(STEPS, 0.0)
    for name, took in fastest.items():
        current = step_of(name, current)
        found[current] += took
    return {step: round(found[step] / 1000, 2) for step in STEPS}


def measured(models: list[Path], size: str, rounds: int) -> list[dict[str, Any]]:
    """One row per model."""
    frame = picture(*FRAMES[size])
    opened = [session(model) for model in models]
    painted = [np.asarray(one.run(None, {"frames": frame})[0]) for one in opened]
    times: list[list[float]] = [[] for _ in models]
    for _ in range(rounds):
        for one, own in zip(opened, times, strict=True):
            started = time.thread_time()
            one.run(None, {"frames": frame})
            own.append(1000 * (time.thread_time() - started))
    rows: list[dict[str, Any]] = []
    for model, own, picture_of in zip(models, times, painted, strict=True):
        error = float(np.square(picture_of.astype(np.float32) - painted[0]).mean())
        rows.append(
            {
                "model": f"{model.parent.name}/{model.name}",
                "size": size,
                "cpu_ms": round(min(own), 2),
                "lower_quartile": round(float(np.percentile(own, 25)), 2),
                "x": round(min(times[0]) / min(own), 2),
                "psnr_db": round(10 * float(np.log10(255**2 / error)), 1) if error else None,
                "steps": steps(model, frame, max(3, rounds // 2)),
            }
        )
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as Markdown."""
    head = ["model", "size", "CPU ms", "quartile", "x", "PSNR dB", *STEPS]
    lines = [head, ["---", "---", *["--:"] * (len(head) - 2)]]
    for row in rows:
        plain = [row[key] for key in ("model", "size", "cpu_ms", "lower_quartile", "x")]
        psnr = "equal" if row["psnr_db"] is None else row["psnr_db"]
        lines.append([*map(str, plain), str(psnr), *(str(took) for took in row["steps"].values())])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--size", default="360p,720p", help=f"Of {', '.join(FRAMES)}; several with commas.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    models = chosen.models or [STYLE / "model.onnx", STYLE / "model-int8.onnx"]
    rows = [row for size in chosen.size.split(",") for row in measured(models, size, chosen.rounds)]
    machine = describe()
    print(json.dumps(machine))
    print(table(rows))
    if chosen.json:
        chosen.json.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
