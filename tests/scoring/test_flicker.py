"""Flicker on clips whose truth is known: pans, noise, occlusions, cuts, repainted stills."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.flicker import (
    FLOOR,
    FlickerScore,
    FlickerTally,
    frame_pairs,
    is_cut,
    pair_flicker,
)
from scoring.flow import RIM, WORKING_SIDE, Picture, at_working_size, estimate_motion, known_motion
from tests.scoring.pans import HEIGHT, WIDTH, Steps, pan, texture, to_bytes


def noisy(frames: Steps, sigma: float, seed: int = 9) -> Steps:
    random = np.random.default_rng(seed)
    return [to_bytes(frame + random.normal(0, sigma, frame.shape)) for frame in frames]


def negative(frame: Picture) -> Picture:
    """A painting that depends on the colour of each pixel alone: it moves exactly as the picture does."""
    return 255 - frame


def score(painted: Steps, originals: Steps) -> FlickerScore:
    tally = FlickerTally()
    for pair in frame_pairs(zip(originals, painted, strict=True)):
        tally.add(pair.flicker)
    assert tally.score is not None
    return tally.score


@pytest.mark.parametrize("step", [(4, 0), (6, 2), (3, 1), (-5, 3)], ids=str)
def test_motion_of_a_pan_is_found(step: tuple[int, int]) -> None:
    earlier, later = pan(2, step)
    found, truth = estimate_motion(earlier, later), known_motion(HEIGHT, WIDTH, step[0] / 2, step[1] / 2)
    followed = found.followed.astype(bool)
    assert found.share > 0.6
    assert np.median(np.abs(found.columns - truth.columns)[followed]) < 0.1
    assert np.median(np.abs(found.rows - truth.rows)[followed]) < 0.1


@pytest.mark.parametrize("step", [(4, 0), (3, 1)], ids=["whole pixels", "half pixels"])
@pytest.mark.parametrize("paint", [np.copy, negative], ids=["copy", "negative"])
def test_what_moves_with_the_picture_is_as_steady_as_the_original(
    step: tuple[int, int], paint: Callable[[Picture], Picture]
) -> None:
    frames = pan(4, step, noise=2.0)
    assert score([paint(frame) for frame in frames], frames).ratio == pytest.approx(1.0, abs=0.02)


def test_a_copy_is_exactly_as_steady_as_its_original() -> None:
    frames = pan(3, (3, 1), noise=2.0)
    assert score(frames, frames).ratio == 1.0


def test_paint_that_moves_with_the_scene_beats_paint_that_sticks_to_the_screen() -> None:
    frames = pan(4, (6, 2), noise=1.0)
    strokes = texture(HEIGHT, WIDTH, seed=3, softness=2) - 128
    glued = [to_bytes(0.6 * frame + 50 + strokes) for frame in frames]
    moving = [
        to_bytes(0.6 * frame + 50 + np.roll(strokes, (-1 * number, -3 * number), (0, 1)))
        for number, frame in enumerate(frames)
    ]
    assert score(moving, frames).ratio < 1.3
    assert score(glued, frames).ratio > 5 * score(moving, frames).ratio


def test_known_motion_of_whole_pixels_measures_exactly() -> None:
    earlier, later = pan(2, (6, 0))
    motion = known_motion(HEIGHT, WIDTH, 3, 0)
    assert motion.share == (WIDTH - 2 * RIM - 3) * (HEIGHT - 2 * RIM) / (WIDTH * HEIGHT)
    same = pair_flicker((earlier, later), (negative(earlier), negative(later)), motion)
    assert same is not None and same.painted == same.original == 0.0
    brighter = (earlier, np.minimum(later, 250) + np.uint8(5))
    moved = pair_flicker((np.minimum(earlier, 250), np.minimum(later, 250)), brighter, motion)
    assert moved is not None and moved.painted == pytest.approx(5.0, abs=0.05) and moved.original == 0.0
    assert moved.ratio == pytest.approx(5.0 / FLOOR, rel=0.01)


def test_a_still_that_is_repainted_at_random_scores_high() -> None:
    still = [pan(1, (0, 0))[0]] * 4
    assert score(noisy(still, 12.0), still).ratio > 20
    assert score(still, still).ratio == 0.0
    camera = noisy(still, 2.0)
    assert score([negative(frame) for frame in camera], camera).ratio == pytest.approx(1.0, abs=0.02)


def test_what_a_moving_square_covers_and_uncovers_is_masked() -> None:
    ground = to_bytes(texture(HEIGHT, WIDTH))
    square = to_bytes(texture(32, 32, seed=8) + 60)
    earlier, later = ground.copy(), ground.copy()
    earlier[30:62, 60:92], later[30:62, 66:98] = square, square
    motion = estimate_motion(earlier, later)
    assert motion.followed[30:62, 60:66].mean() < 0.1  # uncovered: it was nowhere before
    assert motion.followed[12:25, 12:-12].mean() > 0.95  # the ground at rest
    assert motion.followed[36:56, 74:90].mean() > 0.8  # the square itself
    moved = motion.carry(earlier).astype(int)
    assert np.abs(moved - later)[motion.followed == 1].mean() < 1.0


def test_faint_pictures_are_followed_only_where_both_flows_agree() -> None:
    one, other = (to_bytes(128 + (texture(HEIGHT, WIDTH, seed) - 128) / 10) for seed in (1, 2))
    assert estimate_motion(one, other).share < 0.5  # too faint to differ by STEP_LEVELS anywhere
    assert estimate_motion(one, one).share > 0.6


def test_fine_strokes_survive_being_moved_by_half_a_pixel() -> None:
    columns = np.arange(WIDTH, dtype=float)
    waves = [np.cos((columns + shift) * 2 * np.pi / 6) * 100 + 128 for shift in (0.0, 0.5)]
    earlier, later = (to_bytes(np.tile(wave[None, :, None], (HEIGHT, 1, 3))) for wave in waves)
    motion = known_motion(HEIGHT, WIDTH, 0.5, 0.0)
    error = np.abs(motion.carry(earlier).astype(int) - later)[motion.followed == 1]
    assert error.mean() < 3.0  # linear interpolation is off by more than 8


def test_cuts_are_skipped_and_begin_a_shot() -> None:
    first, second = pan(3, (4, 0), noise=1.0), [frame // 3 + 10 for frame in pan(3, (0, 4), noise=1.0)]
    frames = first + second
    pairs = list(frame_pairs(zip(frames, noisy(frames, 4.0), strict=True)))
    assert [pair.cut for pair in pairs] == [False, False, True, False, False]
    assert [pair.flicker is None for pair in pairs] == [False, False, True, False, False]
    assert [pair.first for pair in pairs] == [0, 1, 2, 3, 4]


def test_a_cut_between_shots_of_the_same_colours_cannot_be_followed() -> None:
    one, other = to_bytes(texture(HEIGHT, WIDTH, seed=1)), to_bytes(texture(HEIGHT, WIDTH, seed=2))
    assert not is_cut(one, other)
    assert pair_flicker((one, other), (one, other)) is None


def test_every_nth_pair() -> None:
    frames = pan(6, (4, 0), noise=1.0)
    pairs = list(frame_pairs(zip(frames, frames, strict=True), every=2))
    assert [pair.flicker is not None for pair in pairs] == [True, False, True, False, True]


def test_large_frames_are_compared_at_working_size() -> None:
    big = [np.repeat(np.repeat(frame, 8, 0), 8, 1) for frame in pan(2, (4, 0), noise=2.0)]
    assert at_working_size(big[0]).shape == (WORKING_SIDE * HEIGHT // WIDTH, WORKING_SIDE, 3)
    assert at_working_size(np.zeros((30, 20, 3), np.uint8)).shape == (30, 20, 3)
    assert score(big, big).ratio == 1.0


@pytest.mark.parametrize("shape", [(1, 1), (16, 16), (23, 200), (24, 24), (25, 333)], ids=str)
def test_small_frames_are_measured_or_passed_over(shape: tuple[int, int]) -> None:
    frame = to_bytes(texture(*shape))
    measured = pair_flicker((frame, frame), (frame, frame))
    assert (measured is None) == (min(shape) < 25)


@pytest.mark.parametrize("shape", [(25, 100), (100, 25), (24, 640), (31, 90), (32, 91), (32, 640)], ids=str)
def test_strips_are_measured_quickly_too(shape: tuple[int, int]) -> None:
    """OpenCV ends the process on strips whose coarsest level is smaller than a patch."""
    earlier, later = (np.roll(to_bytes(texture(*shape)), shift, 1) for shift in (0, 1))
    pair_flicker((earlier, later), (negative(earlier), negative(later)), quick=True)
    assert estimate_motion(earlier, later, quick=True).columns.shape == shape


def test_sizes_have_to_agree() -> None:
    small, large = np.zeros((40, 40, 3), np.uint8), np.zeros((40, 48, 3), np.uint8)
    with pytest.raises(ValueError, match="40, 48"):
        pair_flicker((small, small), (small, large))


def test_the_same_call_gives_the_same_numbers() -> None:
    frames = pan(3, (3, 1), noise=2.0)
    assert score(noisy(frames, 3.0), frames) == score(noisy(frames, 3.0), frames)


@settings(max_examples=15, deadline=None)
@given(
    sigma=st.floats(0.5, 20.0),
    more=st.floats(1.5, 3.0),
    step=st.tuples(st.integers(-6, 6), st.integers(-6, 6)),
    seed=st.integers(0, 2**16),
)
def test_more_noise_in_every_frame_never_lowers_flicker(
    sigma: float, more: float, step: tuple[int, int], seed: int
) -> None:
    frames = pan(2, step, noise=1.0)
    grain = np.random.default_rng(seed).normal(0, 1, (2, HEIGHT, WIDTH, 3))
    quiet, loud = (
        [to_bytes(f + g * s) for f, g in zip(frames, grain, strict=True)] for s in (sigma, sigma * more)
    )
    assert score(frames, frames).ratio <= score(quiet, frames).ratio < score(loud, frames).ratio


@settings(max_examples=15, deadline=None)
@given(contrast=st.sampled_from([2, 4]), step=st.tuples(st.integers(-6, 6), st.integers(-6, 6)))
def test_flicker_grows_with_the_contrast_of_what_flickers(contrast: int, step: tuple[int, int]) -> None:
    frames = pan(2, step, noise=1.0)
    marks = np.random.default_rng(4).integers(-15, 16, (2, HEIGHT, WIDTH, 3))
    once = score([to_bytes(128.0 + m) for m in marks], frames)
    scaled = score([to_bytes(128.0 + m * contrast) for m in marks], frames)
    assert scaled.ratio == pytest.approx(contrast * once.ratio, rel=0.02)
