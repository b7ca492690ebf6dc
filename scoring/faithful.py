"""16-bit floats on a GPU from the start: twice as fast, and taken only where nobody would see it."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
from onnx import ModelProto, TensorProto

from reelbrush.errors import ReelbrushError
from scoring.check.pictures import EXTREMES, scene
from scoring.contract import Contract
from scoring.halved import halved_session
from scoring.probe import probe_picture, proven_session
from scoring.session import Frames, StyleSession
from scoring.wrap import wrap

LEVELS = 2
"""Differences of so many of 255 levels do not count."""

LEAST_SHARE = 0.999
"""Of all values, how many may differ by no more than that."""

LEAST_PSNR_DB = 45.0
"""Of all pictures together; rounding alone, to whole levels, costs 59 dB."""

_HEIGHT, _WIDTH = 144, 208  # px

_LOG = logging.getLogger("scoring")


@dataclass(frozen=True)
class Likeness:
    """How near two paintings of the same frames are."""

    share: float  # of values within LEVELS, 0..1
    psnr_db: float  # infinite where they are equal

    @property
    def passes(self) -> bool:
        """Whether one may stand for the other."""
        return self.share >= LEAST_SHARE and self.psnr_db >= LEAST_PSNR_DB


def likeness(first: Frames, second: Frames) -> Likeness:
    """Compare two arrays (N, H, W, 3) uint8 value by value."""
    away = np.abs(first.astype(np.int16) - second)
    mean_square = float(np.square(away, dtype=np.float64).mean())
    psnr = float("inf") if mean_square == 0 else 10 * float(np.log10(255**2 / mean_square))
    return Likeness(float((away <= LEVELS).mean()), psnr)


def faithful_session(
    model: ModelProto, contract: Contract, style: str, providers: str
) -> StyleSession | None:
    """Return a session of `model` in 16-bit floats that paints as the CPU does in 32, else None.

    Painted are a scene, a pattern with noise, and black, white and the like; a line in the log tells the
    outcome. A model without weights in 32 bits is left as it is.
    """
    if not any(tensor.data_type == TensorProto.FLOAT for tensor in model.graph.initializer):
        return None
    made_for = wrap(model, contract, style).frames_per_call
    half = halved_session(model, contract, style, providers, made_for, lambda: None)
    if half is None:
        return None
    try:
        whole = proven_session(model, contract, style, "cpu")
        found = [likeness(whole.paint(picture), half.paint(picture, trim=True)) for picture in _pictures()]
    except ReelbrushError as error:
        _LOG.warning("style %s: not painted in 16-bit floats: %s", style, str(error)[:300])
        return None
    worst = Likeness(min(one.share for one in found), min(one.psnr_db for one in found))
    _LOG.info(
        "style %s: %s in 16-bit floats: %.3f %% of values within %d levels, %.1f dB",
        style,
        "painted" if worst.passes else "not painted",
        100 * worst.share,
        LEVELS,
        worst.psnr_db,
    )
    if worst.passes:
        return half
    half.close()
    return None


def _pictures() -> list[Frames]:
    pictures = [scene(_HEIGHT, _WIDTH), probe_picture(_HEIGHT, _WIDTH)]
    return pictures + [picture(_HEIGHT, _WIDTH) for picture in EXTREMES.values()]
