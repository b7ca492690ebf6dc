"""onnxruntime painting: as a plain loop would, and as the product does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime

from gpu.networks import Network
from gpu.peers import Frames, Paint
from scoring.bound import BoundChain
from scoring.cuda_options import Way
from scoring.faithful import faithful_session
from scoring.loading import load_graphs
from scoring.probe import proven_session
from scoring.providers import Plan
from scoring.session import StyleSession
from scoring.wrap import GraphChain, wrap

PLAIN, OURS = "plain onnxruntime", "this product"


@dataclass(frozen=True)
class Product:
    """The product's session of a network, and what it decided."""

    session: StyleSession
    chain: GraphChain  # as it is run, in 16-bit floats where they pass
    plan: Plan
    half: bool

    def paint(self, frames: Frames) -> Frames:
        """Paint frames of the host, each thread in a stream of its own."""
        return self.session.paint(frames, together=len(frames))

    def alone(self, shape: tuple[int, int, int, int]) -> tuple[Callable[[], object], Callable[[], object]]:
        """Return (model, transfer) for frames of `shape` that are there already, or are only carried."""
        way = self.plan.at(shape) or Way()
        bound = BoundChain(load_graphs(self.chain, way, shape), way.device, shape)
        frames = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        bound.paint(frames)

        def carry() -> None:
            bound.give(frames)
            bound.take()

        return bound.compute, carry


def product(network: Network, device: str) -> Product:
    """Open `network` as the product would on `device`, "cpu" or "cuda"."""
    model, contract = network.product, network.contract
    half = faithful_session(model, contract, network.name, device) if device == "cuda" else None
    session = half or proven_session(model, contract, network.name, device)
    return Product(session, session.chain, session.plan, half is not None)


def plain(network: Network, device: str) -> Paint:
    """Return the plain loop: the exported graph, default options, on a GPU converted to fp16, no binding."""
    model, providers = network.plain, ["CPUExecutionProvider"]
    if device == "cuda":
        from onnxruntime.transformers.float16 import convert_float_to_float16

        model = convert_float_to_float16(model, keep_io_types=True)
        providers = ["CUDAExecutionProvider", *providers]
    chain = wrap(model, network.contract, network.name)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if device == "cpu":
        options.intra_op_num_threads = 1
    (graph,) = chain.graphs
    session = onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=providers)

    def paint(frames: Frames) -> Frames:
        painted: Any = session.run(["stylized"], {"frames": frames})[0]
        return painted

    return paint
