"""A style's model in 16-bit floats: half the memory, where its inner values allow it."""

from __future__ import annotations

import logging
from collections.abc import Callable

from onnx import ModelProto

from scoring.check.half import LARGEST, try_watching
from scoring.check.trials import Form
from scoring.contract import Contract
from scoring.probe import proven_session
from scoring.session import StyleSession

_HEIGHT, _WIDTH = 72, 104  # pixels of the pictures on which inner values are watched

_LOG = logging.getLogger("scoring")


def halved_session(
    model: ModelProto,
    contract: Contract,
    style: str,
    providers: str,
    frames: int | None,
    release: Callable[[], None],
) -> StyleSession | None:
    """Return a session of `model` computing in float16; None, with a line in the log, where it would break.

    The model's inputs and outputs stay as they are. `frames` is how many it takes in one call, None for any.
    `release` is called once it is clear that the session is worth a try: the memory of another makes room.
    """
    if contract.dtype == "float16":
        return None
    height, width = contract.fixed_size or (
        -(-side // contract.size_multiple) * contract.size_multiple for side in (_HEIGHT, _WIDTH)
    )
    form = Form(
        contract.input, contract.output, contract.layout, contract.dtype, "float32", (height, width), frames
    )
    report = try_watching(model, form, (height, width), _limits(contract))
    if report is None or not report.fits:
        why = "its inner values cannot be seen" if report is None else f"it reaches {report.largest:.4g}"
        if report is not None and report.largest <= LARGEST:
            why = f"{', '.join(report.vanishing[:3])} would become zero"
        _LOG.warning("style %s: 16-bit floats are no way out: %s", style, why)
        return None
    try:
        from onnxruntime.transformers.float16 import convert_float_to_float16

        halved = convert_float_to_float16(model, keep_io_types=True)
        release()
        return proven_session(halved, contract, style, providers)
    except Exception as error:
        _LOG.warning("style %s: 16-bit floats are no way out: %s", style, str(error)[:300])
        return None


def _limits(contract: Contract) -> tuple[float, float]:
    """The model's least and greatest input values."""
    low, high = contract.range
    means, stds = contract.mean or (0.0,), contract.std or (1.0,)
    pairs = [(mean, std) for mean in means for std in stds]
    ends = [(end - mean) / std for mean, std in pairs for end in (low, high)]
    return min(ends), max(ends)
