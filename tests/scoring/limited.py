"""`python limited.py MIB ARGUMENTS...`: `python -m scoring ARGUMENTS...` whose models get MIB MiB of memory.

The limit is onnxruntime's own: an arena of the process that gives no more, as `gpu_mem_limit` is on a GPU.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import onnxruntime as ort

ort.create_and_register_allocator(
    ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT),
    ort.OrtArenaCfg(
        {
            "max_mem": int(sys.argv[1]) << 20,
            "arena_extend_strategy": 1,  # as requested
            "initial_chunk_size_bytes": 1 << 20,
            "max_dead_bytes_per_chunk": 1 << 20,
        }
    ),
)
sys.argv[:2] = ["scoring"]
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
runpy.run_module("scoring", run_name="__main__")
