"""Any model behind a card's contract paints frames as a numpy reference says, within one level."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from scoring.contract import Contract
from scoring.probe import open_session, probe_picture
from scoring.styles import load_style
from tests.scoring.models import block_model, painted_blocks, save_style

IMAGENET = Contract(
    dtype="float32",
    range=(0.0, 1.0),
    mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225),
    output_range=(-2.2, 2.7),
)
VALUES = {
    "uint8 0..255": Contract(),
    "float32 0..255": Contract(dtype="float32"),
    "float32 0..1": Contract(dtype="float32", range=(0.0, 1.0)),
    "float32 -1..1": Contract(dtype="float32", range=(-1.0, 1.0)),
    "float32 ImageNet": IMAGENET,
    "float16 0..255": Contract(dtype="float16"),
    "float16 0..1": Contract(dtype="float16", range=(0.0, 1.0)),
    "float16 -1..1": Contract(dtype="float16", range=(-1.0, 1.0)),
    "0..1 in, 0..255 out": Contract(dtype="float32", range=(0.0, 1.0), output_range=(0.0, 255.0)),
}
SIZES = {
    "any": {"size_multiple": 1},
    "multiple": {"size_multiple": 8},
    "fixed": {"size_multiple": 4, "fixed_size": (44, 60)},
}


def worst(painted: np.ndarray, wanted: np.ndarray) -> int:
    assert painted.shape == wanted.shape and painted.dtype == np.uint8
    return int(np.abs(painted.astype(int) - wanted).max())


@pytest.mark.parametrize("channels", ["RGB", "BGR"])
@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
@pytest.mark.parametrize("values", VALUES)
def test_values_layouts_and_channel_orders(tmp_path: Path, values: str, layout: str, channels: str) -> None:
    contract = replace(VALUES[values], layout=layout, channels=channels)
    session = open_session(save_style(tmp_path, "blocks", block_model(contract, 13), contract))
    for size in ((37, 53), (1, 1), (2, 90)):
        frames = probe_picture(*size)
        assert worst(session.paint(frames), painted_blocks(frames, contract)) <= 1


@pytest.mark.parametrize(
    ("opset", "size", "layout"), list(product((7, 11, 13, 17, 21), SIZES, ("NHWC", "NCHW")))
)
def test_sizes_in_every_opset(tmp_path: Path, opset: int, size: str, layout: str) -> None:
    contract = replace(
        VALUES["float32 0..1"], input="in", output="frames", layout=layout, channels="BGR", **SIZES[size]
    )
    session = open_session(save_style(tmp_path, "blocks", block_model(contract, opset), contract))
    frames = np.concatenate([probe_picture(44, 60), probe_picture(44, 60)[:, ::-1]])
    assert worst(session.paint(frames), painted_blocks(frames, contract)) <= 1
    if contract.fixed_size is None:
        frames = probe_picture(37, 53)
        assert worst(session.paint(frames), painted_blocks(frames, contract)) <= 1


@pytest.mark.parametrize("output", ["uint8", "float16", "float32"])
def test_output_may_have_another_type_than_the_input(tmp_path: Path, output: str) -> None:
    contract = Contract()
    session = open_session(save_style(tmp_path, "blocks", block_model(contract, 17, output), contract))
    frames = probe_picture()
    # a cast to uint8 inside the model cuts where the edge rounds
    assert worst(session.paint(frames), painted_blocks(frames, contract)) <= 1


@pytest.mark.parametrize("size", [(30, 40), (90, 31), (16, 200), (200, 300), (1, 1), (1, 77)])
def test_a_fixed_size_model_is_letterboxed_and_gives_back_the_size(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    contract = Contract(dtype="float32", layout="NCHW", fixed_size=(48, 64))
    session = open_session(save_style(tmp_path, "blocks", block_model(contract, 13), contract))
    rows, columns = np.mgrid[0 : size[0], 0 : size[1]]
    ramp = 255 * (rows + columns) / max(1, rows.max() + columns.max())
    frames = np.repeat(ramp[None, ..., None], 3, 3).astype(np.uint8)
    painted, wanted = session.paint(frames), painted_blocks(frames, replace(contract, fixed_size=None))
    assert painted.shape == frames.shape
    # scaling down and up again blurs; a ramp stays a ramp, its ends bend by less than a box pixel's step
    step = 255 / min(48, 64) * 2
    assert np.abs(painted.astype(int) - wanted).max() <= step
    assert np.abs(painted.astype(int) - wanted).mean() <= 3


def test_identity_is_exact_at_every_size() -> None:
    session = open_session(load_style("identity"))
    for size in ((1, 1), (5, 7), (36, 64)):
        frames = np.random.default_rng(1).integers(0, 256, (3, *size, 3), np.uint8)
        assert np.array_equal(session.paint(frames), frames)


def test_a_model_for_pairs_of_frames_paints_single_ones(tmp_path: Path) -> None:
    contract = Contract(dtype="float32")
    model = block_model(contract, 13)
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 2
    session = open_session(save_style(tmp_path, "pairs", model, contract))
    assert session.frames_per_call == 2
    frames = probe_picture()
    assert worst(session.paint(frames), painted_blocks(frames, contract)) <= 1
