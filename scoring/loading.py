"""Opening graphs with onnxruntime, for pictures of any shape or of one."""

from __future__ import annotations

from typing import Any

import onnxruntime as ort

from scoring.cpu_options import session_options
from scoring.cuda_options import Way
from scoring.edges import FRAMES
from scoring.wrap import GraphChain


def load_graphs(chain: GraphChain, way: Way, shape: tuple[int, ...] | None = None) -> list[Any]:
    """Return a session for each graph of `chain`, in order.

    `shape` (N, H, W, 3) of all frames to come is put in the place of the graph's symbolic sizes, so that
    nothing that depends on them is left to be computed at every call. Raises what onnxruntime raises.
    """
    opened: list[Any] = []
    for graph in chain.graphs:
        options = session_options()
        # an allocator that the process registered counts, with its limit
        options.add_session_config_entry("session.use_env_allocators", "1")
        for name, size in _sizes(graph, shape).items():
            options.add_free_dimension_override_by_name(name, size)
        # without the fallback, by which lack of memory would end in silence, on the CPU
        data = graph.SerializeToString()
        opened.append(ort.InferenceSession(data, options, providers=way.providers, enable_fallback=0))
    return opened


def _sizes(graph: Any, shape: tuple[int, ...] | None) -> dict[str, int]:
    """The symbolic sizes of the frames that the graph takes, by name."""
    for value in graph.graph.input:
        if value.name == FRAMES and shape is not None:
            given = zip(value.type.tensor_type.shape.dim, shape, strict=True)
            return {dimension.dim_param: size for dimension, size in given if dimension.dim_param}
    return {}
