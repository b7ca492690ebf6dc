"""All contenders side by side: the reference pipeline, a plain onnxruntime loop, this product.

    python benchmarks/side_by_side.py [--size 360p] [--rounds 3] [--json FILE] [--plot FILE]
                                      [--clip FILE] [--weights CHECKPOINT]

Same machine, same clip, and for the first four the same weights, taking turns. Each runs in processes of its
own. CPU seconds count, since other load on the machine hardly changes them; wall time is told as it was. How
to read the table: docs/performance.md. Ends with 1 when a video lacks frames or shows something else than its
network paints.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from contenders.clip import make_clip, sample_film  # noqa: E402
from contenders.field import Contender, field  # noqa: E402
from contenders.machine import describe  # noqa: E402
from contenders.plot import plot  # noqa: E402
from contenders.rounds import SHORT, Turn, environment, pictures, take_turn  # noqa: E402
from contenders.rows import REFERENCE, Row, problems, row  # noqa: E402
from contenders.table import heading, table  # noqa: E402

SIZES = {"144p": 144, "360p": 360, "720p": 720, "1080p": 1080}
"""Sides are multiples of 4: the reference's network gives others back larger."""

NO_TORCH = "torch is not installed"


def measure(wanted: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Prepare, let everybody take turns, and return all there is to tell."""
    height = SIZES[wanted.size]
    machine = describe()
    env = environment(ROOT, folder / "styles")
    lengths = {SHORT, wanted.heavy_frames, wanted.frames}
    film = wanted.clip or sample_film(folder / "film.mp4", max(lengths))
    for frames in lengths:
        make_clip(folder / f"{frames}.mp4", frames, height, film)
    for style in {wanted.style, wanted.draft}:
        shutil.copytree(ROOT / "styles" / style, folder / "styles" / style)
    everybody = field(folder, wanted.style, wanted.draft, wanted.threads)
    if wanted.only:
        everybody = [contender for contender in everybody if contender.key in wanted.only.split(",")]
    if any(contender.heavy for contender in everybody) and importlib.util.find_spec("torch"):
        more: list[str | Path] = ["--checkpoint", wanted.weights] if wanted.weights else []
        keys = {contender.key for contender in everybody}
        more += ["--style"] if keys & {"product", "product-int8"} else []
        more += ["--int8", folder / f"{wanted.heavy_frames}.mp4"] if "product-int8" in keys else []
        print(_module("prepare", env, folder / f"{SHORT}.mp4", folder, *more), end="", file=sys.stderr)
        contenders = everybody
    else:
        contenders = [contender for contender in everybody if not contender.heavy]
    models = sorted({contender.model for contender in contenders})
    ceiling = json.loads(
        _module("ceiling", env, str(height), str(height * 16 // 9), *models).splitlines()[-1]
    )

    def frames_of(contender: Contender) -> int:
        return wanted.heavy_frames if contender.heavy else wanted.frames

    clips = {contender.key: folder / f"{frames_of(contender)}.mp4" for contender in contenders}
    turns: dict[str, list[Turn]] = {contender.key: [] for contender in contenders}
    for number in range(wanted.rounds):
        for contender in contenders:
            home = folder / "made" / contender.key
            turn = take_turn(
                contender,
                folder / f"{SHORT}.mp4",
                clips[contender.key],
                frames_of(contender),
                home,
                env,
            )
            turns[contender.key].append(turn)
            print(
                f"round {number + 1}: {contender.title}: {1e3 * turn.cpu_seconds:.1f} CPU ms",
                file=sys.stderr,
            )
    seen = pictures(contenders, clips, folder / "made", env)
    rows = [
        row(
            contender,
            frames_of(contender),
            turns[contender.key],
            turns.get(REFERENCE, []),
            seen[contender.key],
            ceiling,
        )
        if contender in contenders
        else Row(contender.key, contender.title, frames_of(contender), NO_TORCH)
        for contender in everybody
    ]
    ceiling["operations"] = {
        contender.key: ceiling["operations"][str(contender.model)] for contender in contenders
    }
    return {
        "machine": machine,
        "ceiling": ceiling,
        "size": [height * 16 // 9, height],
        "clip": wanted.clip.name if wanted.clip else "sample film with grain",
        "weights": wanted.weights.name if wanted.weights else "random, fixed",
        "rows": [asdict(line) for line in rows],
        "turns": {key: [asdict(turn) for turn in made] for key, made in turns.items()},
    }


def _module(name: str, env: dict[str, str], *arguments: str | Path) -> str:
    command = [sys.executable, "-m", f"contenders.{name}", *arguments]
    return subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout


def main() -> None:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", choices=SIZES, default="360p")
    parser.add_argument("--frames", type=int, default=288, help="for the shipped style")
    parser.add_argument("--heavy-frames", type=int, default=14, help="for the reference's network")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1, help="of the first two contenders' networks")
    parser.add_argument("--style", default="starry-night")
    parser.add_argument("--draft", default="starry-night-draft", help="a shipped style of the draft size")
    parser.add_argument("--only", help="keys of contenders, separated by commas")
    parser.add_argument("--clip", type=Path, help="a video; by default the sample film with grain")
    parser.add_argument("--weights", type=Path, help="a fast-neural-style checkpoint; by default random ones")
    parser.add_argument("--json", type=Path, help="write all numbers here")
    parser.add_argument("--plot", type=Path, help="draw them here")
    wanted = parser.parse_args()
    if min(wanted.frames, wanted.heavy_frames) <= SHORT:
        parser.error(f"more than {SHORT} frames are needed")
    with tempfile.TemporaryDirectory() as temporary:
        result = measure(wanted, Path(temporary))
    rows = [Row(**line) for line in result["rows"]]
    width, height = result["size"]
    clip = f"{width}x{height}, {result['clip']}, weights {result['weights']}"
    print(heading(result["machine"], result["ceiling"], clip, wanted.rounds))
    print(table(rows))
    if wanted.json:
        wanted.json.write_text(json.dumps(result, indent=1) + "\n")
    if wanted.plot:
        plot(wanted.plot, rows, f"{width}x{height}")
    wrong = problems(rows)
    for problem in wrong:
        print(f"no comparison: {problem}", file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
