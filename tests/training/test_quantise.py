"""The int8 variant: near the float model, really computed in int8, entered in the card, repeatable."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from click.testing import CliRunner
from PIL import Image

from reelbrush.job import BatchState, Options
from scoring.batch import RunSettings, run_batch
from scoring.cpu_options import session_options
from scoring.mpi import Rank
from scoring.probe import open_session, probe_picture
from scoring.stop import StopRequest
from scoring.styles import load_style
from tests.scoring.jobs import make_clip, prepare
from training.__main__ import main
from training.digest import sha256
from training.measure import Painter
from training.quantise import VARIANT, Int8, colour_card, distances, drop_variant, quantise

STYLE = sorted(path.parent for path in (Path(__file__).parents[2] / "styles").glob("*/card.json"))[0]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two photographs, each also mirrored."""
    folder = tmp_path_factory.mktemp("pictures")
    with Image.open(STYLE / "before.jpg") as photo:
        waves = Image.fromarray(probe_picture(200, 300)[0])
        for index, picture in enumerate((photo.convert("RGB"), waves)):
            picture.save(folder / f"{index}.png")
            picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / f"{index}-mirrored.png")
    return folder


@pytest.fixture(scope="module")
def quantised(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> tuple[Path, Int8]:
    folder = tmp_path_factory.mktemp("styles") / STYLE.name
    shutil.copytree(STYLE, folder)
    (folder / VARIANT).unlink(missing_ok=True)
    return folder, quantise(folder, pictures, ranges=("minmax",))


def test_the_card_tells_the_truth(quantised: tuple[Path, Int8]) -> None:
    folder, made = quantised
    entry = json.loads((folder / "card.json").read_text())["variants"]["int8"]
    assert entry["sha256"] == made.sha256 == sha256(folder / VARIANT)
    assert entry["psnr_db"] >= entry["psnr_db_worst"] >= 30
    assert (folder / VARIANT).stat().st_size < 600_000
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        {*(path.name for path in STYLE.iterdir()), VARIANT}
    )


def test_the_product_opens_it(quantised: tuple[Path, Int8]) -> None:
    folder, made = quantised
    style = load_style(folder.name, folder.parent).in_precision("int8")
    assert style.card.model.sha256 == made.sha256
    for size in ((72, 104), (33, 61), (1, 1)):
        assert open_session(style, "cpu").paint(probe_picture(*size)).shape == (1, *size, 3)
    reference = Painter(folder / "model.onnx")
    assert 25 < distances(reference, Painter(folder / VARIANT), [probe_picture(180, 240)])[0] < 60


def test_all_of_it_runs_on_whole_numbers(quantised: tuple[Path, Int8], tmp_path: Path) -> None:
    folder, _ = quantised
    options = session_options()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    ort.InferenceSession(folder / VARIANT, options, providers=["CPUExecutionProvider"])
    nodes = Counter(node.op_type for node in onnx.load(tmp_path / "optimised.onnx").graph.node)
    blocks = nodes["QLinearAdd"]
    assert blocks == 4 and nodes["QLinearConv"] == 2 * blocks + 4
    assert not {"Conv", "QuantizeLinear", "DequantizeLinear", "Cast", "Clip"} & set(nodes)
    # A convolution wants its channels last, and finds them so: two transpositions are the picture's own.
    assert nodes["Transpose"] <= 2


@pytest.mark.parametrize("size", [(33, 61), (90, 134), (5, 7), (1, 1)])
def test_it_paints_what_the_float_model_paints_up_to_the_rim(
    quantised: tuple[Path, Int8], size: tuple[int, int]
) -> None:
    folder, _ = quantised
    picture = photograph(size)
    assert distances(Painter(folder / "model.onnx"), Painter(folder / VARIANT), [picture])[0] > 30


def photograph(size: tuple[int, int]) -> np.ndarray:
    """A part of a photograph, (1, *size, 3)."""
    with Image.open(STYLE / "before.jpg") as photo:
        return np.asarray(photo.convert("RGB"))[None, : size[0], : size[1]].copy()


def test_a_tile_equals_the_same_place_of_the_whole_frame(quantised: tuple[Path, Int8]) -> None:
    painter = Painter(quantised[0] / VARIANT)
    frames = probe_picture(200, 260)
    tile = painter.paint(np.ascontiguousarray(frames[:, 40:200, 60:220]))
    inside = (slice(None), slice(48, -48), slice(48, -48))
    assert np.array_equal(tile[inside], painter.paint(frames)[:, 40:200, 60:220][inside])


def test_a_frame_is_painted_alike_alone_and_in_a_batch(quantised: tuple[Path, Int8]) -> None:
    painter = Painter(quantised[0] / VARIANT)
    frames = np.concatenate([probe_picture(50, 61), 255 - probe_picture(50, 61)])
    assert np.array_equal(painter.paint(frames)[1], painter.paint(frames[1:])[0])


def test_any_number_of_threads_paints_the_same(quantised: tuple[Path, Int8]) -> None:
    painted: list[bytes] = []
    for threads in (1, 2):
        options = session_options()
        options.intra_op_num_threads = threads
        session = ort.InferenceSession(quantised[0] / VARIANT, options, providers=["CPUExecutionProvider"])
        found = session.run(["stylized"], {"frames": probe_picture(180, 320)})[0]
        painted.append(np.asarray(found).tobytes())
    assert painted[0] == painted[1]


def test_segments_do_not_depend_on_threads(quantised: tuple[Path, Int8], tmp_path: Path) -> None:
    make_clip(tmp_path / "clip.mp4", 24, 96, 64)
    hashes: list[list[str | None]] = []
    for threads in (1, 2):
        home = tmp_path / str(threads)
        home.mkdir()
        prepared = prepare(home, tmp_path / "clip.mp4", quantised[0].name, options=Options(precision="int8"))
        settings = RunSettings(threads=threads, providers="cpu", styles=quantised[0].parent)
        run = prepared.request()
        progress = run_batch(prepared.store, prepared.job.id, run, settings, Rank(), StopRequest(1))
        assert progress.state is BatchState.DONE, progress.error
        hashes.append(prepared.page_hashes())
        assert json.loads(prepared.page_path(0).read_text())["versions"]["model"] == quantised[1].sha256
    assert hashes[0] == hashes[1] != [None, None]


def test_it_can_be_taken_back(quantised: tuple[Path, Int8], tmp_path: Path) -> None:
    folder = tmp_path / STYLE.name
    shutil.copytree(quantised[0], folder)
    drop_variant(folder)
    assert not (folder / VARIANT).exists()
    assert "variants" not in json.loads((folder / "card.json").read_text())
    drop_variant(folder)


def test_a_poor_variant_is_not_written(quantised: tuple[Path, Int8], tmp_path: Path, pictures: Path) -> None:
    folder = tmp_path / STYLE.name
    shutil.copytree(quantised[0], folder)
    with pytest.raises(ValueError, match=r"is [34]\d\.\d dB from the float model .* 70 dB are needed"):
        quantise(folder, pictures, ranges=("minmax",), least_psnr_db=70)
    assert not (folder / VARIANT).exists()
    assert "variants" not in json.loads((folder / "card.json").read_text())


@pytest.mark.slow
def test_the_command_tries_all_ranges(quantised: tuple[Path, Int8], tmp_path: Path, pictures: Path) -> None:
    folder = tmp_path / STYLE.name
    shutil.copytree(STYLE, folder)
    told = CliRunner().invoke(main, ["quantise", str(folder), "--calibration", str(pictures)])
    assert told.exit_code == 0, told.output
    assert "dB from float" in told.output and (folder / VARIANT).is_file()


def test_what_is_missing_is_told(tmp_path: Path, pictures: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no model\.onnx"):
        quantise(tmp_path, pictures)
    (tmp_path / "few").mkdir()
    shutil.copy(pictures / "0.png", tmp_path / "few")
    with pytest.raises(FileNotFoundError, match=r"1 pictures .* 4 are needed"):
        quantise(STYLE, tmp_path / "few")


def test_the_colour_card_has_the_purest_colours() -> None:
    assert colour_card().shape == (1, 208, 320, 3)
    assert {tuple(pixel) for pixel in colour_card()[0, 0]} >= {(255, 0, 0), (0, 255, 0), (255, 255, 255)}
