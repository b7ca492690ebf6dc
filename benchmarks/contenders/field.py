"""The contenders: which command each of them is, and what it is compared by."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from contenders.prepare import STYLE

Command = list[str | Path]


@dataclass(frozen=True)
class Contender:
    """`run` gives the command for (clip, output, file for stages); `alone` one of the stages by themselves.

    heavy: paints by the reference's network, so it gets fewer frames. model: whose picture it should paint
    and whose operations it has to do, a float ONNX file. int8: which ceiling it stands under.
    """

    key: str
    title: str
    heavy: bool
    int8: bool
    model: Path
    run: Callable[[Path, Path, Path], Command]
    alone: Callable[[Path, Path], Command] | None = None


def field(folder: Path, shipped: str, draft: str, threads: int) -> list[Contender]:
    """Return the contenders; `folder` is prepared, `threads` are for the first two."""
    plain, weights = folder / "plain.onnx", folder / "weights.pth"

    def script(name: str, file: Path) -> Callable[[Path, Path, Path], Command]:
        return lambda clip, output, stages: [
            *(sys.executable, "-m", f"contenders.{name}", clip, output, file, stages, str(threads))
        ]

    product = [
        ("product", "this product, same weights", True, STYLE, "float32"),
        ("product-int8", "this product, same weights, int8", True, STYLE, "int8"),
        ("shipped", f"this product, {shipped}", False, shipped, "float32"),
        ("shipped-int8", f"this product, {shipped}, int8", False, shipped, "int8"),
        ("draft", f"this product, {draft}", False, draft, "float32"),
        ("draft-int8", f"this product, {draft}, int8", False, draft, "int8"),
    ]
    return [
        Contender(
            "reference", "reference pipeline: files, torch", True, False, plain, script("reference", weights)
        ),
        Contender("plain", "plain onnxruntime loop", True, False, plain, script("plain", plain)),
        *(
            Contender(
                key,
                title,
                heavy,
                precision == "int8",
                plain if heavy else folder / "styles" / style / "model.onnx",
                _run(style, precision),
                _alone(folder / "styles", style, precision),
            )
            for key, title, heavy, style, precision in product
        ),
    ]


def _run(style: str, precision: str) -> Callable[[Path, Path, Path], Command]:
    wish = ("--style", style, "--precision", precision, "-q")
    return lambda clip, output, stages: [sys.executable, "-m", "reelbrush", "run", clip, "-o", output, *wish]


def _alone(styles: Path, style: str, precision: str) -> Callable[[Path, Path], Command]:
    return lambda clip, stages: [
        *(sys.executable, "-m", "contenders.stages", clip, styles, style, precision, stages)
    ]
