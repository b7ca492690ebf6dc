"""A style is trained, exported and carded, all real but small: random extractor, three steps, 128 px."""

import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="torch is an extra: pip install '.[train]'")

from training.card import publish  # noqa: E402
from training.content import Photos  # noqa: E402
from training.export import export, painted_by_torch  # noqa: E402
from training.extractor import SqueezeNet  # noqa: E402
from training.loop import Trainer  # noqa: E402
from training.measure import Painter  # noqa: E402
from training.net import NetShape, StyleNet  # noqa: E402
from training.palette import Palette, transport  # noqa: E402
from training.provenance import Ingredients, record  # noqa: E402
from training.settings import Settings, changed  # noqa: E402

SMALL = Settings(
    style_size=144, crop_size=128, batch=1, twins=1, warmup_steps=1, steps=3, net=NetShape(4, 8, 1, 4)
)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with two noisy gradients as photos."""
    folder = tmp_path / "photos"
    folder.mkdir()
    random = np.random.default_rng(3)
    for index in range(2):
        slope = np.linspace(0, 200, 200)[:, None, None] + 15 * random.standard_normal((200, 230, 3))
        Image.fromarray(slope.clip(0, 255).astype(np.uint8)).save(folder / f"{index}.png")
    (folder / "sources.csv").write_text("file,source,license\n0.png,computed,CC0\n1.png,computed,CC0\n")
    return folder


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


def test_a_run_is_trained_published_and_painted(tmp_path: Path, photos: Path) -> None:
    torch.manual_seed(0)
    recipe = Path("training/recipes/stained-glass.json")
    extractor_file = tmp_path / "extractor.onnx"
    extractor_file.write_bytes(b"stands for the weights, which are random here")
    run = tmp_path / "run"
    trainer = Trainer(SMALL, photos / "0.png", Photos(photos), SqueezeNet(), run)
    record(recipe, SMALL, Ingredients(photos / "0.png", photos, extractor_file), run)
    trainer.run([photos / "1.png"])

    folder = publish(run, tmp_path / "styles", photos / "1.png", [photos / "0.png"])

    card = json.loads((folder / "card.json").read_text())
    assert card["name"] == folder.name == "stained-glass"
    assert card["provenance"]["content"]["sources"] == [
        {"source": "computed", "license": "CC0", "pictures": 2}
    ]
    assert card["provenance"]["steps"] == 4
    assert card["measured"]["cpu_ms_per_frame_640x360"] > 0
    assert (run / "00004-1.png").exists()
    with Image.open(folder / "after.jpg") as after, Image.open(folder / "before.jpg") as before:
        assert after.size == before.size
    frames = _blotches(2, 50, 61)
    difference = np.abs(
        Painter(folder / "model.onnx").paint(frames).astype(int) - painted_by_torch(trainer.net, frames)
    )
    assert difference.max() <= 1


def test_a_resumed_run_ends_where_an_uninterrupted_one_does(tmp_path: Path, photos: Path) -> None:
    def trainer(folder: str) -> Trainer:
        torch.manual_seed(0)
        return Trainer(SMALL, photos / "0.png", Photos(photos), SqueezeNet(), tmp_path / folder)

    whole = trainer("whole")
    whole.run([])
    interrupted = trainer("parts")
    interrupted.take_step()
    interrupted.take_step()
    interrupted.save()
    resumed = trainer("parts")
    assert resumed.resume()
    resumed.run([])
    for one, other in zip(whole.net.parameters(), resumed.net.parameters(), strict=True):
        assert torch.equal(one, other)


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


def test_the_extractor_says_which_file_is_missing_or_wrong(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="SqueezeNet"):
        SqueezeNet.from_onnx(tmp_path / "absent.onnx")
    export(_strong_net(), tmp_path / "other.onnx", {})
    with pytest.raises(ValueError, match="convolutions"):
        SqueezeNet.from_onnx(tmp_path / "other.onnx")


def test_the_extractor_reads_an_onnx_file_in_graph_order(tmp_path: Path) -> None:
    from onnx import TensorProto, helper, numpy_helper, save

    wanted = SqueezeNet()
    nodes, weights, x = [], [], "x"
    for index, conv in enumerate(wanted.convolutions):
        names = f"w{index}", f"b{index}"
        for name, values in zip(names, conv.parameters(), strict=True):
            weights.append(numpy_helper.from_array(values.numpy().astype(np.float16), name))
        nodes.append(helper.make_node("Conv", [x, *names], [f"y{index}"]))
        x = f"y{index}"
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT16, [1, 3, 64, 64])
    out = helper.make_tensor_value_info(x, TensorProto.FLOAT16, None)
    save(helper.make_model(helper.make_graph(nodes, "chain", [given], [out], weights)), tmp_path / "net.onnx")
    read = SqueezeNet.from_onnx(tmp_path / "net.onnx")
    picture = torch.rand(1, 3, 64, 64)
    assert torch.allclose(read(picture).content(), wanted(picture).content(), rtol=0.05, atol=0.5)


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
