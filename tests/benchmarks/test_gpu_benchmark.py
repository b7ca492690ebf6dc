"""What the GPU's benchmark counts, strips and concludes, without a GPU."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from benchmarks.gpu.cost import NodeCost, costs, least_seconds, paper
from benchmarks.gpu.pack import codes, pack, strip
from scoring.styles import load_style
from tests.conftest import ROOT


def network() -> onnx.ModelProto:
    """Frames -> 8 channels by 3x3 -> the norm of their sums -> 3 channels -> frames."""
    weights = [
        numpy_helper.from_array(np.ones((8, 3, 3, 3), np.float32), "w"),
        numpy_helper.from_array(np.ones(8, np.float32), "gain"),
        numpy_helper.from_array(np.zeros(8, np.float32), "offset"),
        numpy_helper.from_array(np.ones((3, 8, 1, 1), np.float32), "v"),
    ]
    nodes = [
        helper.make_node("Cast", ["frames"], ["x"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["x"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "w"], ["wide"], pads=[1, 1, 1, 1]),
        helper.make_node("InstanceNormalization", ["wide", "gain", "offset"], ["normed"]),
        helper.make_node("Conv", ["normed", "v"], ["painted"]),
        helper.make_node("Transpose", ["painted"], ["y"], perm=[0, 2, 3, 1]),
        helper.make_node("Cast", ["y"], ["stylized"], to=TensorProto.UINT8),
    ]
    shape = ["N", "H", "W", 3]
    ends = [helper.make_tensor_value_info(name, TensorProto.UINT8, shape) for name in ("frames", "stylized")]
    graph = helper.make_graph(nodes, "net", ends[:1], ends[1:], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_operations_and_bytes_are_counted_node_by_node() -> None:
    pixels = 40 * 60
    found = costs(network(), (1, 40, 60, 3))
    by_operator = {name: [one for one in found if one.operator == name] for name in ("Conv", "Cast")}
    first, last = by_operator["Conv"]
    assert first.operations == 2 * pixels * 8 * 3 * 9 and last.operations == 2 * pixels * 3 * 8
    assert first.moved == 2 * (3 * pixels + 8 * pixels + 8 * 3 * 9)
    assert [one.moved for one in by_operator["Cast"]] == [3 * pixels + 2 * 3 * pixels] * 2
    (norm,) = [one for one in found if one.operator == "InstanceNormalization"]
    assert norm.moved == 2 * (3 * 8 * pixels + 16) and norm.operations == 0


def test_each_node_takes_the_longer_of_two_times() -> None:
    nodes = [NodeCost("Conv", 10**12, 10**6), NodeCost("Relu", 0, 10**9)]
    assert least_seconds(nodes, 100.0, 1000.0) == pytest.approx(0.01 + 0.001)


def test_a_shipped_style_costs_what_its_layers_add_up_to() -> None:
    style = load_style("starry-night")
    small, large = (paper(style.load_model(), size) for size in ((320, 192), (640, 384)))
    assert isinstance(small["gflop"], float) and isinstance(large["gflop"], float)
    assert 2 < large["gflop"] / small["gflop"] < 4  # the rim beyond the frame does not grow with its area


def code(kind: int, architecture: int, text: bytes) -> bytes:
    head = struct.pack("<HHIQ", kind, 0x101, 64, len(text)) + bytes(12) + struct.pack("<I", architecture)
    return head.ljust(64, b"\1") + text


def library() -> bytes:
    container = code(2, 80, b"A" * 50) + code(2, 90, b"H" * 70) + code(1, 90, b"X" * 30)
    head = struct.pack("<IHHQ", 0xBA55ED50, 1, 16, len(container))
    lone = struct.pack("<I", 0xBA55ED50)  # the number alone, as in the program that looks for it
    return b"before" + lone + b"between" + head + container + b"after" + lone


def test_only_machine_code_of_the_wanted_gpu_is_kept() -> None:
    data = library()
    stripped, sizes = strip(data, 90)
    assert sizes == {"sm_80": 50, "sm_90": 70, "ptx_90": 30}
    assert len(stripped) == len(data) and stripped.count(b"H") == 70
    assert not stripped.count(b"A") and not stripped.count(b"X")
    assert [(one.architecture, one.size) for one in codes(stripped)] == [(80, 50), (90, 70), (90, 30)]
    assert stripped.startswith(b"before") and b"after" in stripped


def test_wheels_become_one_archive(tmp_path: Path) -> None:
    wheel = tmp_path / "onnxruntime_gpu.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("onnxruntime/capi/libonnxruntime_providers_cuda.so", library())
        archive.writestr("onnxruntime/capi/libonnxruntime_providers_tensorrt.so", b"large")
        archive.writestr("onnxruntime/__init__.py", b"here = True")
    with tarfile.open(fileobj=io.BytesIO(pack([wheel], 90)), mode="r:xz") as tar:
        names = tar.getnames()
    assert names == ["onnxruntime/capi/libonnxruntime_providers_cuda.so", "onnxruntime/__init__.py"]
    with pytest.raises(ValueError, match="no code for sm_100"):
        pack([wheel], 100)


def test_goals_are_judged_by_ratios(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))  # where the command finds its parts
    from gpu.film import Stages  # pyright: ignore[reportMissingImports]
    from gpu.report import EAGER, OURS, PLAIN, Row, goals  # pyright: ignore[reportMissingImports]

    def row(contender: str, seconds: float) -> Any:
        return Row("reference", "720p", contender, seconds, 40.0, None)

    rows = [row(EAGER, 0.030), row(PLAIN, 0.012), row(OURS, 0.010)]
    found = goals(rows, {"720p": Stages(0.002, 0.001, 0.010, 0.020, 0.027)})
    assert [round(goal.measured, 2) for goal in found] == [3.0, 1.2, 1.35]
    assert [goal.met for goal in found] == [True, False, False]
