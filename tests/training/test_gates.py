"""The gates: every one is failed by a model built to have its fault, and passed by every style that ships."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from reelbrush.sample import make_sample
from training.gates import (
    LIMITS,
    Gates,
    Picture,
    checkerboard,
    clipped_share,
    flat_patches,
    lattice,
    measure_gates,
)
from training.paintings import PAINTINGS

STYLES = sorted(path.parent for path in (Path(__file__).parents[2] / "styles").glob("*/card.json"))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Picture]:
    """A photo of a face and a frame of the sample film."""
    film = tmp_path_factory.mktemp("film") / "sample.mp4"
    make_sample(film, seconds=1)
    with av.open(film) as file:
        frame = next(file.decode(video=0)).to_ndarray(format="rgb24")
    with Image.open(STYLES[0] / "before.jpg") as photo:
        face = np.array(photo.convert("RGB"))
    return [face, np.asarray(frame, np.uint8)]


Step = tuple[str, Sequence[NDArray[np.float32]], dict[str, Any]]
"""An operator, the constants it takes after the picture (1, 3, H, W), and its attributes."""


def _model(path: Path, steps: Sequence[Step]) -> Path:
    """`frames` -> `stylized` with float planes (0..255) in between; without a step it changes nothing."""
    nodes = [
        helper.make_node("Cast", ["frames"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["float"], ["x0"], perm=[0, 3, 1, 2]),
    ]
    constants = [
        numpy_helper.from_array(np.array(v, np.float32), n) for n, v in (("black", 0), ("white", 255))
    ]
    for index, (operator, values, attributes) in enumerate(steps):
        names = [f"c{index}.{number}" for number in range(len(values))]
        constants += [numpy_helper.from_array(value, name) for value, name in zip(values, names, strict=True)]
        nodes.append(helper.make_node(operator, [f"x{index}", *names], [f"x{index + 1}"], **attributes))
    nodes += [
        helper.make_node("Round", [f"x{len(steps)}"], ["rounded"]),
        helper.make_node("Clip", ["rounded", "black", "white"], ["clipped"]),
        helper.make_node("Transpose", ["clipped"], ["pixels"], perm=[0, 2, 3, 1]),
        helper.make_node("Cast", ["pixels"], ["stylized"], to=TensorProto.UINT8),
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.UINT8, ["N", "H", "W", 3])
        for name in ("frames", "stylized")
    ]
    graph = helper.make_graph(nodes, "faulty", ends[:1], ends[1:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)
    return path


def _pixel_shuffle_bias(period: int, levels: float) -> list[Step]:
    """What a pixel shuffle does whose sub-pixels have different biases; levels: their standard deviation."""
    bias = np.random.default_rng(1).standard_normal((period**2, 1))
    bias = (bias - bias.mean()) / bias.std() * levels
    planes = np.repeat(bias, 3, axis=1).reshape(1, -1, 1, 1).astype(np.float32)
    return [
        ("SpaceToDepth", [], {"blocksize": period}),
        ("Add", [planes], {}),
        ("DepthToSpace", [], {"blocksize": period}),
    ]


def _zero_padded_blur(side: int) -> list[Step]:
    weight = np.zeros((3, 3, side, side), np.float32)
    for channel in range(3):
        weight[channel, channel] = 1 / side**2
    return [("Conv", [weight], {"pads": [side // 2] * 4})]


CONTRAST: list[Step] = [
    ("Mul", [np.full((1, 1, 1, 1), 3, np.float32)], {}),
    ("Sub", [np.full((1, 1, 1, 1), 256, np.float32)], {}),
]


def test_a_model_that_changes_nothing_has_no_fault(tmp_path: Path, pictures: list[Picture]) -> None:
    gates = measure_gates(_model(tmp_path / "same.onnx", []), pictures)
    assert gates.failures() == ()
    assert (gates.border_error, gates.border_shift, gates.clipped) == (0, 0, 0)
    assert gates.flat_lattice < 0.2


@pytest.mark.parametrize(
    ("steps", "failing"),
    [
        (_pixel_shuffle_bias(2, 3.0), {"checkerboard", "flat_lattice"}),
        (_pixel_shuffle_bias(4, 4.0), {"checkerboard", "flat_lattice"}),
        (_pixel_shuffle_bias(2, 0.3), set[str]()),
        (_zero_padded_blur(15), {"border_error", "border_shift"}),
        (_zero_padded_blur(1), set[str]()),
        (CONTRAST, {"clipped"}),
    ],
    ids=["lattice-2", "lattice-4", "unseen-lattice", "dark-rim", "no-rim", "blown"],
)
def test_a_fault_fails_its_own_gate(
    tmp_path: Path, pictures: list[Picture], steps: list[Step], failing: set[str]
) -> None:
    gates = measure_gates(_model(tmp_path / "faulty.onnx", steps), pictures)
    assert {sentence.split()[0] for sentence in gates.failures()} == failing, gates


def test_a_failure_says_by_how_much() -> None:
    gates = Gates(checkerboard=9.5, border_error=0.1, border_shift=float("nan"), clipped=0.1, flat_lattice=0)
    assert gates.failures() == (
        f"checkerboard is 9.5, at most {LIMITS.checkerboard:g} is allowed",
        f"border_shift is nan, at most {LIMITS.border_shift:g} is allowed",
    )


@pytest.mark.parametrize("pictures_given", [[], [np.zeros((100, 400, 3), np.uint8)]])
def test_gates_need_a_large_enough_picture(tmp_path: Path, pictures_given: list[Picture]) -> None:
    with pytest.raises(ValueError, match="at least 192x192"):
        measure_gates(_model(tmp_path / "same.onnx", []), pictures_given)


@pytest.mark.parametrize("name", sorted(PAINTINGS))
@pytest.mark.parametrize("side", [256, 320])
def test_strokes_and_dots_as_fine_as_a_lattice_are_no_lattice(name: str, side: int) -> None:
    assert checkerboard(PAINTINGS[name](side, 1)) < LIMITS.checkerboard / 2


def test_grain_hides_a_lattice_only_while_it_is_stronger() -> None:
    random = np.random.default_rng(1)
    grain = random.normal(128, 30, (256, 256, 3)).clip(0, 255)
    columns = 16 * (np.arange(256)[None, :, None] % 4 == 0)
    assert checkerboard(grain.astype(np.uint8)) < 0.2
    assert checkerboard((grain / 4 + columns).astype(np.uint8)) > 10


def test_a_lattice_is_told_from_the_texture_around_it() -> None:
    random = np.random.default_rng(1)
    grain = random.normal(128, 5, (160, 160, 3))
    grid = np.zeros((160, 160, 1))
    grid[::2, ::2] = 8
    assert lattice(grain.astype(np.uint8)) < 0.5
    assert lattice((grain + grid).astype(np.uint8)) == pytest.approx(8 * np.sqrt(3 / 16), rel=0.05)


def test_clipped_pixels_are_counted_once() -> None:
    picture = np.full((10, 10, 3), 100, np.uint8)
    picture[0, :, 0] = 0
    picture[0, :5, 1] = 255
    picture[1, 0] = 255
    assert clipped_share(picture) == 0.11


def test_flat_patches_are_even_or_as_even_as_a_camera_gets_them() -> None:
    deviations = sorted(float((patch - patch.mean((0, 1))).std()) for patch in flat_patches())
    half = len(deviations) // 2
    assert deviations[half - 1] == 0
    assert 1.9 < deviations[half] <= deviations[-1] < 2.2


@pytest.mark.parametrize("style", STYLES, ids=lambda path: path.name)
def test_a_shipped_style_passes_every_gate(style: Path, pictures: list[Picture]) -> None:
    name = json.loads((style / "card.json").read_text())["name"]
    painting = PAINTINGS[name](512, 1) if name in PAINTINGS else None
    gates = measure_gates(style / "model.onnx", pictures, painting)
    assert gates.failures() == (), gates
