"""The int8 variant of an imported style: convolutions on 8 bit whole numbers, calibrated on frames.

Norms stay in float. Where the picture becomes another by int8, the first convolutions stay in float, too:
what they round is divided by the deviation of the whole picture, which in dark ones is almost nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from scoring.contract import Contract
from scoring.rewrite.proof import BOUND, Witness
from scoring.session import StyleSession
from scoring.styles import load_style
from scoring.wrap import wrap
from training.digest import sha256
from training.image_file import PICTURE_SUFFIXES, read_picture
from training.imported.cells import on_cells
from training.imported.qdq import LEAST_OPSET, Place, in_int8, places
from training.imported.ranges import ranges_of
from training.measure import cpu_times
from training.moments import read_moments
from training.quantise import VARIANT, Int8, distances, drop_variant, enter_variant, require_style

LEAST_PSNR_DB = 35.0
"""Of the held-out frames, on average."""

LEAST_WORST_DB = 30.0
"""Of the worst held-out frame: below it flat areas change their colour."""

MOST_FRAMES = 8
"""That are calibrated with, and as many that are held out."""

LONGEST_SIDE = 640
"""Of these frames, in px."""

CUT_OFFS = (1e-4, 1e-5)
"""Shares of a channel's values, at either end, for which its range has no room; in turn."""

MOST_IN_FLOAT = 2
"""Convolutions behind the first one that may stay in float."""

Frames = NDArray[np.uint8]
"""(1, H, W, 3) uint8 RGB."""


def quantise_imported(style: Path, calibration: Path, *, least_psnr_db: float = LEAST_PSNR_DB) -> Int8:
    """Make `model-int8.onnx` beside an imported style's `model.onnx` and enter it in the card.

    calibration: a video, or a folder of at least four pictures; every other frame is held out to be measured
    on. The variant with the most int8 that is near enough to the float model is taken: `least_psnr_db` on
    average, and on the worst frame as much or LEAST_WORST_DB, whichever is less.
    Raises FileNotFoundError when the style or the frames are missing, StyleError when the style is not valid,
    and ValueError when the model has nothing to gain, or no variant is near enough; nothing of the style
    changes then, except that a variant that it had before is gone.
    """
    require_style(style)
    frames = _frames(calibration)
    seen, held_out = frames[0::2], frames[1::2]
    drop_variant(style)
    style = style.resolve()
    loaded = load_style(style.name, style.parent)
    contract, original = loaded.card.contract, loaded.load_model()
    model = _prepared(original, contract)
    found_places = places(model)
    if not found_places:
        raise ValueError(
            f"{style.name} has no convolution that gains by int8: it takes constant 32-bit weights, 16"
            f" channels and opset {LEAST_OPSET}"
        )
    reference = _painter(original, contract, style.name)
    nearest, least_worst = (0.0, 0.0), min(LEAST_WORST_DB, least_psnr_db)
    for made, words in _trials(model, contract, found_places, seen):
        painter = _painter(made, contract, style.name)
        found = distances(reference, painter, held_out)
        if np.mean(found) < least_psnr_db or min(found) < least_worst:
            nearest = max(nearest, (float(np.mean(found)), min(found)))
            continue
        float_ms, int8_ms = cpu_times((reference, painter), held_out[0][0])
        fresh = style / f"{VARIANT}.new"
        fresh.write_bytes(made.SerializeToString(deterministic=True))
        fresh.replace(style / VARIANT)
        variant = Int8(
            file=VARIANT,
            sha256=sha256(style / VARIANT),
            psnr_db=round(float(np.mean(found)), 2),
            psnr_db_worst=round(min(found), 2),
            cpu_ms_per_frame_640x360=int8_ms,
            float_ms=float_ms,
            ranges=words,
            pictures=len(held_out),
            calibration_sha256=hashlib.sha256(b"".join(frame.tobytes() for frame in frames)).hexdigest(),
        )
        enter_variant(style, variant)
        return variant
    raise ValueError(
        f"{style.name} in int8 is {nearest[0]:.1f} dB from the float model, {nearest[1]:.1f} dB on its worst"
        f" frame; {least_psnr_db:g} and {least_worst:g} dB are needed: calibrate with frames more like what"
        " is to be painted, or keep float"
    )


def _prepared(model: ModelProto, contract: Contract) -> ModelProto:
    """`model` in the form that int8 likes best, where that paints the same."""
    proposal = on_cells(model)
    return proposal if Witness(model, contract).difference(proposal) <= BOUND else model


def _trials(
    model: ModelProto, contract: Contract, found: Sequence[Place], seen: Sequence[Frames]
) -> Iterator[tuple[ModelProto, str]]:
    """Variants, the fastest first, and in words what they are."""
    names = [name for place in found for name in (place.source, place.result)]
    ranges = {cut_off: ranges_of(model, contract, names, seen, cut_off) for cut_off in CUT_OFFS}
    for in_float in range(min(MOST_IN_FLOAT, len(found) - 1) + 1):
        for cut_off in CUT_OFFS:
            words = f"{100 * (1 - cut_off):g} %"
            if in_float:
                words += f", {in_float} more in float"
            yield in_int8(model, ranges[cut_off], skip=in_float), words


def _painter(model: ModelProto, contract: Contract, style: str) -> StyleSession:
    return StyleSession(wrap(model, contract, style), style, "cpu")


def _frames(calibration: Path) -> list[Frames]:
    count = 2 * MOST_FRAMES
    if calibration.is_file():
        pictures = [moment.first for moment in read_moments(calibration, count, LONGEST_SIDE)]
    else:
        files = sorted(file for file in calibration.glob("*") if file.suffix.lower() in PICTURE_SUFFIXES)
        step = max(1, -(-len(files) // count))
        pictures = [read_picture(file) for file in files[::step]]
    if len(pictures) < 4:
        raise FileNotFoundError(f"{calibration} holds {len(pictures)} frames, 4 are needed")
    for picture in pictures:
        picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return [np.array(picture)[None] for picture in pictures]
