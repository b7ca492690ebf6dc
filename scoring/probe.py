"""Opening a style: its model is run once on a small picture before any frame depends on it."""

from __future__ import annotations

import numpy as np
from onnx import ModelProto

from reelbrush.errors import StyleError
from scoring.check.graph import refuse_unknown_operators
from scoring.check.verdict import Refused
from scoring.contract import Contract
from scoring.session import Frames, StyleSession
from scoring.styles import Style
from scoring.wrap import MODEL_PREFIX, wrap

_HEIGHT, _WIDTH = 72, 104  # not square, so that swapped axes show


def probe_picture(height: int = _HEIGHT, width: int = _WIDTH) -> Frames:
    """Return (1, height, width, 3) uint8: gradients and noise in all channels, the same on every call."""
    rows, columns = np.mgrid[0:height, 0:width]
    gradients = np.stack(
        [rows * 255 / max(1, height - 1), columns * 255 / max(1, width - 1), (rows * 7 + columns * 5) % 256],
        axis=-1,
    )
    noise = np.random.default_rng(20).integers(-24, 25, gradients.shape)
    return np.clip(gradients + noise, 0, 255).astype(np.uint8)[None]


def open_session(style: Style, providers: str = "auto") -> StyleSession:
    """Return a session of `style` whose contract was proven by `probe`; `providers` as in StyleSession.

    Raises StyleError saying what differs from the card and what to change there.
    """
    return proven_session(style.load_model(), style.card.contract, style.name, providers)


def proven_session(
    model: ModelProto, contract: Contract, style: str, providers: str = "auto"
) -> StyleSession:
    """Return a session of `model` after `probe` found it to keep `contract`; `style` is for messages.

    Models that no runtime could run are refused before one is loaded. Raises StyleError.
    """
    try:
        refuse_unknown_operators(model)
    except Refused as refusal:
        raise StyleError(f"style {style}: {refusal.reason}", advice=refusal.fix) from None
    chain = wrap(model, contract, style)
    session = StyleSession(chain, style, providers)
    if chain.raw is None and not chain.unchanged:
        apart = wrap(model, contract, style, merge=False)
        probe(StyleSession(apart, style, "cpu"), contract, style)
    else:
        probe(session, contract, style)
    return session


def probe(session: StyleSession, contract: Contract, style: str) -> None:
    """Paint `probe_picture` and raise StyleError when the result is no painted picture.

    Checked are shape, type, finite numbers, values inside the card's output range, and that the result is not
    of a single colour. Numbers are only seen where the model's raw output is kept apart (`GraphChain.raw`).
    """
    frames = probe_picture()
    if session.raw is not None:
        tensors = session.run(frames)
        source, raw = tensors[MODEL_PREFIX + contract.input], tensors[session.raw]
        if source.shape != raw.shape:
            raise StyleError(
                f"style {style}: the model turns a picture of {source.shape} into {raw.shape}",
                advice="Styles must keep the size; check size_multiple and layout in card.json",
            )
        _check_numbers(raw, contract, style)
    painted = session.paint(frames, trim=True)  # by the session of all shapes: none is made for this one
    if painted.dtype != np.uint8:
        raise StyleError(
            f"style {style}: the model gives {painted.dtype}", advice="Change dtype in card.json"
        )
    if int(painted.max()) - int(painted.min()) < 4:
        raise StyleError(
            f"style {style}: the model paints everything in one colour, {painted[0, 0, 0].tolist()}",
            advice=f"The card says range {list(contract.range)} and output {list(contract.output_limits)}: "
            "are the model's values in another range?",
        )


def _check_numbers(raw: np.ndarray, contract: Contract, style: str) -> None:
    values = raw.astype(np.float32)
    if not np.isfinite(values).all():
        raise StyleError(
            f"style {style}: the model's output holds numbers that are not finite",
            advice=f"The card says range {list(contract.range)}: does the model expect other values?",
        )
    low, high = contract.output_limits
    margin = (high - low) / 2
    outside = float(np.mean((values < low - margin) | (values > high + margin)))
    if outside > 0.5:
        raise StyleError(
            f"style {style}: the model's output lies in {values.min():.4g}..{values.max():.4g}, "
            f"mostly outside the card's {low:g}..{high:g}",
            advice="Set output_range in card.json to the values for black and white",
        )
