"""`reelbrush import-style`: a fast-neural-style checkpoint as a style."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from reelbrush.cli.check_style import CheckRequest, check_style
from reelbrush.errors import StyleError
from scoring.check.card import Text, check_folder
from scoring.check.examine import Stated


def import_style(file: Path, out: Path, text: Text, picture: Path | None, as_json: bool) -> int:
    """Convert, check and write the style; returns the exit code of `check_style`.

    Raises StyleError when torch is missing, the file is no such checkpoint, or `out` cannot be used.
    """
    check_folder(out)
    try:
        from training.digest import sha256
        from training.fast_neural_style.checkpoint import read_checkpoint
        from training.fast_neural_style.graph import build
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "torch":
            raise
        raise StyleError(
            "torch is not installed, and it is needed to read checkpoints",
            advice="pip install 'reelbrush[train]'",
        ) from None
    try:
        weights = read_checkpoint(file)
    except ValueError as error:
        raise StyleError(
            f"{file.name}: {error}",
            advice="Checkpoints of pytorch/examples fast_neural_style can be imported; "
            "export others to ONNX and use reelbrush check-style",
        ) from None
    model = build(weights, {"license": text.license} if text.license else {})
    provenance = {
        **text.provenance,
        "checkpoint": file.name,
        "checkpoint_sha256": sha256(file),
        "network": "TransformerNet of fast neural style, "
        f"{'-'.join(str(len(layer.convolution.weight)) for layer in weights.down)} channels, "
        f"{len(weights.blocks)} residual blocks",
    }
    request = CheckRequest(
        data=model.SerializeToString(deterministic=True),
        name=file.name,
        out=out,
        text=replace(text, provenance=provenance),
        stated=Stated(channels="RGB"),
        picture=picture,
        as_json=as_json,
    )
    return check_style(request)
