"""One onnxruntime session per process: a style's model, ready to repaint frames."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from reelbrush.errors import ReelbrushError, ScoringError, StyleError
from scoring.cpu_options import session_options
from scoring.edges import FRAMES, STYLIZED
from scoring.gpu import cuda_name, visible_gpus
from scoring.wrap import GraphChain

Frames = npt.NDArray[np.uint8]  # (N, H, W, 3) RGB, full range

PROVIDER_CHOICES = ("auto", "cpu", "cuda")

_CUDA = "CUDAExecutionProvider"
_CPU = "CPUExecutionProvider"
# an exhaustive search times kernels and may choose others in the next process, which changes bytes
_CUDA_OPTIONS = {"cudnn_conv_algo_search": "HEURISTIC", "do_copy_in_default_stream": "1"}
_TRIMMING = (72, 104)  # height and width of a picture so small that there is memory for it
_OUT_OF_MEMORY = (
    "failed to allocate",
    "out of memory",
    "bad_alloc",
    "cuda failure 2:",
    "smaller than requested bytes",  # an arena's own limit, as gpu_mem_limit sets it
    "status_alloc_failed",  # cuBLAS, cuDNN
    "allocation_failed",  # cuDNN 9, of host or device
)
# as onnxruntime words what CUDA and its libraries answer, for which no model is to blame at once
_GPU_FAILURE = re.compile(
    r"\b(cuda|cudnn|cudnn_fe|cublas|cufft|curand) (failure|error) |cudnn frontend", re.I
)


class StyleSession:
    """Repaints frames; `paint` may be called by several threads at once."""

    def __init__(self, chain: GraphChain, style: str, providers: str = "auto") -> None:
        """Load the graphs of `chain` for `providers`: "auto" (CUDA when it is there), "cpu" or "cuda".

        Raises StyleError when onnxruntime cannot load a graph, ScoringError when CUDA is wanted and missing
        or cannot be used although there is a GPU (`gpu`).
        """
        self._style = style
        self._chain = chain
        self.raw = chain.raw  # name of the model's own output in `run`, None when merging hides it
        wanted = _providers(providers)
        options = session_options()
        # an allocator that the process registered counts, with its limit
        options.add_session_config_entry("session.use_env_allocators", "1")
        try:
            self._sessions = [
                # without the fallback, by which lack of memory would end in silence, on the CPU
                ort.InferenceSession(graph.SerializeToString(), options, providers=wanted, enable_fallback=0)
                for graph in chain.graphs
            ]
        except MemoryError:
            raise
        except Exception as error:
            raise _explain(error, style, "loads") from error
        self._inputs = [[value.name for value in session.get_inputs()] for session in self._sessions]
        self._outputs = [[value.name for value in session.get_outputs()] for session in self._sessions]
        self.runtime_version: str = ort.__version__
        self.provider: str = self._sessions[0].get_providers()[0]
        if wanted[0] != _CPU and self.provider == _CPU:
            raise _gpu_failed(f"onnxruntime {ort.__version__} cannot use CUDA on this node")
        self._trimming = ort.RunOptions()
        arena = "cpu:0" if self.provider == _CPU else "gpu:0"
        self._trimming.add_run_config_entry("memory.enable_memory_arena_shrinkage", arena)

    @property
    def fixed(self) -> bool:
        """Whether the model was made for a number of frames per call."""
        return self._chain.frames_per_call is not None

    @property
    def frames_per_call(self) -> int:
        """Frames to give to one `paint`: what the model was made for, else 1 on a CPU and 4 on a GPU."""
        return self._chain.frames_per_call or (1 if self.provider == _CPU else 4)

    def paint(self, frames: Frames, *, trim: bool = False) -> Frames:
        """Return `frames` (N, H, W, 3) uint8 repainted, same shape and type; `trim` afterwards if wished.

        Raises ScoringError with code `out-of-memory`, or StyleError when the model refuses or changes the
        shape.
        """
        painted: Frames = self.run(frames, self._trimming if trim else None)[STYLIZED]
        if painted.shape != frames.shape:
            raise StyleError(
                f"style {self._style}: the model turns pictures of {frames.shape} into {painted.shape}",
                advice="If it needs sides of a certain multiple, say so as size_multiple in card.json",
            )
        return painted

    def trim(self) -> None:
        """Give back what earlier calls left in the arena, whose pieces may be too small for the next one."""
        with suppress(ScoringError, StyleError, MemoryError):
            self.run(np.zeros((1, *_TRIMMING, 3), np.uint8), self._trimming)

    def close(self) -> None:
        """Give its memory back; nothing can be painted any more. Not while any thread paints."""
        self._sessions.clear()

    def run(self, frames: Frames, options: Any = None) -> dict[str, Any]:
        """Return every tensor that the chain's graphs give for `frames` (N, H, W, 3), by name.

        `options` are onnxruntime's for this call.
        """
        wanted = self._chain.frames_per_call
        missing = wanted - len(frames) if wanted is not None else 0
        if missing > 0:
            # a model made for exactly N pictures: the last one is repeated and its copies are dropped
            frames = np.concatenate([frames, np.repeat(frames[-1:], missing, axis=0)])
        tensors: dict[str, Any] = {FRAMES: frames}
        try:
            for session, inputs, outputs in zip(self._sessions, self._inputs, self._outputs, strict=True):
                given = {name: tensors[name] for name in inputs}
                tensors.update(zip(outputs, session.run(outputs, given, options), strict=True))
        except MemoryError:
            raise
        except Exception as error:
            raise _explain(error, self._style, f"runs on pictures of {frames.shape}") from error
        if missing > 0:
            tensors[STYLIZED] = tensors[STYLIZED][:-missing]
        return tensors


def paints_on_cuda(choice: str) -> bool:
    """Return whether a session for the providers `choice` would run on CUDA.

    With "auto" a GPU counts that is there, even one that its driver cannot use: that is to be told, since
    nobody pays for a GPU to wait for a CPU.
    """
    if choice == "cpu" or _CUDA not in ort.get_available_providers():
        return False
    return choice == "cuda" or bool(cuda_name() or visible_gpus())


def _providers(choice: str) -> list[Any]:
    available = ort.get_available_providers()
    if choice == "cuda" and _CUDA not in available:
        raise ScoringError(
            f"CUDA is wanted, but onnxruntime {ort.__version__} offers {', '.join(available)}",
            advice="Install onnxruntime-gpu, or use --providers auto",
            retryable=False,
        )
    return [(_CUDA, _CUDA_OPTIONS), _CPU] if paints_on_cuda(choice) else [_CPU]


def _gpu_failed(text: str) -> ScoringError:
    return ScoringError(
        f"the GPU failed: {text}",
        advice="If it fails on other nodes too: CUDA 13 needs a driver of branch 580 or later. To paint on "
        "the CPU, set CUDA_VISIBLE_DEVICES=-1",
        code="gpu",
    )


def _explain(error: Exception, style: str, what: str) -> ReelbrushError:
    text = " ".join(str(error).split())
    if any(mark in text.lower() for mark in _OUT_OF_MEMORY):
        return ScoringError(
            f"style {style}: there is not enough memory for the model: {text[:300]}",
            advice="Use fewer --threads or a node with more memory",
            code="out-of-memory",
        )
    if _GPU_FAILURE.search(text):
        return _gpu_failed(f"style {style}: while the model {what}: {text[:600]}")
    return StyleError(
        f"style {style}: the model is not one that {what}: {text[:600]}",
        advice="Compare layout, dtype, size_multiple and fixed_size in card.json with the model",
    )
