"""What a style network's widths and depth cost: CPU time per frame in float and in int8.

    python benchmarks/net_shapes.py [--shapes 12/32/3/12,16/32/3/16] [--rounds 9] [--json FILE]

A shape is stem/body/blocks/head (`training/net.py`). Weights are random, since time does not depend on them.
The networks are exported and quantised as trained ones are, and painted with by sessions as scoring has them,
in turns in one process. CPU ms of one thread, fastest round.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import torch  # noqa: E402
from contenders.machine import describe  # noqa: E402

from scoring.cpu_options import session_options  # noqa: E402
from training.card_file import MODEL, write_card  # noqa: E402
from training.export import export  # noqa: E402
from training.net import SIZES, NetShape, StyleNet  # noqa: E402
from training.quantise import VARIANT, quantise  # noqa: E402

FRAMES = {"360p": (360, 640), "720p": (720, 1280)}
"""Height and width in px."""

PRECISIONS = {"float": MODEL, "int8": VARIANT}


def blotches(height: int, width: int) -> Any:
    """(height, width, 3) uint8 of squares of 8 px in random colours."""
    small = np.random.default_rng(0).integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    return small.repeat(8, 0).repeat(8, 1)


def sessions(shape: NetShape, folder: Path, pictures: Path) -> dict[str, Any]:
    """A network of this shape with random weights, by precision; its files are written into `folder`."""
    import onnxruntime

    folder.mkdir()
    torch.manual_seed(0)
    net = StyleNet(shape)
    torch.nn.init.normal_(net.paint.weight, std=0.05)
    export(net, folder / MODEL, {})
    write_card(folder, {"name": folder.name})
    quantise(folder, pictures, ranges=("minmax",), least_psnr_db=0)
    return {
        name: onnxruntime.InferenceSession(
            folder / file, session_options(), providers=["CPUExecutionProvider"]
        )
        for name, file in PRECISIONS.items()
    }


def measured(painters: dict[tuple[str, str], Any], rounds: int) -> dict[tuple[str, str, str], float]:
    """CPU ms by shape, precision and size of frame."""
    found: dict[tuple[str, str, str], float] = {}
    for size, (height, width) in FRAMES.items():
        frame = {"frames": blotches(height, width)[None]}
        for _ in range(rounds):
            for key, session in painters.items():
                began = time.thread_time()
                session.run(None, frame)
                spent = 1000 * (time.thread_time() - began)
                found[(*key, size)] = min(spent, found.get((*key, size), spent))
    return found


def main() -> None:
    """Make, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    known = ",".join("/".join(map(str, shape.as_dict().values())) for shape in SIZES.values())
    parser.add_argument("--shapes", default=f"12/32/3/12,{known}")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    shapes = {text: NetShape(*map(int, text.split("/"))) for text in asked.shapes.split(",")}
    painters: dict[tuple[str, str], Any] = {}
    with tempfile.TemporaryDirectory(prefix="shapes-") as name:
        pictures = Path(name) / "pictures"
        pictures.mkdir()
        for number in range(4):
            Image.fromarray(blotches(208, 320)).save(pictures / f"{number}.png")
        for text, shape in shapes.items():
            made = sessions(shape, Path(name) / text.replace("/", "-"), pictures)
            painters |= {(text, precision): session for precision, session in made.items()}
        times = measured(painters, asked.rounds)
    machine = describe()
    print(
        f"{machine['cpu']}, {machine['cores']} cores ({', '.join(machine['flags'])}), load {machine['load']}"
    )
    columns = [(precision, size) for size in FRAMES for precision in PRECISIONS]
    print("\n| stem/body/blocks/head | kMAC/px |" + "".join(f" {p}, {size} |" for p, size in columns))
    print("|---" * (2 + len(columns)) + "|")
    for text, shape in shapes.items():
        cells = "".join(f" {times[text, p, size]:.1f} |" for p, size in columns)
        print(f"| {text} | {shape.multiplications_per_pixel() / 1000:.1f} |{cells}")
    if asked.json:
        rows = [
            {"shape": text, "precision": precision, "size": size, "cpu_ms": round(value, 2)}
            for (text, precision, size), value in times.items()
        ]
        asked.json.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
