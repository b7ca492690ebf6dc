"""How onnxruntime paints on a processor: options of a session."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import onnxruntime as ort

_CPU_INFO = Path("/proc/cpuinfo")
_VNNI = {"avx512_vnni", "avx_vnni"}


def session_options(cpu_info: Path = _CPU_INFO) -> Any:
    """Return options that make a session repeat itself: one thread, sequential, no spinning, few words.

    `cpu_info` is Linux' description of the processor.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1  # frames are painted in parallel instead, which wastes nothing
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.enable_mem_pattern = False  # planned blocks come on top of what the arena keeps, and save no time
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    if not adds_exactly(cpu_info):
        # onnxruntime asks, too, but finds every x86 processor with AVX2 in need of this, even one with VNNI
        options.add_session_config_entry("session.x64quantprecision", "1")
    return options


def adds_exactly(cpu_info: Path = _CPU_INFO) -> bool:
    """Return whether the processor is known to add products of bytes without overflow: it has VNNI.

    Older ones add pairs in 16 bits, which saturate: there onnxruntime's fast int8 kernels give other numbers,
    while its slower ones give those of VNNI. A processor that cannot be asked counts as older.
    """
    try:
        text = cpu_info.read_text()
    except OSError:
        return False
    # of every core: a process may be moved
    flags = re.findall(r"^flags\s*:(.*)$", text, re.MULTILINE)
    return bool(flags) and all(_VNNI & set(line.split()) for line in flags)
