"""The int8 variant of a style: its middle, where the time goes, computed on 8 bit whole numbers.

Stem, down and paint stay in float: together they take a tenth of the time, while rounding the picture's
first features or its last sums is what a viewer sees. (Down in float gave 3.8 dB at no cost in time.)
Equalising the channels of neighbouring convolutions, which is exact in float, was tried and costs 3 to 8 dB:
weights have one scale per output channel, and equal activations mean unequal weights inside of each.
"""

from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.quant_utils import add_pre_process_metadata
from PIL import ImageOps

from training.card_file import CARD, MODEL, read_card, write_card
from training.digest import sha256
from training.image_file import PICTURE_SUFFIXES, read_picture
from training.measure import Painter, cpu_times

VARIANT = "model-int8.onnx"

LEAST_PSNR_DB = 30.0
"""Of the worst held-out picture. At 32 to 35 dB single strokes differ in shade, found by switching between
the two paintings and by nothing else; at 26 dB flat areas are visibly brighter, because ranges were cut off.
"""

LARGEST_BYTES = 600_000

MOST_PICTURES = 12
"""Pictures of a folder that are calibrated with, and as many that are held out: onnxruntime keeps what all
layers give for all of them in memory, about 50 MB for each by day and by night.
"""

FRAME = (320, 208)
"""Width and height in px of the pictures that are calibrated with; onnxruntime needs them equal."""

LONGEST_SIDE = 640
"""Of the held-out pictures, in px: about what films have."""

RANGES: dict[str, tuple[CalibrationMethod, dict[str, float]]] = {
    "minmax": (CalibrationMethod.MinMax, {}),
    "99.999 %": (CalibrationMethod.Percentile, {"CalibPercentile": 99.999}),
    "99.99 %": (CalibrationMethod.Percentile, {"CalibPercentile": 99.99}),
}
"""How much of what a layer gives its 256 levels have to hold. Less leaves finer levels for the rest, but what
is cut off shows; which is best differs between styles. Entropy gave the same as minmax.
"""

Frames = NDArray[np.uint8]
"""(1, H, W, 3) uint8 RGB."""


@dataclass(frozen=True)
class Int8:
    """What a card says of the variant. file, sha256: of the model, beside the card.

    psnr_db, psnr_db_worst: mean and least over held-out pictures, by day and dark, of the PSNR against the
    float model. cpu_ms_per_frame_640x360: CPU milliseconds of one thread, fastest of several frames;
    float_ms: the same of the float model, measured in turns with it. ranges: see RANGES. pictures: that
    were held out.
    """

    file: str
    sha256: str
    psnr_db: float
    psnr_db_worst: float
    cpu_ms_per_frame_640x360: float
    float_ms: float
    ranges: str
    pictures: int


def quantise(
    style: Path,
    calibration: Path,
    *,
    ranges: Sequence[str] = tuple(RANGES),
    least_psnr_db: float = LEAST_PSNR_DB,
) -> Int8:
    """Make `model-int8.onnx` beside a trained style's `model.onnx` and enter it in the card.

    calibration: folder of at least four pictures, of which every other is held out to be measured on.
    ranges: names in RANGES that are tried; the one whose worst picture is nearest to the float model wins.
    least_psnr_db: that the worst held-out picture must have, inclusive.
    Raises FileNotFoundError when the style or the pictures are missing, and ValueError when the model was not
    made by this package, or the variant is too far from the float model or too large; nothing of the style
    changes then, except that a variant that it had before is gone.
    """
    for name in (MODEL, CARD):
        if not (style / name).is_file():
            raise FileNotFoundError(f"there is no {name} in {style}")
    files = _pictures(calibration)
    seen = [frame for file in _some(files[0::2]) for frame in _lights(_fitted(file))]
    held_out = [frame for file in _some(files[1::2]) for frame in _lights(_whole(file))]
    drop_variant(style)
    reference = Painter(style / MODEL)
    with TemporaryDirectory(dir=style) as scratch:
        made: dict[str, Path] = {}
        for index, name in enumerate(ranges):
            made[name] = Path(scratch) / f"{index}.onnx"
            _quantise(style / MODEL, made[name], seen, name)
        trials = [*seen, colour_card()]
        chosen = max(made, key=lambda name: min(distances(reference, Painter(made[name]), trials)))
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
        )
        made[chosen].replace(style / VARIANT)
    card = read_card(style)
    write_card(style, card | {"variants": card.get("variants", {}) | {"int8": asdict(variant)}})
    return variant


def drop_variant(style: Path) -> None:
    """Take the int8 variant out of a style's card and folder, if there is one; needed when the model changes.

    Raises FileNotFoundError when the folder has no card.
    """
    card = read_card(style)
    variants: dict[str, Any] = card.pop("variants", {})
    if variants.pop("int8", None) is not None:
        write_card(style, card | ({"variants": variants} if variants else {}))
    (style / VARIANT).unlink(missing_ok=True)


def distances(reference: Painter, other: Painter, frames: Sequence[Frames]) -> list[float]:
    """The PSNR in dB of what `other` paints against what `reference` does, one per picture; 99 if equal."""
    found: list[float] = []
    for frame in frames:
        difference = reference.paint(frame).astype(np.float32) - other.paint(frame)
        error = float(np.square(difference).mean())
        found.append(10 * float(np.log10(255**2 / error)) if error > 1e-5 else 99.0)
    return found


def colour_card() -> Frames:
    """Bars of the purest colours over grey steps, (1, 208, 320, 3): more than any film asks of the ranges."""
    width, height = FRAME
    bars = np.array([[255 * (index >> bit & 1) for bit in range(3)] for index in range(8)], np.uint8)
    top = np.repeat(np.repeat(bars, width // 8, 0)[None], height // 2, 0)
    steps = np.repeat(np.linspace(0, 255, 16).astype(np.uint8), width // 16)
    bottom = np.repeat(np.repeat(steps[None], height // 2, 0)[..., None], 3, 2)
    return np.concatenate([top, bottom])[None]


class _Reader(CalibrationDataReader):
    def __init__(self, frames: Sequence[Frames]) -> None:
        self._frames: Iterator[Frames] = iter(frames)

    def get_next(self) -> dict[str, Frames] | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The next picture by the name of the model's input, None after the last."""
        frame = next(self._frames, None)
        return None if frame is None else {"frames": frame}


def _quantise(model: Path, target: Path, frames: Sequence[Frames], ranges: str) -> None:
    method, more = RANGES[ranges]
    graph = onnx.load(model)
    # Its pre-processing would infer shapes and fuse nodes, of which these graphs gain nothing.
    add_pre_process_metadata(graph)
    with redirect_stdout(StringIO()):  # the percentile calibrator talks
        quantize_static(
            graph,
            target,
            _Reader(frames),
            quant_format=QuantFormat.QDQ,
            # An Add or Relu beside a convolution joins it, so that nothing is rounded twice.
            op_types_to_quantize=["Conv", "Relu", "Add"],
            nodes_to_quantize=_middle(graph, model.parent.name),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=method,
            extra_options=dict(more),
        )


def _middle(model: onnx.ModelProto, style: str) -> list[str]:
    """The names of the nodes that are computed in int8. Raises ValueError for a model from elsewhere."""
    middle = [
        node.name
        for node in model.graph.node
        if node.op_type in ("Conv", "Relu", "Add")
        and (node.name.startswith("block") or node.name in ("down.relu", "body.relu", "up"))
    ]
    if "block0.first" not in middle or "up" not in middle:
        raise ValueError(
            f"the model of {style} was not made by `reelbrush train`, which alone can be quantised"
        )
    return middle


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
