"""Where a style's model runs: on the CPU, on CUDA or by TensorRT, as far as this node can."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, replace

import onnxruntime as ort

from reelbrush.errors import ScoringError
from scoring.cache_folder import cache_folder
from scoring.cuda_options import CUDA, TENSORRT, Way, cuda_way, dynamic_way
from scoring.gpu import Gpu, cuda_name, this_gpu, visible_gpus
from scoring.tensorrt import (
    EngineFacts,
    library_loads,
    tensorrt_options,
    tensorrt_version,
    tensorrt_way,
    why_not,
)
from scoring.wrap import GraphChain

PROVIDER_CHOICES = ("auto", "cpu", "cuda", "tensorrt")

_LOG = logging.getLogger("scoring")


@dataclass(frozen=True)
class Plan:
    """How a chain of graphs runs on pictures of any shape, and how on those of one film."""

    dynamic: Way
    fixed: Way | None = None  # None: `dynamic` does all
    engine: EngineFacts | None = None  # of TensorRT, but for the shape
    notes: tuple[tuple[str, str], ...] = ()  # for the ledger: what the bytes depend on besides the provider

    def at(self, shape: tuple[int, ...]) -> Way | None:
        """Return how sessions made for `shape` (N, H, W, 3) paint; None where none are."""
        if self.engine is None:
            return self.fixed
        return tensorrt_way(replace(self.engine, shape=shape), cache_folder("tensorrt"))

    def without_capture(self) -> Plan:
        """Return the plan for a graph that CUDA refuses to record."""
        assert self.fixed is not None
        kept = {name: value for name, value in self.fixed.options.items() if name != "enable_cuda_graph"}
        return replace(self, fixed=replace(self.fixed, options=kept))


def paints_on_cuda(choice: str) -> bool:
    """Return whether a session for the providers `choice` would run on a GPU.

    With "auto" a GPU counts that is there, even one that its driver cannot use: that is to be told, since
    nobody pays for a GPU to wait for a CPU.
    """
    if choice == "cpu" or CUDA not in ort.get_available_providers():
        return False
    return choice != "auto" or bool(cuda_name() or visible_gpus())


def make_plan(choice: str, chain: GraphChain) -> Plan:
    """Return how `chain` runs for the providers `choice`, one of PROVIDER_CHOICES.

    TensorRT that cannot be used is told in one line of the log, and CUDA does its work. Raises ScoringError
    when a GPU is wanted by name and this onnxruntime has no CUDA.
    """
    available = ort.get_available_providers()
    if choice in ("cuda", "tensorrt") and CUDA not in available:
        raise ScoringError(
            f"CUDA is wanted, but onnxruntime {ort.__version__} offers {', '.join(available)}",
            advice="Install onnxruntime-gpu, or use --providers auto",
            retryable=False,
        )
    if not paints_on_cuda(choice):
        return Plan(Way())
    reason = ""
    if choice == "tensorrt":
        reason = why_not(available, library_loads(), tensorrt_version())
        if reason:
            _LOG.warning("CUDA paints instead of TensorRT: %s", reason)
    return gpu_plan(chain, this_gpu(), by_tensorrt=choice == "tensorrt" and not reason)


def gpu_plan(chain: GraphChain, gpu: Gpu, *, by_tensorrt: bool = False) -> Plan:
    """Return how `chain` runs on `gpu`, with TensorRT's engines if wished."""
    operators = {node.op_type for graph in chain.graphs for node in graph.graph.node}
    fixed = cuda_way(operators, len(chain.graphs))
    notes = {"driver": gpu.driver, "compute_capability": gpu.capability, "cuda_options": fixed.told}
    dynamic = dynamic_way(fixed)
    if not by_tensorrt or len(chain.graphs) > 1:
        return Plan(dynamic, fixed, None, tuple(notes.items()))
    half = any(
        tensor.data_type == tensor.FLOAT16 for graph in chain.graphs for tensor in graph.graph.initializer
    )
    engine = EngineFacts(
        gpu=gpu.name,
        capability=gpu.capability,
        driver=gpu.driver,
        tensorrt=tensorrt_version(),
        onnxruntime=ort.__version__,
        model=_digest(chain),
        shape=(),  # known with the first frames
        half=half,
        options=tuple(sorted(tensorrt_options(half).items())),
    )
    notes |= {"painted_by": TENSORRT, "tensorrt": engine.tensorrt}
    return Plan(
        dynamic, Way(TENSORRT, "cuda", dict(engine.options), fixed=True), engine, tuple(notes.items())
    )


def _digest(chain: GraphChain) -> str:
    digest = hashlib.sha256()
    for graph in chain.graphs:
        digest.update(graph.SerializeToString(deterministic=True))
    return digest.hexdigest()
