"""What onnxruntime's errors mean: too little memory, a GPU that failed, or a model that cannot run."""

from __future__ import annotations

import re

from reelbrush.errors import ReelbrushError, ScoringError, StyleError

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


def gpu_failed(text: str) -> ScoringError:
    """Return the error of a GPU that cannot be used, or failed while it was; `text` says how."""
    return ScoringError(
        f"the GPU failed: {text}",
        advice="If it fails on other nodes too: CUDA 13 needs a driver of branch 580 or later. To paint on "
        "the CPU, set CUDA_VISIBLE_DEVICES=-1",
        code="gpu",
    )


def explain(error: Exception, style: str, what: str) -> ReelbrushError:
    """Return `error` of onnxruntime as the product's own; `what` the model does, as "loads"."""
    text = " ".join(str(error).split())
    if any(mark in text.lower() for mark in _OUT_OF_MEMORY):
        return ScoringError(
            f"style {style}: there is not enough memory for the model: {text[:300]}",
            advice="Use fewer --threads or a node with more memory",
            code="out-of-memory",
        )
    if _GPU_FAILURE.search(text):
        return gpu_failed(f"style {style}: while the model {what}: {text[:600]}")
    return StyleError(
        f"style {style}: the model is not one that {what}: {text[:600]}",
        advice="Compare layout, dtype, size_multiple and fixed_size in card.json with the model",
    )
