"""The int8 variant of a style: all of it computed on 8 bit whole numbers, see `training.int8_graph`.

Equalising the channels of neighbouring convolutions, which is exact in float, was tried and costs 3 to 8 dB:
weights have one scale per output channel, and equal activations mean unequal weights inside of each.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from PIL import ImageOps

from training.card_file import CARD, MODEL, read_card, write_card
from training.digest import sha256
from training.image_file import PICTURE_SUFFIXES, read_picture
from training.int8_graph import int8_model, tensors
from training.measure import Painter, Paints, cpu_times
from training.ranges import SHARES, Ranges, ranges_on

VARIANT = "model-int8.onnx"

LEAST_PSNR_DB = 30.0
"""Of the worst held-out picture. At 32 to 35 dB single strokes differ in shade, found by switching between
the two paintings and by nothing else; at 26 dB flat areas are visibly brighter, because ranges were cut off.
"""

LARGEST_BYTES = 600_000

MOST_PICTURES = 12
"""Pictures of a folder that are calibrated with, and as many that are held out."""

FRAME = (320, 208)
"""Width and height in px of the pictures that are calibrated with, which are cut to it."""

LONGEST_SIDE = 640
"""Of the held-out pictures, in px: about what films have."""

Frames = NDArray[np.uint8]
"""(1, H, W, 3) uint8 RGB."""


@dataclass(frozen=True)
class Int8:
    """What a card says of the variant. file, sha256: of the model, beside the card.

    psnr_db, psnr_db_worst: mean and least over held-out pictures, of a trained style by day and dark, of the
    PSNR against the float model. cpu_ms_per_frame_640x360: CPU milliseconds of one thread, fastest of several
    frames; float_ms: the same of the float model, measured in turns with it. ranges: see SHARES; of an
    imported style how much of a channel's values they have room for, and what stayed in float. pictures: that
    were held out. calibration_sha256: of all pictures, calibrated with and held out, in order.
    """

    file: str
    sha256: str
    psnr_db: float
    psnr_db_worst: float
    cpu_ms_per_frame_640x360: float
    float_ms: float
    ranges: str
    pictures: int
    calibration_sha256: str


def quantise(
    style: Path,
    calibration: Path,
    *,
    ranges: Sequence[str] = tuple(SHARES),
    least_psnr_db: float = LEAST_PSNR_DB,
) -> Int8:
    """Make `model-int8.onnx` beside a trained style's `model.onnx` and enter it in the card.

    calibration: folder of at least four pictures, of which every other is held out to be measured on.
    ranges: names in SHARES that are tried; the one with the least squared error over all
    pictures that are calibrated with, and a colour card, wins.
    least_psnr_db: that the worst held-out picture must have, inclusive.
    Raises FileNotFoundError when the style or the pictures are missing, and ValueError when the model was not
    made by this package, or the variant is too far from the float model or too large; nothing of the style
    changes then, except that a variant that it had before is gone.
    """
    require_style(style)
    files = _pictures(calibration)
    chosen_to_see, chosen_to_measure = _some(files[0::2]), _some(files[1::2])
    seen = [frame for file in chosen_to_see for frame in _lights(_fitted(file))]
    held_out = [frame for file in chosen_to_measure for frame in _lights(_whole(file))]
    drop_variant(style)
    reference = Painter(style / MODEL)
    with TemporaryDirectory(dir=style) as scratch:
        made = _quantised(style, seen, ranges, Path(scratch))
        trials = [*seen, colour_card()]
        chosen = min(made, key=lambda name: _error(reference, Painter(made[name]), trials))
        best = Painter(made[chosen])
        found = distances(reference, best, held_out)
        float_ms, int8_ms = cpu_times((reference, best), held_out[0][0])
        size = made[chosen].stat().st_size
        if min(found) < least_psnr_db:
            raise ValueError(
                f"{style.name} in int8 is {min(found):.1f} dB from the float model on its worst picture,"
                f" {least_psnr_db:g} dB are needed: calibrate with pictures more like that one, or keep float"
            )
        if size > LARGEST_BYTES:
            raise ValueError(f"{style.name} in int8 has {size:,} bytes, at most {LARGEST_BYTES:,} may be")
        variant = Int8(
            file=VARIANT,
            sha256=sha256(made[chosen]),
            psnr_db=round(float(np.mean(found)), 2),
            psnr_db_worst=round(min(found), 2),
            cpu_ms_per_frame_640x360=int8_ms,
            float_ms=float_ms,
            ranges=chosen,
            pictures=len(held_out),
            calibration_sha256=_digest([*chosen_to_see, *chosen_to_measure]),
        )
        made[chosen].replace(style / VARIANT)
    enter_variant(style, variant)
    return variant


def require_style(style: Path) -> None:
    """Raise FileNotFoundError when the folder of a style lacks its model or its card."""
    for name in (MODEL, CARD):
        if not (style / name).is_file():
            raise FileNotFoundError(f"there is no {name} in {style}")


def enter_variant(style: Path, variant: Int8) -> None:
    """Enter the int8 variant, whose model lies beside it, in a style's card."""
    card = read_card(style)
    write_card(style, card | {"variants": card.get("variants", {}) | {"int8": asdict(variant)}})


def drop_variant(style: Path) -> None:
    """Take the int8 variant out of a style's card and folder, if there is one; needed when the model changes.

    Raises FileNotFoundError when the folder has no card.
    """
    card = read_card(style)
    variants: dict[str, Any] = card.pop("variants", {})
    if variants.pop("int8", None) is not None:
        write_card(style, card | ({"variants": variants} if variants else {}))
    (style / VARIANT).unlink(missing_ok=True)


def distances(reference: Paints, other: Paints, frames: Sequence[Frames]) -> list[float]:
    """The PSNR in dB of what `other` paints against what `reference` does, one per picture; 99 if equal."""
    found: list[float] = []
    for frame in frames:
        difference = reference.paint(frame).astype(np.float32) - other.paint(frame)
        error = float(np.square(difference).mean())
        found.append(10 * float(np.log10(255**2 / error)) if error > 1e-5 else 99.0)
    return found


def _error(reference: Painter, other: Painter, frames: Sequence[Frames]) -> float:
    """Mean squared error over all pictures, as a share of the largest possible."""
    return float(np.mean(10 ** (-np.array(distances(reference, other, frames)) / 10)))


def colour_card() -> Frames:
    """Bars of the purest colours over grey steps, (1, 208, 320, 3): more than any film asks of the ranges."""
    width, height = FRAME
    bars = np.array([[255 * (index >> bit & 1) for bit in range(3)] for index in range(8)], np.uint8)
    top = np.repeat(np.repeat(bars, width // 8, 0)[None], height // 2, 0)
    steps = np.repeat(np.linspace(0, 255, 16).astype(np.uint8), width // 16)
    bottom = np.repeat(np.repeat(steps[None], height // 2, 0)[..., None], 3, 2)
    return np.concatenate([top, bottom])[None]


def _quantised(style: Path, seen: Sequence[Frames], ranges: Sequence[str], folder: Path) -> dict[str, Path]:
    """A model per way to choose ranges. Raises ValueError for a model from elsewhere."""
    graph = onnx.load(style / MODEL)
    weights = {
        tensor.name: numpy_helper.to_array(tensor).astype(np.float64) for tensor in graph.graph.initializer
    }
    blocks = sum(name.startswith("block") and name.endswith("first.weight") for name in weights)
    if not blocks or "up.weight" not in weights:
        raise ValueError(
            f"the model of {style.name} was not made by `reelbrush train`; `python -m training quantise`"
            " takes others, too"
        )
    found: dict[str, Ranges] = ranges_on(style / MODEL, tensors(blocks), seen, ranges)
    made: dict[str, Path] = {}
    for index, (name, on_pictures) in enumerate(found.items()):
        made[name] = folder / f"{index}.onnx"
        properties = {entry.key: entry.value for entry in graph.metadata_props}
        onnx.save(int8_model(weights, on_pictures, properties), made[name])
    return made


def _pictures(folder: Path) -> list[Path]:
    suffixes = PICTURE_SUFFIXES
    found = sorted(file for file in folder.glob("*") if file.suffix.lower() in suffixes)
    if len(found) < 4:
        raise FileNotFoundError(f"{folder} holds {len(found)} pictures ({', '.join(suffixes)}), 4 are needed")
    return found


def _some(files: Sequence[Path]) -> list[Path]:
    step = max(1, -(-len(files) // MOST_PICTURES))
    return list(files[::step])


def _fitted(file: Path) -> Frames:
    return np.array(ImageOps.fit(read_picture(file), FRAME))[None]


def _whole(file: Path) -> Frames:
    picture = read_picture(file)
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return np.array(picture)[None]


def _lights(frame: Frames) -> tuple[Frames, Frames]:
    """The picture as it is, and as if it were night."""
    night = 255 * 0.3 * (frame.astype(np.float32) / 255) ** 1.5
    return frame, night.round().astype(np.uint8)


def _digest(files: Sequence[Path]) -> str:
    return hashlib.sha256("".join(map(sha256, files)).encode()).hexdigest()
