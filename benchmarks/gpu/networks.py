"""The networks that are painted by: the reference's architecture with random weights, and shipped styles."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnx import ModelProto

from scoring.contract import Contract
from scoring.styles import SHIPPED, load_style

REFERENCE = "reference"


@dataclass(frozen=True)
class Network:
    """One network: as a plain export has it, and as the product runs it. The pictures are the same."""

    name: str
    plain: ModelProto
    product: ModelProto
    contract: Contract
    torch: Any = None  # the module, where there is one


def reference_network() -> Network:
    """Return the reference's network with random but fixed weights; needs torch."""
    import torch
    from contenders.network import random_network

    from scoring.check.pictures import scene
    from training.fast_neural_style.checkpoint import read_checkpoint
    from training.fast_neural_style.graph import build

    net = random_network(scene(360, 640)[0])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights.pth"
        torch.save(net.state_dict(), path)
        weights = read_checkpoint(path)
    return Network(REFERENCE, build(weights, {}, fast=False), build(weights, {}), Contract(), net)


def shipped_network(name: str) -> Network:
    """Return the network of a shipped style. Raises StyleError when there is no such style."""
    style = load_style(name, SHIPPED)
    model = style.load_model()
    return Network(name, model, model, style.card.contract)
