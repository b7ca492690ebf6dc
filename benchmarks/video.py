"""What the way of a frame costs before and behind the model: decode, encode, index, stitch, overlap.

    python benchmarks/video.py [--what decode,encode,index,stitch,inflation] [--size 720p] [--rounds 5]
                               [--json FILE] [--plot FILE]

CPU ms per frame of all threads, candidates in turn: the fastest round and the lower quartile.
The clip is the product's sample film with film grain, as in side_by_side.py, or --clip. With inflation, a
shipped style is painted in one thread and by the overlapped pipeline. More: docs/performance/video.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from contenders.clip import make_clip, sample_film  # noqa: E402
from contenders.machine import describe  # noqa: E402
from video_parts.ends import index_and_stitch  # noqa: E402
from video_parts.film import Film, split_film  # noqa: E402
from video_parts.in_and_out import decoding, encoding  # noqa: E402
from video_parts.overlap import overlap  # noqa: E402
from video_parts.picture import draw  # noqa: E402

from scoring.probe import open_session  # noqa: E402
from scoring.styles import load_style  # noqa: E402

PARTS = ("decode", "encode", "index", "stitch", "inflation")
FRAMES = 96  # of the clip
PAINTED = 24  # pictures that are encoded


def measure(wanted: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Return the rows of one size: `what`, CPU ms per frame `fastest` and `quartile`, sometimes more."""
    parts = wanted.what.split(",")
    clip = wanted.clip or make(folder, int(wanted.size.removesuffix("p")))
    film = split_film(clip, folder)
    rows: list[dict[str, Any]] = []

    def told(costs: dict[str, Any]) -> None:
        for name, spent in costs.items():
            rows.append({"what": name, **asdict(spent)})
            print(line(rows[-1]), flush=True)

    pictures: list[NDArray[np.uint8]] = []
    if {"encode", "index", "stitch"} & set(parts):
        pictures = painted(film, wanted)
    if "decode" in parts:
        told(decoding(film, clip, wanted.rounds))
    if "encode" in parts:
        told(encoding(film, pictures, folder, wanted.rounds))
    if {"index", "stitch"} & set(parts):
        told(index_and_stitch(clip, pictures, folder, wanted.rounds))
    for precision in wanted.precisions.split(",") if "inflation" in parts else ():
        found = overlap(film, wanted.style, precision, wanted.styles, folder, min(wanted.rounds, 3))
        told({f"one thread, {precision}": found.sequential, f"pipeline, {precision}": found.pipeline})
        rows[-1] |= {"inflation": found.inflation, "running": found.running, "wanted": found.wanted}
        print(
            f"{'':34} inflation {found.inflation:.3f}; {found.running:.2f} cores used, "
            f"{found.wanted:.2f} wanted"
        )
    return rows


def make(folder: Path, height: int) -> Path:
    """Write the clip of this height."""
    path = folder / f"{height}.mp4"
    make_clip(path, FRAMES, height, sample_film(folder / "film.mp4", FRAMES))
    return path


def painted(film: Film, wanted: argparse.Namespace) -> list[NDArray[np.uint8]]:
    """Return the first frames in the style: what an encoder gets is harder than the source."""
    session = open_session(load_style(wanted.style, wanted.styles).in_precision("float32"), "cpu")
    with film.reader() as reader:
        return [session.paint(frame[None])[0] for frame in islice(film.frames(reader), PAINTED)]


def line(row: dict[str, Any]) -> str:
    """Return one row of the table."""
    return f"{row['what']:34} {row['fastest']:9.3f} {row['quartile']:9.3f}"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--what", default=",".join(PARTS), help=f"some of {', '.join(PARTS)}")
    parser.add_argument("--size", default="720p", choices=("144p", "360p", "720p", "1080p"))
    parser.add_argument("--clip", type=Path, help="a video instead of the sample film")
    parser.add_argument("--style", default="starry-night")
    parser.add_argument("--styles", type=Path, default=ROOT / "styles", help="folder of styles")
    parser.add_argument("--precisions", default="float32,int8", help="of the painting that is overlapped")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    if unknown := set(given.what.split(",")) - set(PARTS):
        parser.error(f"--what {', '.join(sorted(unknown))}: there are {', '.join(PARTS)}")
    return given


def main() -> None:
    """Measure, print the table, write the files."""
    wanted = arguments()
    machine = describe()
    print(f"{machine['cpu']}, {machine['cores']} cores, load {machine['load']}; {wanted.size}")
    print(f"{'CPU ms per frame':34} {'fastest':>9} {'quartile':>9}")
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(wanted, Path(folder))
    if wanted.json:
        told = {"machine": machine, "size": wanted.size, "rounds": wanted.rounds, "rows": rows}
        wanted.json.write_text(json.dumps(told, indent=1))
    if wanted.plot:
        draw(wanted.plot, rows, f"{wanted.size}, {machine['cpu']}, {machine['cores']} cores")


if __name__ == "__main__":
    main()
