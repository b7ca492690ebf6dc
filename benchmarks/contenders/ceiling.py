"""What one core of this machine can do, measured: matrix products in float and int8, copying memory.

    python -m contenders.ceiling HEIGHT WIDTH MODEL...

Prints JSON: `fma_gflops` between registers (`fma.c`; null where no C compiler is), `sgemm_gflops` by numpy's
BLAS, `int8_gops` by onnxruntime's MatMulInteger, both of one thread and 1024 x 1024 matrices, two operations
per multiplication; `copy_gb_per_second` of 64 MB, read and written bytes together. The best of several turns
counts, since other load can only take away. `operations` are those of the convolutions of each MODEL for one
frame, from the sizes that they have when it runs: what a style paints beyond the rim of the frame counts.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

SIDE = 1024
TURNS = 6
COPIED = 64 << 20


def fastest(work: Callable[[], object]) -> float:
    """Return the least CPU seconds of one call; CPU time, since others may hold the core meanwhile."""
    work()
    found: list[float] = []
    for _ in range(TURNS):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


def session_of(model: onnx.ModelProto, *, optimised: bool = True) -> onnxruntime.InferenceSession:
    """A session on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    if not optimised:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def fma() -> float | None:
    """GFLOP/s of fused multiply-adds between registers, which no program passes; None without a compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "fma"
        source = Path(__file__).with_name("fma.c")
        flags = ["-O3", "-march=native", "-ffp-contract=fast"]
        subprocess.run([compiler, *flags, source, "-o", program], check=True)
        found = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    return float(found)


def sgemm() -> float:
    """GFLOP/s of a float32 product."""
    a, b = np.random.default_rng(0).random((2, SIDE, SIDE), dtype=np.float32)
    out = np.empty_like(a)
    return 2 * SIDE**3 / fastest(lambda: np.matmul(a, b, out=out)) / 1e9


def int8() -> float:
    """Gop/s of a uint8 x int8 product with a constant right side, as weights are."""
    random = np.random.default_rng(0)
    right = onnx.numpy_helper.from_array(random.integers(-100, 100, (SIDE, SIDE)).astype(np.int8), "b")
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["a", "b"], ["y"])],
        "product",
        [helper.make_tensor_value_info("a", TensorProto.UINT8, [SIDE, SIDE])],
        [helper.make_tensor_value_info("y", TensorProto.INT32, [SIDE, SIDE])],
        [right],
    )
    session = session_of(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8))
    left = {"a": random.integers(0, 200, (SIDE, SIDE)).astype(np.uint8)}
    return 2 * SIDE**3 / fastest(lambda: session.run(None, left)) / 1e9


def copying() -> float:
    """GB/s."""
    source, target = np.ones(COPIED, np.uint8), np.empty(COPIED, np.uint8)
    return 2 * COPIED / fastest(lambda: np.copyto(target, source)) / 1e9


def operations(path: Path, height: int, width: int) -> float:
    """Operations (two per multiply and add) of all convolutions for one frame, those with weight 0 left out:
    graphs that copy by a convolution, or do several steps by one, do not count for more.
    """
    model = onnx.load(path)
    layers = [node for node in model.graph.node if node.op_type == "Conv"]
    known = {value.name for value in model.graph.output}
    names = list(dict.fromkeys(name for node in layers for name in (node.input[1], node.output[0])))
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in known)
    session = session_of(model, optimised=False)
    given = session.run(names, {"frames": np.zeros((1, height, width, 3), np.uint8)})
    arrays = {name: np.asarray(array) for name, array in zip(names, given, strict=True)}
    total = 0.0
    for node in layers:
        weight, result = arrays[node.input[1]], arrays[node.output[0]]
        total += 2 * np.count_nonzero(weight) * result.size / len(weight)
    return total


def main() -> None:
    """Measure and print."""
    found = {
        "fma_gflops": fma(),
        "sgemm_gflops": sgemm(),
        "int8_gops": int8(),
        "copy_gb_per_second": copying(),
    }
    height, width = int(sys.argv[1]), int(sys.argv[2])
    counted = {name: operations(Path(name), height, width) for name in sys.argv[3:]}
    print(json.dumps({**found, "operations": counted}))


if __name__ == "__main__":
    main()
