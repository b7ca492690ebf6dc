"""The gallery: every style on several scenes, before and after, painted by the product itself.

    poe gallery [--scenes FOLDER] [--styles NAME,...] [--folder styles] [--out docs] [--frames 24]

All scenes make one film, which `reelbrush run` paints in each style; every scene's middle frame is shown.
Two scenes are computed here (the sample clip's bay, a page of text), more are taken from FOLDER: pictures and
clips, with their credits in sources.csv (columns file, source, license). Writes OUT/before-after.jpg (a bay),
OUT/gallery.jpg, and into OUT/gallery/ one picture per style, one per option, and a README.md with numbers and
credits. The README.md beside OUT gets its list of styles.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]

from gallery_options import OptionStrips  # noqa: E402
from gallery_page import Shown, page, with_styles  # noqa: E402
from gallery_runs import Studio  # noqa: E402
from gallery_scenes import SIZE, Scene, own_scenes, scenes_in  # noqa: E402
from gallery_sheets import Cell, save, sheet  # noqa: E402

from scoring.flow import Picture  # noqa: E402

FIRST = "starry-night"
"""The style that options are shown with, where it is there."""

FLICKER_EVERY = 3
"""Of so many pairs of frames one is measured."""

OVERVIEW_SCENES = 3
OVERVIEW_COLUMNS = 5
"""Of the overview, the original's included: pictures stay large enough on a page 900 px wide."""

OVERVIEW_LIMIT, STYLE_LIMIT, STRIP_LIMIT = 300_000, 240_000, 120_000
"""Bytes."""


def all_scenes(folder: Path | None, count: int) -> list[Scene]:
    """Return the bay first, the folder's scenes in order of name, the page of text last."""
    bay, text = own_scenes(count)
    return [bay, *(scenes_in(folder, count) if folder else ()), text]


def overview(originals: Sequence[Picture], painted: dict[str, list[Picture]], titles: dict[str, str]) -> Any:
    """Rows are scenes, columns the original and styles, in bands of OVERVIEW_COLUMNS."""
    names, step = list(painted), OVERVIEW_COLUMNS - 1
    rows: list[list[Cell]] = []
    for first in range(0, len(names), step):
        band = names[first : first + step]
        for number, original in enumerate(originals[:OVERVIEW_SCENES]):
            top = number == 0
            cells = [Cell(painted[name][number], titles[name] if top else "") for name in band]
            rows.append([Cell(original, "original" if top else ""), *cells])
    return sheet(rows, 340, 28)


def before_after(scenes: Sequence[Scene], originals: Sequence[Picture], painted: Sequence[Picture]) -> Any:
    """Rows of three scenes, each above what was painted of it."""
    rows: list[list[Cell]] = []
    for first in range(0, len(scenes), 3):
        part = slice(first, first + 3)
        rows.append(
            [Cell(picture, scene.name) for scene, picture in zip(scenes[part], originals[part], strict=True)]
        )
        rows.append([Cell(picture) for picture in painted[part]])
    return sheet(rows, 480)


def main() -> None:
    """Paint, set, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenes", type=Path, help="folder of pictures and clips")
    parser.add_argument("--styles", default="", help="names in FOLDER, with commas; default: all")
    parser.add_argument("--folder", type=Path, default=ROOT / "styles")
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    parser.add_argument("--frames", type=int, default=24, help="of a scene, 2..250")
    asked = parser.parse_args()
    if not 2 <= asked.frames <= 250:
        parser.error("--frames: 2 to 250")
    names = asked.styles.split(",") if asked.styles else []
    names = names or sorted(card.parent.name for card in asked.folder.glob("*/card.json"))
    names = [name for name in names if name == FIRST] + [name for name in names if name != FIRST]
    cards = {name: json.loads((asked.folder / name / "card.json").read_text("utf-8")) for name in names}
    scenes = all_scenes(asked.scenes, asked.frames)
    pictures: Path = asked.out / "gallery"
    pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="gallery-") as folder:
        studio = Studio(Path(folder), asked.folder)
        originals = studio.originals(scenes)
        painted: dict[str, list[Picture]] = {}
        shown: list[Shown] = []
        for name in names:
            began = time.monotonic()
            painted[name] = studio.paint_middles(scenes, "--style", name)
            model = asked.folder / name / cards[name]["model"]["file"]
            shown.append(Shown(cards[name], model.stat().st_size, studio.flicker(FLICKER_EVERY)))
            size = save(before_after(scenes, originals, painted[name]), pictures / f"{name}.jpg", STYLE_LIMIT)
            seconds = time.monotonic() - began
            print(f"{name}: {seconds:.0f} s, {size / 1000:.0f} kB", file=sys.stderr, flush=True)
        titles = {name: str(cards[name].get("title") or name) for name in names}
        save(overview(originals, painted, titles), asked.out / "gallery.jpg", OVERVIEW_LIMIT)
        pair = sheet([[Cell(originals[0]), Cell(painted[names[0]][0])]], SIZE[0])
        save(pair, asked.out / "before-after.jpg", STRIP_LIMIT)
        strips = OptionStrips(studio, scenes, originals, painted)
        told: dict[str, str] = {}
        for file, text, strip in strips.all():
            save(strip, pictures / file, STRIP_LIMIT)
            told[file] = text
            print(file, file=sys.stderr, flush=True)
    credits = {scene.name: scene.credit for scene in scenes}
    (pictures / "README.md").write_text(page(shown, told, credits), encoding="utf-8")
    readme: Path = asked.out.parent / "README.md"
    if readme.is_file():
        text = readme.read_text(encoding="utf-8")
        readme.write_text(with_styles(text, shown, f"{asked.out.name}/gallery"), encoding="utf-8")
    print(asked.out / "gallery.jpg")


if __name__ == "__main__":
    main()
