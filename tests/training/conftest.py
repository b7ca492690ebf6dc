"""A training that takes a second: five steps on two noisy gradients, judged by a random network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import ROOT
from training.order import TrainOrder

SMALL = (
    *("net.stem=4", "net.body=8", "net.blocks=1", "net.head=4"),
    *("style_size=144", "crop_size=128", "batch=1", "warmup_steps=1"),
)


@pytest.fixture(scope="module")
def extractor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch  # only here: tests of pictures run without it

    from training.extractors.base import TORCHVISION
    from training.extractors.vgg import Vgg, VggShape

    torch.manual_seed(0)
    network = Vgg(VggShape("narrow", ((4, 4), (6, 6), (8,) * 3, (10,) * 3)), TORCHVISION)
    state = {}
    for index in range(len(network.convolutions)):
        conv = network.conv(index)
        state |= {f"features.{index}.weight": conv.weight, f"features.{index}.bias": conv.bias}
    path = tmp_path_factory.mktemp("extractor") / "narrow.pth"
    torch.save(state, path)
    return path


@pytest.fixture
def order(tmp_path: Path, extractor: Path) -> TrainOrder:
    """Five steps on two noisy gradients, after a third."""
    photos = tmp_path / "photos"
    photos.mkdir()
    random = np.random.default_rng(3)
    for name in ("photos/0.png", "photos/1.png", "painting.png"):
        slope = np.linspace(0, 200, 200)[:, None, None] + 15 * random.standard_normal((200, 230, 3))
        Image.fromarray(slope.clip(0, 255).astype(np.uint8)).save(tmp_path / name)
    (photos / "sources.csv").write_text("file,source,license\n0.png,computed,CC0\n1.png,computed,CC0\n")
    return TrainOrder(
        painting=tmp_path / "painting.png",
        content=(photos,),
        out=tmp_path / "styles" / "small-one",
        styles=ROOT / "styles",
        extractor=extractor,
        steps=4,
        seed=7,
        start_from="none",
        changes=SMALL,
    )
