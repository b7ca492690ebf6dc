"""Flicker of the shipped styles against public per-frame models, on the same clips.

    python benchmarks/flicker.py [--frames 8] [--styles NAME,...] [--folder styles] [--out docs]

Every frame is painted alone by the product's own wrapping, nothing is encoded. The models in
../shared/style/public normalise over the whole frame, as published fast style transfer does; they are a foil,
not part of the product. What was measured stays in OUT/flicker.json under the model's sha256, so a second run
measures only what is new (delete it when the measure itself changes): with 24 frames the public models take
half an hour, and the ratios of the shipped styles move by some 3 %. Prints a table, writes OUT/flicker.md and
OUT/flicker.png.

The goal: shipped styles flicker at most half as much as the public models do on average on the same clip,
averaged over the clips.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from flicker_clips import Clip, all_clips  # noqa: E402

from scoring.contract import Contract  # noqa: E402
from scoring.flicker import FlickerTally, pair_flicker  # noqa: E402
from scoring.probe import open_session  # noqa: E402
from scoring.styles import Card, ModelFile, Style, load_style  # noqa: E402

SHARED = Path(os.environ.get("REELBRUSH_SHARED", ROOT.parent / "shared"))
GOAL = 0.5  # of the public models' mean
CONTRACTS = {
    "fst": Contract("input", "output", "NCHW", "RGB", "float32", size_multiple=4),
    "winml": Contract("inputImage", "outputImage", "NCHW", "BGR", "float32", fixed_size=(720, 720)),
}
Row = dict[str, float]
"""Of one model on one clip: pairs, painted, original, ratio, share."""


def public_styles(folder: Path) -> list[Style]:
    """Return the public models with cards of their own."""
    styles: list[Style] = []
    for path in sorted(folder.glob("*.onnx")):
        contract = CONTRACTS[path.stem.split("-")[0]]
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        styles.append(Style(Card(path.stem, ModelFile(path.name, digest), contract), path))
    return styles


def measure(style: Style, clips: list[Clip], known: dict[str, Row]) -> dict[str, Row]:
    """Return the style's row per clip; rows in `known` are taken from there, new ones are put there."""
    session = None
    rows: dict[str, Row] = {}
    for clip in clips:
        key = f"{style.card.model.sha256[:16]} {clip.name} {len(clip.frames)}"
        if key not in known:
            session = session or open_session(style, "cpu")
            known[key] = measure_clip(session.paint, clip)
        rows[clip.name] = known[key]
    return rows


def measure_clip(paint: Any, clip: Clip) -> Row:
    """Paint the frames one by one and compare each with the next."""
    tally = FlickerTally()
    before = paint(clip.frames[0][None])[0]
    for earlier, later in zip(clip.frames, clip.frames[1:], strict=False):
        now = paint(later[None])[0]
        tally.add(pair_flicker((earlier, later), (before, now), clip.motion))
        before = now
    score = tally.score
    if score is None:
        raise ValueError(f"the motion of {clip.name} cannot be followed")
    return {name: round(value, 4) for name, value in vars(score).items()}


def table(names: list[str], shipped: list[str], clips: list[str], rows: dict[str, dict[str, Row]]) -> str:
    """Return a Markdown table of ratios: a line per clip, a column per model, and what the goal says."""
    public = [name for name in names if name not in shipped]
    lines = ["| clip | original | " + " | ".join([*names, "shipped / public"]) + " |"]
    lines.append("|---" * (len(names) + 3) + "|")
    for clip in clips:
        values = {name: rows[name][clip]["ratio"] for name in names}
        original = rows[names[0]][clip]["original"]
        lines.append(_line(f"{clip} | {original:.2f}", values, shipped, public))
    means = {name: float(np.mean([rows[name][clip]["ratio"] for clip in clips])) for name in names}
    lines.append(_line("**mean** | ", means, shipped, public))
    if shipped and public:
        foils = {clip: np.mean([rows[name][clip]["ratio"] for name in public]) for clip in clips}
        ours = {
            name: float(np.mean([rows[name][clip]["ratio"] / foils[clip] for clip in clips]))
            for name in shipped
        }
        mean, best = float(np.mean(list(ours.values()))), min(ours, key=lambda name: ours[name])
        verdict = "reached" if mean <= GOAL else "missed"
        lines += [
            "",
            f"Shipped / public, mean: {mean:.2f} (goal {GOAL}: {verdict}); best: {best} {ours[best]:.2f}.",
        ]
        lines.append("Each: " + ", ".join(f"{name} {value:.2f}" for name, value in ours.items()) + ".")
    return "\n".join(lines)


def _line(head: str, values: dict[str, float], shipped: list[str], public: list[str]) -> str:
    share = ""
    if shipped and public:
        share = f"{np.mean([values[n] for n in shipped]) / np.mean([values[n] for n in public]):.2f}"
    return "| " + " | ".join([head, *(f"{value:.2f}" for value in values.values()), share]) + " |"


def plot(path: Path, shipped: list[str], clips: list[str], rows: dict[str, dict[str, Row]]) -> None:
    """Draw the ratios as bars, a group per clip; shipped styles in colour, public models in gray."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    public = [name for name in rows if name not in shipped]
    colours = dict(zip(shipped, plt.get_cmap("tab10").colors, strict=False))  # type: ignore[attr-defined]
    grays = np.linspace(0.55, 0.85, max(1, len(public)))
    colours |= {name: (gray, gray, gray) for name, gray in zip(public, grays, strict=False)}
    figure, axes = plt.subplots(figsize=(13, 5), layout="constrained")
    width = 0.85 / len(rows)
    for number, (name, row) in enumerate(rows.items()):
        places = np.arange(len(clips)) + number * width
        axes.bar(places, [row[clip]["ratio"] for clip in clips], width, color=colours[name], label=name)
    axes.axhline(1, color="black", linewidth=0.8, linestyle=":")
    axes.set_xticks(np.arange(len(clips)) + 0.425, [clip.replace(", ", ",\n") for clip in clips], fontsize=8)
    axes.set_ylabel("flicker: painted / original difference")
    axes.legend(fontsize=8, ncols=2)
    figure.savefig(path, dpi=90)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--folder", type=Path, default=ROOT / "styles")
    parser.add_argument("--styles", default="", help="names in FOLDER, with commas; default: all")
    parser.add_argument("--public", default="", help="names of public models, with commas; default: all")
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    kept = options.out / "flicker.json"
    known: dict[str, Row] = json.loads(kept.read_text()) if kept.exists() else {}
    names = options.styles.split(",") if options.styles else []
    names = names or sorted(card.parent.name for card in options.folder.glob("*/card.json"))
    styles = [load_style(name, options.folder) for name in names]
    foils = public_styles(SHARED / "style" / "public")
    if options.public:
        foils = [style for style in foils if style.name in options.public.split(",")]
    clips = all_clips(SHARED / "corpus", options.frames)
    rows: dict[str, dict[str, Row]] = {}
    for style in [*styles, *foils]:
        began = time.monotonic()
        rows[style.name] = measure(style, clips, known)
        kept.write_text(json.dumps(known, indent=0))
        mean = float(np.mean([row["ratio"] for row in rows[style.name].values()]))
        print(
            f"{style.name}: mean {mean:.2f}  ({time.monotonic() - began:.0f} s)", file=sys.stderr, flush=True
        )
    clip_names = [clip.name for clip in clips]
    text = table(list(rows), names, clip_names, rows)
    (options.out / "flicker.md").write_text(text + "\n")
    plot(options.out / "flicker.png", names, clip_names, rows)
    print(text)


if __name__ == "__main__":
    main()
