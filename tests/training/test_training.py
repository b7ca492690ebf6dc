"""The network, its export and its palette: what the product runs is what was trained."""

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

torch = pytest.importorskip("torch", reason="torch is an extra: pip install '.[train]'")

from training.export import export, painted_by_torch  # noqa: E402
from training.measure import Painter  # noqa: E402
from training.net import NetShape, StyleNet  # noqa: E402
from training.palette import Palette, transport  # noqa: E402
from training.settings import changed  # noqa: E402


def _blotches(count: int, height: int, width: int) -> np.ndarray:
    random = np.random.default_rng(0)
    small = random.integers(0, 256, (count, height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
    return np.ascontiguousarray(small.repeat(8, 1).repeat(8, 2)[:, :height, :width])


def _strong_net(shape: NetShape | None = None) -> StyleNet:
    """Random weights, scaled so that the output uses the whole range."""
    torch.manual_seed(0)
    net = StyleNet(shape)
    torch.nn.init.normal_(net.paint.weight, std=0.05)
    return net


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 5, 7), (2, 91, 133), (3, 64, 64)])
def test_the_exported_graph_is_the_network_at_any_size(tmp_path: Path, shape: tuple[int, int, int]) -> None:
    net = _strong_net()
    export(net, tmp_path / "model.onnx", {"title": "test"})
    frames = _blotches(*shape)
    painted = Painter(tmp_path / "model.onnx").paint(frames)
    assert painted.shape == frames.shape and painted.dtype == np.uint8
    assert np.abs(painted.astype(int) - painted_by_torch(net, frames)).max() <= 1


def test_a_tile_equals_the_same_place_of_the_whole_frame(tmp_path: Path) -> None:
    assert NetShape().reach() <= 48
    export(_strong_net(), tmp_path / "model.onnx", {})
    painter = Painter(tmp_path / "model.onnx")
    frames = _blotches(1, 200, 260)
    # Tiles begin at multiples of the network's stride.
    tile = painter.paint(np.ascontiguousarray(frames[:, 40:200, 60:220]))
    whole = painter.paint(frames)
    inside = (slice(None), slice(48, -48), slice(48, -48))
    assert np.array_equal(tile[inside], whole[:, 40:200, 60:220][inside])


def test_a_frame_is_painted_alike_alone_and_in_a_batch(tmp_path: Path) -> None:
    export(_strong_net(), tmp_path / "model.onnx", {})
    painter = Painter(tmp_path / "model.onnx")
    frames = _blotches(3, 40, 44)
    assert np.array_equal(painter.paint(frames)[1], painter.paint(frames[1:2])[0])


def test_the_graph_is_what_a_scoring_node_expects(tmp_path: Path) -> None:
    export(_strong_net(), tmp_path / "model.onnx", {"license": "MIT"})
    session = ort.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    given, painted = session.get_inputs()[0], session.get_outputs()[0]
    assert (given.name, given.type, given.shape) == ("frames", "tensor(uint8)", ["N", "H", "W", 3])
    assert (painted.name, painted.type) == ("stylized", "tensor(uint8)")
    assert session.get_modelmeta().custom_metadata_map == {"license": "MIT"}


def test_the_transport_gives_one_cloud_the_covariance_of_the_other() -> None:
    generator = torch.Generator().manual_seed(1)
    photos = torch.rand(3, 4000, generator=generator, dtype=torch.float64)
    mixing = torch.tensor([[0.3, 0.1, 0.0], [0.1, 0.2, 0.1], [0.0, 0.1, 0.25]], dtype=torch.float64)
    painting = mixing @ torch.rand(3, 4000, generator=generator, dtype=torch.float64) + 0.2
    moved = transport(photos, painting) @ photos
    # The variance floor keeps a grey painting invertible and costs this much.
    assert torch.allclose(torch.cov(moved), torch.cov(painting), atol=2e-4)


def test_shadows_and_highlights_get_the_painting_s_colours() -> None:
    grey = torch.linspace(0, 1, 2400).repeat(3, 1)
    share = torch.linspace(0, 1, 2400)
    blue, yellow = torch.tensor([[0.1], [0.1], [0.4]]), torch.tensor([[0.9], [0.9], [0.5]])
    palette = Palette.between(grey, blue * (1 - share) + yellow * share)
    painted = palette.apply(torch.tensor([0.0, 1.0]).expand(1, 3, 1, 2))[0, :, 0]
    assert torch.allclose(painted, torch.cat([blue, yellow], 1), atol=0.03)
    tinted = palette.apply(torch.tensor([0.9, 0.1, 0.1]).view(1, 3, 1, 1))[0, :, 0, 0]
    assert tinted[0] > palette.apply(torch.full((1, 3, 1, 1), 0.34))[0, 0, 0, 0]


def test_settings_are_changed_by_name_and_refused_with_a_reason() -> None:
    settings = changed(("steps=7", "weights.content=0.5", "net.body=24"))
    assert (settings.steps, settings.weights.content, settings.net.body) == (7, 0.5, 24)
    for wrong in ("nothing=1", "weights.nothing=1", "steps=many", "crop_size=50", "elsewhere.steps=1"):
        with pytest.raises(ValueError):
            changed((wrong,))
