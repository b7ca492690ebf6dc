"""Optimisation of pixels: it lowers the losses it names, repeatably, and networks are held against it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

from training.extractors.base import CAFFE, Extractor  # noqa: E402
from training.extractors.squeezenet import SqueezeNet  # noqa: E402
from training.gatys import ALLOWED_RATIO, Comparison, Judge, compare  # noqa: E402
from training.paintings import PAINTINGS  # noqa: E402
from training.pictures import from_image  # noqa: E402
from training.settings import LossWeights  # noqa: E402

STYLES = Path(__file__).parents[2] / "styles"


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    with Image.open(STYLES / "starry-night" / "before.jpg") as opened:
        return opened.convert("RGB").resize((128, 128))


@pytest.fixture(scope="module")
def judge() -> Judge:
    """Of a stained glass, by an extractor with random weights: even those tell textures apart."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    extractor: Extractor = SqueezeNet(CAFFE)
    for parameter in extractor.parameters():
        if parameter.dim() == 4:
            torch.nn.init.kaiming_normal_(parameter, nonlinearity="relu")
    painting = from_image(Image.fromarray(PAINTINGS["stained-glass"](192, 1)))
    return Judge(painting, extractor, LossWeights(content=0.05))


def test_a_photo_has_its_own_content_and_not_the_style(judge: Judge, photo: Image.Image) -> None:
    judged = judge.judge(photo, photo)
    assert judged.content == 0
    assert judged.style > 0.05
    assert judge.judge(Image.new("RGB", photo.size, (90, 90, 90)), photo).content > 0.1


def test_optimisation_trades_content_for_style(judge: Judge, photo: Image.Image) -> None:
    optimised = judge.optimise(photo, 6, watch={1, 3})
    assert list(optimised.curve) == [1, 3, 6]
    first, middle, last = optimised.curve.values()
    assert judge.judge(photo, photo).style > first.style > middle.style > last.style
    assert 0 < last.content < 2
    assert optimised.picture.size == photo.size
    assert judge.judge(optimised.picture, photo) == last


def test_optimisation_has_no_chance_in_it(judge: Judge, photo: Image.Image) -> None:
    first, again = (np.asarray(judge.optimise(photo, 2).picture) for _ in range(2))
    assert np.array_equal(first, again)


def test_a_network_is_held_against_it(judge: Judge, photo: Image.Image) -> None:
    found = compare(STYLES / "stained-glass" / "model.onnx", [photo], judge, steps=2)
    assert (found.steps, found.photos) == (2, 1)
    assert found.as_dict()["style_ratio"] == pytest.approx(
        found.network_style / found.optimised_style, abs=1e-4
    )
    with pytest.raises(ValueError, match="at least one photo"):
        compare(STYLES / "stained-glass" / "model.onnx", [], judge)


def test_the_bar_is_the_allowed_ratio() -> None:
    at, above = (Comparison(ratio * 0.25, 1.0, 0.25, 0.8, 300, 2) for ratio in (ALLOWED_RATIO, 1.7))
    assert at.failures() == ()
    assert above.failures() == ("the style loss is 1.70 times that of optimisation, at most 1.6 is allowed",)
    assert above.as_dict()["content_ratio"] == 1.25
