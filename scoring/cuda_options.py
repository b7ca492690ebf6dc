"""How onnxruntime paints on a GPU: which provider, with which options, decided from facts alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"
TENSORRT = "TensorrtExecutionProvider"

FRAMES_ON_GPU = 4
"""Frames of one call where the model takes any number."""

STREAMS = 3
"""Threads that paint at the same time on one GPU: one copies in, one computes, one copies out."""

_NORMS = frozenset(
    {"InstanceNormalization", "GroupNormalization", "LayerNormalization", "MeanVarianceNormalization", "LRN"}
)
_BRANCHES = frozenset({"If", "Loop", "Scan"})


@dataclass(frozen=True)
class Way:
    """How a style's model runs: the provider, where its buffers are, and what is fixed beforehand."""

    provider: str = CPU
    device: str = "cpu"  # of the buffers, as onnxruntime's OrtValue names it
    options: Mapping[str, str] = field(default_factory=dict[str, str])  # of the provider
    fixed: bool = False  # each thread has a session of its own, made for one shape, with its own buffers

    @property
    def captures(self) -> bool:
        """Whether the kernels' launches are recorded once per shape and replayed (CUDA graph)."""
        return self.options.get("enable_cuda_graph") == "1"

    @property
    def providers(self) -> list[Any]:
        """The list for `InferenceSession`; CUDA stands behind TensorRT, the CPU behind both."""
        if self.provider == CPU:
            return [CPU]
        behind = [(CUDA, base_options())] if self.provider == TENSORRT else []
        return [(self.provider, dict(self.options)), *behind, CPU]

    @property
    def told(self) -> str:
        """The options in one line, sorted, for the ledger."""
        return " ".join(f"{name}={value}" for name, value in sorted(self.options.items()))


def base_options() -> dict[str, str]:
    """Return options of the CUDA provider under which a session repeats itself, in this process and others.

    An exhaustive search times kernels and may choose others in the next process, which changes bytes. Memory
    grows by what is asked for, so that several sessions find room beside each other.
    """
    return {
        "cudnn_conv_algo_search": "HEURISTIC",
        "cudnn_conv_use_max_workspace": "1",
        "arena_extend_strategy": "kSameAsRequested",
        "do_copy_in_default_stream": "1",
    }


def prefers_nhwc(operators: Collection[str]) -> bool:
    """Return whether channels belong last in a graph of these operators.

    Tensor cores want that, and onnxruntime has such kernels for convolutions and pools. It has none for
    normalisations: around each of them two transposes would cost more than is gained.
    """
    return "Conv" in operators and not _NORMS & set(operators)


def can_be_captured(operators: Collection[str], graphs: int) -> bool:
    """Return whether a CUDA graph is worth a try: one graph without branches, whose launches never differ.

    onnxruntime refuses what it finds besides, a node without a CUDA kernel above all.
    """
    return graphs == 1 and not _BRANCHES & set(operators)


def cuda_way(operators: Collection[str], graphs: int = 1, *, capture: bool = True) -> Way:
    """Return how a chain of `graphs` graphs with these operators runs on CUDA.

    `capture` False leaves the CUDA graph out, once onnxruntime has refused it.
    """
    options = base_options()
    if prefers_nhwc(operators):
        options["prefer_nhwc"] = "1"
    if capture and can_be_captured(operators, graphs):
        options["enable_cuda_graph"] = "1"
    return Way(CUDA, "cuda", options, fixed=True)


def dynamic_way(way: Way) -> Way:
    """Return `way` for pictures of any shape: without a CUDA graph, and on CUDA instead of TensorRT."""
    if way.provider == CPU:
        return Way()
    kept = {name: value for name, value in way.options.items() if name == "prefer_nhwc"}
    return Way(CUDA, way.device, base_options() | kept)
