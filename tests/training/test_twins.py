"""The steadiness term is nothing for a painter that moves with the picture, and more for any other."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from training.content import Pair  # noqa: E402
from training.settings import Settings  # noqa: E402
from training.twins import Motion, Shift, draw_lesson  # noqa: E402


def _wide(size: int) -> torch.Tensor:
    rows, columns = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    return torch.stack([torch.sin(rows / 9), torch.cos(columns / 7), torch.sin((rows + columns) / 11)])[None]


@pytest.mark.parametrize(("down", "right"), [(0, 0), (3, -5), (-8, 8)])
def test_a_shifted_twin_that_is_painted_alike_costs_nothing(down: int, right: int) -> None:
    wide = _wide(144)
    here = wide[:, :, 8:136, 8:136]
    there = wide[:, :, 8 + down : 136 + down, 8 + right : 136 + right]
    assert Shift(down, right).distance(here, there) == 0
    assert Shift(down, right).distance(here, there + 0.1) == pytest.approx(0.01, rel=1e-4)


def test_a_moved_frame_is_brought_back_along_the_flow() -> None:
    wide = _wide(144)
    here, there = wide[:, :, 8:136, 8:136], wide[:, :, 6:134, 5:133]
    flow = torch.tensor([3.0, 2.0]).view(1, 2, 1, 1).expand(1, 2, 128, 128)
    mask = torch.zeros(1, 1, 128, 128)
    mask[:, :, 8:120, 8:120] = 1
    assert Motion(flow, mask).distance(here, there) < 1e-8
    assert Motion(-flow, mask).distance(here, there) > 0.01


class _Content:
    def __init__(self, pair: Pair | None) -> None:
        self._pair = pair

    def crops(
        self, count: int, size: int, random: np.random.Generator, recolour: bool = True
    ) -> torch.Tensor:
        return torch.from_numpy(random.random((count, 3, size, size), dtype=np.float32))

    def pair(self, size: int, random: np.random.Generator) -> Pair | None:
        return self._pair


def test_photos_give_made_twins_and_a_film_gives_its_own() -> None:
    settings = Settings(crop_size=128, batch=2)
    frame = torch.rand(3, 128, 128)
    film = _Content(Pair(frame, frame, torch.zeros(2, 128, 128), torch.ones(1, 128, 128)))
    kinds = {type(draw_lesson(film, settings, np.random.default_rng(k)).relation) for k in range(12)}
    assert kinds == {Shift, Motion}
    lesson = draw_lesson(_Content(None), settings, np.random.default_rng(0))
    assert lesson.photos.shape == (2, 3, 128, 128) and lesson.twins.shape == (1, 3, 128, 128)


def test_a_lesson_depends_on_its_random_numbers_alone() -> None:
    settings = Settings(crop_size=128)
    first, second = (draw_lesson(_Content(None), settings, np.random.default_rng(5)) for _ in range(2))
    assert torch.equal(first.twins, second.twins)
