"""Imported styles in int8: near the float model or refused, really in int8, the same bytes on every call."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from scoring.check.pictures import scene
from scoring.cpu_options import session_options
from scoring.probe import open_session, probe_picture
from scoring.styles import load_style
from tests.training.test_import_style import random_net, saved
from training.__main__ import main
from training.digest import sha256
from training.fast_neural_style.checkpoint import read_checkpoint
from training.fast_neural_style.graph import build
from training.imported.cells import on_cells
from training.imported.moving import channels_behind
from training.imported.qdq import Range
from training.imported.quantise import quantise_imported
from training.quantise import VARIANT


def network(path: Path) -> onnx.ModelProto:
    """Of 16 and more channels, its last kernels blurred, since white noise is no picture to compare."""
    net = random_net((16, 24, 32), blocks=2)
    with torch.no_grad():
        last = net.deconv3.conv2d.weight
        last.copy_(last.mean((2, 3), keepdim=True).expand_as(last))
    return build(read_checkpoint(saved(net, path / "net.pth")), {})


@pytest.fixture(scope="module")
def style(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder `styles/painted` with the network, as `import-style` writes it."""
    home = tmp_path_factory.mktemp("imported")
    folder = home / "styles" / "painted"
    folder.mkdir(parents=True)
    onnx.save(network(home), folder / "model.onnx")
    card = {"name": "painted", "model": {"file": "model.onnx", "sha256": sha256(folder / "model.onnx")}}
    (folder / "card.json").write_text(json.dumps(card))
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for number, (height, width) in enumerate(((72, 104), (72, 104), (61, 90), (96, 80))):
        Image.fromarray(scene(height, width)[0][:, :: (-1) ** number]).save(folder / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def quantised(style: Path, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("quantised") / style.name
    shutil.copytree(style, folder)
    done = CliRunner().invoke(main, ["quantise", str(folder), "--calibration", str(pictures)])
    assert done.exit_code == 0, done.output
    assert "dB from float" in done.output
    return folder


def test_the_product_paints_with_it_near_the_float_model(quantised: Path) -> None:
    entry = json.loads((quantised / "card.json").read_text())["variants"]["int8"]
    assert entry["sha256"] == sha256(quantised / VARIANT) and entry["psnr_db"] >= 35
    both = load_style("painted", quantised.parent)
    frames = scene(90, 131)
    first, second = (open_session(both.in_precision(name)).paint(frames) for name in ("float32", "int8"))
    error = np.square(first.astype(float) - second).mean()
    assert first.std() > 20 and 0 < error < 255**2 / 10**3


def test_all_convolutions_but_the_first_are_in_int8(quantised: Path, tmp_path: Path) -> None:
    options = session_options()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    ort.InferenceSession(quantised / VARIANT, options, providers=["CPUExecutionProvider"])
    graph = onnx.load(tmp_path / "optimised.onnx").graph
    nodes = Counter(node.op_type for node in graph.node)
    assert nodes["QLinearConv"] == 9 and nodes["Conv"] == 1
    assert nodes["Relu"] == 1, "quantising does what a ReLU does, but for one whose values are added later"


def test_any_number_of_threads_paints_the_same(quantised: Path) -> None:
    painted: list[bytes] = []
    for threads in (1, 2):
        options = session_options()
        options.intra_op_num_threads = threads
        session = ort.InferenceSession(quantised / VARIANT, options, providers=["CPUExecutionProvider"])
        found = session.run(["stylized"], {"frames": probe_picture(180, 320)})[0]
        painted.append(np.asarray(found).tobytes())
    assert painted[0] == painted[1]


def test_on_cells_the_same_picture(style: Path) -> None:
    model = onnx.load(style / "model.onnx")
    cells = on_cells(model)
    assert any(node.op_type == "SpaceToDepth" for node in cells.graph.node)
    frames = probe_picture(61, 90)
    painted = [
        ort.InferenceSession(m.SerializeToString(), providers=["CPUExecutionProvider"]).run(
            None, {"frames": frames}
        )[0]
        for m in (model, cells)
    ]
    apart = np.abs(np.asarray(painted[0]).astype(int) - painted[1])
    assert apart.max() <= 1 and np.mean(apart > 0) < 1e-3


def test_channels_of_different_strength_do_not_share_a_scale() -> None:
    """What a norm follows has all bytes for each of its channels, however small its values are."""
    found = Range(*np.array([[-100, 0, 5, 0], [100, 2, 7, 1e-6]], np.float32))
    gain, offset, scale = found.spread(np.array([0, 1, 2, 3]))
    assert gain[:3].tolist() == [1, 100, 100] and 255 * scale == pytest.approx(200)
    for end in (found.low, found.high):
        assert ((end + offset) * gain)[:3] / scale == pytest.approx(
            [0] * 3 if end is found.low else [255] * 3
        )
    assert gain[3] == 1000, "a still channel is not made noise of"
    shared, _, _ = found.spread(np.array([0, 1, 0, 1]))
    assert shared[0] == shared[2] and shared[1] == shared[3]


def test_channels_are_followed_through_a_pixel_shuffle() -> None:
    for mode, wanted in (("DCR", [0, 1, 2] * 4), ("CRD", [0] * 4 + [1] * 4 + [2] * 4)):
        shuffle = onnx.helper.make_node("DepthToSpace", ["x"], ["y"], blocksize=2, mode=mode)
        found = channels_behind([shuffle], {}, 12)
        assert found is not None and found.tolist() == wanted
    mixing = onnx.helper.make_node("SpaceToDepth", ["x"], ["y"], blocksize=2)
    assert channels_behind([mixing], {}, 3) is None


def test_too_far_from_float_is_refused_with_the_number(
    quantised: Path, pictures: Path, tmp_path: Path
) -> None:
    folder = tmp_path / quantised.name
    shutil.copytree(quantised, folder)
    with pytest.raises(ValueError, match=r"in int8 is [345]\d\.\d dB from the float model.* 90 and 30 dB"):
        quantise_imported(folder, pictures, least_psnr_db=90)
    assert not (folder / VARIANT).exists()
    assert "variants" not in json.loads((folder / "card.json").read_text())


def test_a_refusal_tells_of_the_nearest_variant(
    quantised: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / quantised.name
    shutil.copytree(quantised, folder)
    trials = iter([[33.0, 20.0], [31.5, 31.5], [34.5, 29.5], [31.0, 31.0], [28.0, 28.0], [27.0, 27.0]])

    def distances(*_painted: object) -> list[float]:
        return next(trials)

    monkeypatch.setattr("training.imported.quantise.distances", distances)
    with pytest.raises(ValueError, match=r"is 32\.0 dB from the float model, 29\.5 dB on its worst"):
        quantise_imported(folder, pictures)


def test_what_is_no_video_is_told_without_a_traceback(quantised: Path, tmp_path: Path) -> None:
    folder = tmp_path / quantised.name
    shutil.copytree(quantised, folder)
    (tmp_path / "clip.mp4").write_bytes(b"no video")
    done = CliRunner().invoke(main, ["quantise", str(folder), "--calibration", str(tmp_path / "clip.mp4")])
    assert done.exit_code == 1 and done.output.startswith("Error: ")
    assert (folder / VARIANT).exists()


def test_what_cannot_gain_is_refused(tmp_path: Path, pictures: Path) -> None:
    folder = tmp_path / "thin"
    folder.mkdir()
    onnx.save(build(read_checkpoint(saved(random_net(), tmp_path / "net.pth")), {}), folder / "model.onnx")
    card = {"name": "thin", "model": {"file": "model.onnx", "sha256": sha256(folder / "model.onnx")}}
    (folder / "card.json").write_text(json.dumps(card))
    (tmp_path / "few").mkdir()
    with pytest.raises(FileNotFoundError, match="0 frames, 4 are needed"):
        quantise_imported(folder, tmp_path / "few")
    with pytest.raises(FileNotFoundError, match=r"no model\.onnx"):
        quantise_imported(tmp_path / "few", pictures)
