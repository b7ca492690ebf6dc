"""An exported style read back is the network that was exported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch")

from onnx import TensorProto, helper  # noqa: E402

from training.export import export, painted_by_torch  # noqa: E402
from training.net import SIZES, NetShape, StyleNet  # noqa: E402
from training.weights import read_style_net  # noqa: E402


@pytest.mark.parametrize("size", sorted(SIZES))
def test_weights_survive_export_and_reading(size: str, tmp_path: Path) -> None:
    torch.manual_seed(1)
    net = StyleNet(NetShape.preset(size))
    for block in net.blocks:
        block.gain.data.fill_(0.7)
    export(net, tmp_path / "model.onnx", {})
    assert (tmp_path / "model.onnx").stat().st_size < 1_500_000
    found = read_style_net(tmp_path / "model.onnx")
    assert found.shape == net.shape
    for name in ("stem", "down", "up", "paint"):
        given, wanted = getattr(found, name), getattr(net, name)
        assert torch.allclose(given.weight, wanted.weight, atol=1e-5)
        assert torch.allclose(given.bias, wanted.bias, atol=1e-5)
    frames = np.random.default_rng(0).integers(0, 256, (1, 40, 52, 3), dtype=np.uint8)
    difference = painted_by_torch(found, frames).astype(int) - painted_by_torch(net, frames)
    assert np.abs(difference).max() <= 1


def test_any_other_model_is_refused_by_name(tmp_path: Path) -> None:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "g",
        [value],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])],
    )
    onnx.save(helper.make_model(graph), tmp_path / "other.onnx")
    with pytest.raises(ValueError, match=r"other\.onnx is not a style"):
        read_style_net(tmp_path / "other.onnx")
    with pytest.raises(FileNotFoundError):
        read_style_net(tmp_path / "none.onnx")


def test_an_unknown_size_is_named() -> None:
    with pytest.raises(ValueError, match="draft, standard, fine"):
        NetShape.preset("huge")
