"""Gates: faults that a style must not have, each a number measured on what the model paints.

checkerboard    a lattice left by the up-sampling: its power at its periods over all power beside them;
border_error    how far the rim of a frame differs from the same place painted with more around it;
border_shift    the same difference summed with its sign: a dark, bright or tinted frame around the picture;
clipped         pixels driven to black or full in some channel that neither the photo nor the painting has;
flat_lattice    a pattern tied to the pixel grid where the photo shows an even wall or sky.

Everything is measured on what a viewer gets, 8 bit pictures, so any model can be held against it.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.measure import Painter

Picture = NDArray[np.uint8]
"""(H, W, 3) uint8 RGB."""

Paint = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
"""Frames (N, H, W, 3) uint8 RGB -> the same shape."""

BLOCK = 64
"""Side in px of the blocks whose spectra are averaged; the up-sampling's frequencies, 1/4 and 1/2 per pixel,
are whole numbers of waves in it."""

NEIGHBOURS = range(3, 8)
"""Distances, in frequencies of a block, at which a peak's surroundings are read: a pure wave spreads over two
to either side (Hann window)."""

UNSEEN = 0.5
"""Standard deviation in levels of a lattice that nobody sees; weaker ones are not counted."""

UNSEEN_POWER = UNSEEN**2 * (BLOCK / 1.5) ** 2 / 2
"""Its power in the spectrum: a wave of standard deviation s has s^2 times half the window's (sum of w)^2 /
(sum of w^2), which for the Hann window is (BLOCK / 1.5)^2."""

RIM = 8
"""Width in px of the rim that is compared."""

CROP = 96
"""Side in px of the crops cut from a picture to look at their rims."""

AROUND = 48
"""Least number of px that the larger picture shows around a crop: more than these networks can see."""

CROP_STEP = 24
"""Distance in px between crops."""

LEAST_SIDE = CROP + 2 * AROUND
"""Smallest picture, in px, that gates are measured on."""

PERIOD = 8
"""Period in px of the grid that flat patches are folded to; patterns of periods 2 and 4 are among its own."""

FLATS = (
    (20, 20, 20),
    (70, 70, 70),
    (128, 128, 128),
    (190, 190, 190),
    (235, 235, 235),
    (120, 170, 220),
    (200, 150, 120),
    (60, 110, 50),
)
"""Even colours: greys, sky, skin, grass."""

FLAT_SIDE = 256
FLAT_NOISE = 2.0
"""Standard deviation in levels of the sensor noise on the flat patches: no camera delivers an even wall."""


@dataclass(frozen=True)
class Gates:
    """What was measured, rounded to three decimals; of checkerboard, clipped and flat_lattice the worst.

    checkerboard: ratio of powers, near 0 when there is no lattice. border_error, border_shift:
    fractions of the painting's own contrast. clipped: share of the pixels, 0..1. flat_lattice: levels of
    0..255 (standard deviation).
    """

    checkerboard: float
    border_error: float
    border_shift: float
    clipped: float
    flat_lattice: float

    def failures(self, limits: "Gates | None" = None) -> tuple[str, ...]:
        """One sentence for every number above its limit (inclusive); empty when the style passes."""
        allowed = asdict(limits or LIMITS)
        return tuple(
            f"{name} is {value:g}, at most {allowed[name]:g} is allowed"
            for name, value in asdict(self).items()
            if not value <= allowed[name]
        )

    def as_dict(self) -> dict[str, float]:
        """The numbers by name, for a card."""
        return asdict(self)


LIMITS = Gates(checkerboard=2.0, border_error=0.75, border_shift=0.2, clipped=0.1, flat_lattice=1.5)
"""What a shipped style may have at most. Networks without and with the fault were seen to measure:
checkerboard 0.02 to 1.6 and 2.5 to 8, flat_lattice 0.4 to 1.0 and 2.4 to 5.5. A shift of a quarter of the
contrast is plainly seen as a frame, one of a seventh is not.
"""


def measure_gates(model: Path, pictures: Sequence[Picture], painting: Picture | None = None) -> Gates:
    """Measure an exported style (`frames` -> `stylized`, uint8 NHWC); see :func:`gates_of`."""
    return gates_of(Painter(model).paint, pictures, painting)


def gates_of(paint: Paint, pictures: Sequence[Picture], painting: Picture | None = None) -> Gates:
    """Measure whatever paints frames.

    pictures: photos, at least one, each at least LEAST_SIDE px high and wide. painting: what the style was
    learned from, if its own share of clipped pixels is to be allowed.
    Raises ValueError when there is no picture or one is too small.
    """
    if not pictures or any(min(picture.shape[:2]) < LEAST_SIDE for picture in pictures):
        raise ValueError(f"gates need at least one picture, each at least {LEAST_SIDE}x{LEAST_SIDE} px")
    painted = [_one(paint, picture) for picture in pictures]
    pairs = list(zip(pictures, painted, strict=True))
    error, shift = border(paint, pairs)
    allowed = 0.0 if painting is None else clipped_share(painting)
    lattices = [checkerboard(after) / max(1.0, checkerboard(before)) for before, after in pairs]
    clipped = [clipped_share(after) - max(allowed, clipped_share(before)) for before, after in pairs]
    inside = slice(AROUND, -AROUND)
    flats = [lattice(_one(paint, patch)[inside, inside]) for patch in flat_patches()]
    numbers = (max(lattices), error, shift, max(0.0, *clipped), max(flats))
    return Gates(*(round(float(number), 3) for number in numbers))


def checkerboard(picture: Picture) -> float:
    """Largest ratio of a lattice's power at an up-sampling frequency to all power beside it; the picture is
    at least BLOCK px high and wide.

    Periods 2 and 4 px, across, along and both. A lattice keeps its phase from block to block, so its power is
    that of the mean wave, in which strokes of the same period cancel out. Beside it means the median over
    NEIGHBOURS along the row or along the column of the spectrum, whichever is larger, as texture hides a
    lattice, plus UNSEEN_POWER.
    """
    waves = _waves(picture)
    power = np.square(np.abs(waves)).mean((0, 1))
    locked = np.square(np.abs(waves.mean(1))).mean(0)
    beside = np.array([*NEIGHBOURS, *(-step for step in NEIGHBOURS)])
    quarter, half = BLOCK // 4, BLOCK // 2
    ratios: list[float] = []
    for row in (0, quarter, half, -quarter):
        for column in (0, quarter, half):
            if row == column == 0:
                continue
            along_row = np.median(power[row, (column + beside) % BLOCK])
            along_column = np.median(power[(row + beside) % BLOCK, column])
            ratios.append(float(locked[row, column] / (max(along_row, along_column) + UNSEEN_POWER)))
    return max(ratios)


def _waves(picture: Picture) -> NDArray[np.complex128]:
    """(3, blocks, BLOCK, BLOCK) transforms of the channels' half-overlapping windowed blocks, scaled so that
    white noise of standard deviation s has a mean power of s squared.
    """
    window = np.hanning(BLOCK + 1)[:-1]
    window = np.outer(window, window)
    window /= np.sqrt(np.square(window).sum())
    planes = picture.astype(np.float32).transpose(2, 0, 1)
    views = np.lib.stride_tricks.sliding_window_view(planes, (BLOCK, BLOCK), axis=(1, 2))
    blocks = views[:, :: BLOCK // 2, :: BLOCK // 2].reshape(3, -1, BLOCK, BLOCK)
    return np.fft.fft2((blocks - blocks.mean((-1, -2), keepdims=True)) * window)


def border(paint: Paint, pairs: Sequence[tuple[Picture, Picture]]) -> tuple[float, float]:
    """Error and shift of the rim of crops of pictures, against the same pixels in the whole painted picture.

    pairs: each a picture and the same painted. error = mean |crop - whole| over the rim of RIM px / contrast;
    shift = the largest over channels and the four sides of |mean (crop - whole)| / contrast; contrast = mean
    |whole - its mean|. What lies beyond the border cannot be known, so some error is right, but it must have
    no sign. The same at the middle of the crops, nothing for a network without statistics over the frame, is
    taken off.
    """
    found = [_differences(paint, picture, painted) for picture, painted in pairs]
    stack = np.concatenate(found)
    wholes = [painted.astype(np.float32) for _, painted in pairs]
    contrast = max(1.0, float(np.mean([np.abs(whole - whole.mean((0, 1))).mean() for whole in wholes])))
    core = slice(CROP // 2 - RIM, CROP // 2 + RIM)
    middle = stack[:, core, core]
    sides = (stack[:, :RIM], stack[:, -RIM:], stack[:, :, :RIM], stack[:, :, -RIM:])
    error = float(np.mean([np.abs(side).mean() for side in sides])) - float(np.abs(middle).mean())
    everywhere = middle.mean((0, 1, 2))
    shift = max(float(np.abs(side.mean((0, 1, 2)) - everywhere).max()) for side in sides)
    return max(0.0, error) / contrast, shift / contrast


def _differences(paint: Paint, picture: Picture, painted: Picture) -> NDArray[np.float32]:
    """(n, CROP, CROP, 3) crops of a picture, painted, minus the same place of the whole."""
    rows, columns = (
        range(AROUND, side - CROP - AROUND + 1, CROP_STEP) for side in (picture.shape[0], picture.shape[1])
    )
    places = [(slice(top, top + CROP), slice(left, left + CROP)) for top in rows for left in columns]
    crops = [_one(paint, picture[place]) - painted[place].astype(np.float32) for place in places]
    return np.stack(crops)


def clipped_share(picture: Picture) -> float:
    """Share (0..1) of the pixels of which a channel is 0 or 255."""
    return float(((picture == 0) | (picture == 255)).any(-1).mean())


def lattice(patch: Picture) -> float:
    """Standard deviation in levels of what repeats every PERIOD px; the patch is (H, W, 3), of an even colour
    but for its texture, H and W at least PERIOD.
    """
    height, width = (side // PERIOD * PERIOD for side in patch.shape[:2])
    cells = patch[:height, :width].reshape(height // PERIOD, PERIOD, width // PERIOD, PERIOD, 3)
    repeated = cells.mean((0, 2))
    return float((repeated - repeated.mean((0, 1))).std())


def flat_patches() -> list[Picture]:
    """(FLAT_SIDE, FLAT_SIDE, 3) each: every colour of FLATS, even, and again with sensor noise."""
    noise = np.random.default_rng(0).normal(0, FLAT_NOISE, (FLAT_SIDE, FLAT_SIDE, 3))
    shape = np.zeros((FLAT_SIDE, FLAT_SIDE, 1))
    patches = [shape + colour + grain for colour in FLATS for grain in (0 * noise, noise)]
    return [patch.round().clip(0, 255).astype(np.uint8) for patch in patches]


def _one(paint: Paint, picture: Picture) -> Picture:
    return paint(np.ascontiguousarray(picture)[None])[0]
