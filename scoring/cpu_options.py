"""How onnxruntime paints on a processor: options of a session."""

from __future__ import annotations

from typing import Any

import onnxruntime as ort


def session_options() -> Any:
    """Return options that make a session repeat itself: one thread, sequential, no spinning, few words."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1  # frames are painted in parallel instead, which wastes nothing
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    # without VNNI the fast int8 kernels overflow; the slower ones give the bytes that all others give
    options.add_session_config_entry("session.x64quantprecision", "1")
    return options
