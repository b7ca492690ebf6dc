"""Real runs of the command line, in processes of their own."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.media import ffmpeg

Reelbrush = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def reelbrush(tmp_path: Path) -> Reelbrush:
    """Run the command in `tmp_path` and return what it printed."""

    def run(*arguments: str | Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "reelbrush", *map(str, arguments)]
        environment = {**os.environ, "REELBRUSH_POLL_SECONDS": "0.2"}
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=timeout
        )

    return run


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 frames, 96x64, one key frame in every 90, with a tone."""
    path = tmp_path_factory.mktemp("long") / "clip.mp4"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=size=96x64:rate=25:duration=24",
        "-f", "lavfi", "-i", "sine=frequency=440:duration=24",
        "-c:v", "libx264", "-preset", "veryfast", "-g", "90", "-pix_fmt", "yuv420p", "-c:a", "aac", str(path),
    )  # fmt: skip
    return path


@pytest.fixture(scope="session")
def slow_model() -> bytes:
    """An ONNX model that gives back its frames after a good many convolutions."""
    return convolutions(24)


@pytest.fixture
def slow_style(tmp_path: Path, slow_model: bytes) -> Path:
    """A styles folder `tmp_path/styles` with the style `slow`."""
    return save_slow_style(tmp_path / "styles", slow_model)


def save_slow_style(styles: Path, slow_model: bytes) -> Path:
    """Put the style `slow` into a styles folder and return that folder."""
    folder = styles / "slow"
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(slow_model)
    card = {
        "name": "slow",
        "title": "Slow",
        "description": "Gives back its input after a while.",
        "version": 1,
        "model": {"file": "model.onnx", "sha256": hashlib.sha256(slow_model).hexdigest()},
        "contract": {
            "input": "frames",
            "output": "stylized",
            "layout": "NHWC",
            "channels": "RGB",
            "dtype": "uint8",
            "range": [0, 255],
            "mean": None,
            "std": None,
            "size_multiple": 1,
            "fixed_size": None,
            "output_range": [0, 255],
        },
        "license": "MIT",
        "provenance": {},
    }
    (folder / "card.json").write_text(json.dumps(card))
    return styles


def convolutions(layers: int, channels: int = 24) -> bytes:
    """Make a model that gives back its frames after so many convolutions; 12 take some ms a small frame."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    eye = np.zeros((channels, channels, 3, 3), np.float32)
    eye[range(channels), range(channels), 1, 1] = 1
    names = ["first", *(f"w{layer}" for layer in range(layers)), "last"]
    weights = [eye[:, :3], *[eye] * layers, eye[:3]]
    nodes = [
        helper.make_node("Cast", ["frames"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["f"], ["c0"], perm=[0, 3, 1, 2]),
        *(
            helper.make_node("Conv", [f"c{at}", name], [f"c{at + 1}"], kernel_shape=[3, 3], pads=[1] * 4)
            for at, name in enumerate(names)
        ),
        helper.make_node("Transpose", [f"c{len(names)}"], ["z"], perm=[0, 2, 3, 1]),
        helper.make_node("Cast", ["z"], ["stylized"], to=TensorProto.UINT8),
    ]
    shape = ["n", "h", "w", 3]
    graph = helper.make_graph(
        nodes,
        "slow",
        [helper.make_tensor_value_info("frames", TensorProto.UINT8, shape)],
        [helper.make_tensor_value_info("stylized", TensorProto.UINT8, shape)],
        [
            numpy_helper.from_array(np.ascontiguousarray(weight), name)
            for weight, name in zip(weights, names, strict=True)
        ],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(made)
    return made.SerializeToString()
