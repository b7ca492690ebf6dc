"""A short film to try the product on: a bay in evening light, a sailing boat, birds and a quiet tune.

It is computed here: nothing is downloaded, no third party holds a right in it, and the same call writes the
same pictures and the same sound.
"""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from numpy.typing import NDArray

WIDTH, HEIGHT = 640, 360
FRAME_RATE = Fraction(25)
SOUND_RATE = 48_000
"""Samples of sound per second."""

HORIZON = 206
"""First row of water."""

SUN = (452.0, 118.0)
"""Centre of the sun: x, y in pixels."""

NOTES = (57, 64, 69, 72, 67, 76, 74, 69, 60, 67, 72, 76, 79, 74, 72, 67)
"""The tune, as MIDI note numbers; it begins again after the last one."""

NOTE_SECONDS = 0.5

Plane = NDArray[np.float32]
"""(rows, columns) numbers."""

Picture = NDArray[np.float32]
"""(rows, columns, 3) RGB in 0..255."""

Colour = tuple[int, int, int]
"""RGB in 0..255."""


def make_sample(path: Path, seconds: int = 5) -> None:
    """Write the film as MP4: 640x360, 25 frames per second, H.264, with stereo AAC sound of 48 kHz.

    seconds: length, at least 1. Raises ValueError for a shorter one and OSError when the file cannot be
    written.
    """
    if seconds < 1:
        raise ValueError(f"a sample of {seconds} seconds: give at least 1")
    scene = _Scene(seconds)
    sound = _tune(seconds)
    with av.open(path, "w", format="mp4", options={"movflags": "+faststart"}) as file:
        # One thread, so that the same film has the same bytes everywhere.
        options = {"preset": "veryfast", "crf": "19", "threads": "1"}
        video = file.add_stream("libx264", rate=FRAME_RATE, options=options)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.codec_context.colorspace = Colorspace.ITU709
        video.codec_context.color_range = ColorRange.MPEG
        video.codec_context.color_primaries = ColorPrimaries.BT709
        video.codec_context.color_trc = ColorTrc.BT709
        audio = file.add_stream("aac", rate=SOUND_RATE, layout="stereo")
        step = SOUND_RATE // FRAME_RATE
        for index in range(int(seconds * FRAME_RATE)):
            frame = av.VideoFrame.from_ndarray(scene.frame(index), format="rgb24").reformat(
                format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
            )
            frame.pts, frame.time_base = index, 1 / FRAME_RATE
            file.mux(video.encode(frame))
            heard = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(sound[:, index * step : (index + 1) * step]),
                format="fltp",
                layout="stereo",
            )
            heard.sample_rate, heard.pts, heard.time_base = SOUND_RATE, index * step, Fraction(1, SOUND_RATE)
            file.mux(audio.encode(heard))
        file.mux(video.encode(None))
        file.mux(audio.encode(None))


def sample_picture() -> NDArray[np.uint8]:
    """Return the film's first picture: (HEIGHT, WIDTH, 3) uint8 RGB, the same on every call."""
    return _Scene(1).frame(0)


class _Scene:
    """All that does not change from frame to frame, computed once; `frame` puts it together."""

    def __init__(self, seconds: int) -> None:
        random = np.random.default_rng(1889)
        frames = int(seconds * FRAME_RATE)
        self._sky = _sky()
        y, x = np.mgrid[:HORIZON, :WIDTH].astype(np.float32)
        # The clouds in front of the sun are thin: they hide a tenth of it.
        self._sun = 0.9 * np.clip(20.5 - np.hypot(x - SUN[0], y - SUN[1]), 0, 1)
        self._clouds = _clouds(frames, random)
        self._ranges = [
            _Hills(168, 22, (118, 128, 170), (198, 176, 190), 0.12, frames, random, rough=0.3),
            _Hills(186, 20, (62, 96, 118), (170, 170, 128), 0.30, frames, random, rough=0.7),
            _Hills(200, 15, (28, 66, 44), (176, 178, 74), 0.62, frames, random, rough=1.4),
        ]
        self._water = _Water()

    def frame(self, index: int) -> NDArray[np.uint8]:
        """The picture number `index`: (HEIGHT, WIDTH, 3) uint8 RGB."""
        land = self._sky.copy()
        colour, cover = _moved(self._clouds, 0.45 * index)
        _lay_over(land, colour, cover)
        _lay_over(land, (255, 250, 222), self._sun)
        for hills in self._ranges:
            hills.draw(land, index)
        picture = np.concatenate([land, self._water.draw(land, index)])
        _birds(picture, index)
        _boat(picture, (190 + 0.9 * index) % (WIDTH + 80) - 40, HORIZON + 10 + 1.2 * float(np.sin(index / 9)))
        return picture.clip(0, 255).astype(np.uint8)


def _noise(rows: int, columns: int, cell: float, octaves: int, random: np.random.Generator) -> Plane:
    """Fractal value noise of mean 0 and spread 1; `cell`: size of the largest features in pixels."""
    total = np.zeros((rows, columns), np.float32)
    for octave in range(octaves):
        size = max(cell / 2**octave, 1.5)
        grid = random.standard_normal((int(rows / size) + 3, int(columns / size) + 3)).astype(np.float32)
        y, x = np.arange(rows, dtype=np.float32) / size, np.arange(columns, dtype=np.float32) / size
        top, left = y.astype(int), x.astype(int)
        down, right = _eased(y - top)[:, None], _eased(x - left)[None, :]
        upper = grid[top][:, left] * (1 - right) + grid[top][:, left + 1] * right
        lower = grid[top + 1][:, left] * (1 - right) + grid[top + 1][:, left + 1] * right
        total += (upper * (1 - down) + lower * down) * np.float32(0.55**octave)
    return (total - total.mean()) / total.std()


def _eased(fraction: Plane) -> Plane:
    return fraction * fraction * (3 - 2 * fraction)


def _mix(dark: Picture | Colour, light: Picture | Colour, share: Plane) -> Picture:
    """Colours between two, share 0 (dark) to 1 (light) per pixel."""
    low, high = np.asarray(dark, np.float32), np.asarray(light, np.float32)
    return (low + (high - low) * share[..., None]).astype(np.float32)


def _moved(wide: tuple[Picture, Plane], distance: float) -> tuple[Picture, Plane]:
    """The WIDTH columns of a wide layer from `distance` on, between pixels where it is no whole number."""
    first, part = int(distance), np.float32(distance % 1)
    colour, cover = (layer[:, first : first + WIDTH + 1] for layer in wide)
    moved = colour[:, :-1] + (colour[:, 1:] - colour[:, :-1]) * part
    return moved.astype(np.float32), (cover[:, :-1] + (cover[:, 1:] - cover[:, :-1]) * part).astype(
        np.float32
    )


def _lay_over(picture: Picture, colour: Picture | Colour, cover: Plane) -> None:
    """Paint on the picture in place; cover 0 (nothing) to 1 (all) per pixel."""
    picture += (np.asarray(colour, np.float32) - picture) * cover[..., None]


def _sky() -> Picture:
    y, x = np.mgrid[:HORIZON, :WIDTH].astype(np.float32)
    high = (y / HORIZON) ** 0.85
    sky = _mix(_mix((52, 98, 178), (150, 186, 216), np.minimum(high * 1.7, 1)), (255, 214, 150), high**2.2)
    away = np.hypot(x - SUN[0], y - SUN[1])
    _lay_over(sky, (255, 226, 150), 0.75 * np.exp(-away / 70))
    return sky


def _blurred(row: Plane) -> Plane:
    bell = np.hanning(27)[1:-1] / 13
    return np.convolve(np.pad(row, 12, mode="edge"), bell, mode="valid").astype(np.float32)


def _clouds(frames: int, random: np.random.Generator) -> tuple[Picture, Plane]:
    columns = WIDTH + frames + 2
    # Stretched, because clouds near the horizon are seen from the side.
    beyond = 5
    shape = _noise(HORIZON + beyond, columns // 2 + 6, 52, 5, random).repeat(2, axis=1)
    lit = np.clip(0.55 + 2.4 * (shape[beyond:, :columns] - shape[:-beyond, 6 : columns + 6]), 0, 1)
    shape = shape[beyond:, :columns]
    height = np.linspace(0, 1, HORIZON, dtype=np.float32)[:, None]
    cover = np.clip((shape - 0.25 + 0.5 * np.sin(height * 9)) * 1.1, 0, 1) * np.clip(1.25 - height, 0, 1)
    veil = _noise(HORIZON, columns // 8 + 2, 18, 4, random).repeat(8, axis=1)[:, :columns]
    veil = 0.30 * np.clip(0.35 + 0.5 * np.apply_along_axis(_blurred, 1, veil), 0, 1)
    cover = np.maximum(cover * 0.9, veil).astype(np.float32)
    return _mix((150, 132, 168), (255, 238, 214), lit), cover


class _Hills:
    """One range of hills: a ridge line, woods on its slopes, light from the sun's side."""

    def __init__(
        self,
        crest: int,
        rise: int,
        dark: Colour,
        light: Colour,
        speed: float,
        frames: int,
        random: np.random.Generator,
        rough: float,
    ) -> None:
        columns = WIDTH + int(speed * frames) + 3
        ridge = (
            crest
            - rise * _noise(1, columns, 170, 3, random)[0] * 0.6
            - rough * _noise(1, columns, 7, 2, random)[0]
        )
        self._top = max(0, int(ridge.min()) - 1)
        y = np.arange(self._top, HORIZON, dtype=np.float32)[:, None]
        relief = _noise(HORIZON - self._top, columns, 34, 5, random)
        slope = relief - np.roll(relief, (2, -2), (0, 1))
        woods = _noise(HORIZON - self._top, columns, 5, 2, random) * rough
        share = np.clip(0.45 + 0.8 * slope + 0.10 * woods - 0.012 * (y - ridge), 0, 1)
        self._layer = (
            _mix(dark, light, share.astype(np.float32)),
            np.clip(y - ridge + 0.5, 0, 1).astype(np.float32),
        )
        self._speed = speed

    def draw(self, land: Picture, index: int) -> None:
        """Paint the range on the land of frame number `index`."""
        _lay_over(land[self._top :], *_moved(self._layer, self._speed * index))


class _Water:
    """The bay: the land upside down, broken by waves that get larger towards the viewer."""

    def __init__(self) -> None:
        rows = HEIGHT - HORIZON
        self._y, self._x = np.mgrid[:rows, :WIDTH].astype(np.float32)
        near = self._y + 5
        depth = 900 / near
        sideways = (self._x - WIDTH / 2) / near
        self._waves = [
            (depth * 2.6 + sideways * 2.0, 0.33, 1.0),
            (depth * 1.5 - sideways * 4.2, 0.21, 0.9),
            (depth * 4.4 + sideways * 7.0, 0.40, 0.6),
            (depth * 0.7 + sideways * 9.5, 0.27, 0.7),
            (depth * 3.1 - sideways * 14.0, 0.46, 0.45),
        ]
        self._height = 1.2 + 0.055 * self._y
        self._clear = np.clip(0.86 - 0.0036 * self._y, 0, 1)
        self._below_sun = np.exp(-((self._x - SUN[0]) ** 2) / (2 * (16 + 0.42 * self._y) ** 2))

    def draw(self, land: Picture, index: int) -> Picture:
        """(HEIGHT - HORIZON, WIDTH, 3): the water of frame number `index` below that land."""
        wave = np.zeros_like(self._y)
        for phase, speed, size in self._waves:
            wave += np.float32(size) * np.sin(phase + np.float32(speed * index))
        rows = HORIZON - 1 - (self._y * 1.15 + wave * self._height * 1.5)
        columns = self._x + wave * self._height * 0.8
        mirrored = land[rows.clip(0, HORIZON - 1).astype(np.intp), columns.clip(0, WIDTH - 1).astype(np.intp)]
        water = _mix((16, 62, 96), (70, 140, 156), np.clip(0.5 + 0.24 * wave, 0, 1))
        _lay_over(water, mirrored * np.float32(0.92), self._clear)
        crest = np.clip(wave - 0.9, 0, 1)
        _lay_over(water, (255, 232, 170), crest * self._below_sun * 0.95)
        _lay_over(water, (196, 220, 226), np.clip(wave - 1.5, 0, 1) * 0.4)
        return water


def _polygon(
    picture: Picture, corners: list[tuple[float, float]], colour: Colour, strength: float = 1
) -> None:
    """Paint a convex polygon, corners (x, y) clockwise on the screen, with soft edges."""
    xs, ys = zip(*corners, strict=True)
    left, right = max(0, int(min(xs)) - 1), min(WIDTH, int(max(xs)) + 3)
    top, bottom = max(0, int(min(ys)) - 1), min(len(picture), int(max(ys)) + 3)
    if left >= right or top >= bottom:
        return
    y, x = np.mgrid[top:bottom, left:right].astype(np.float32)
    inside = np.full(y.shape, np.float32(strength))
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        distance = ((x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)) / max(
            float(np.hypot(x1 - x0, y1 - y0)), 1e-6
        )
        inside = np.minimum(inside, np.clip(distance + 0.5, 0, 1) * np.float32(strength))
    area = picture[top:bottom, left:right]
    _lay_over(area, colour, inside)


def _boat(picture: Picture, x: float, y: float) -> None:
    for flip, strength in ((-1, 0.45), (1, 1.0)):
        parts: list[tuple[list[tuple[float, float]], tuple[int, int, int]]] = [
            ([(-3, -62), (28, -10), (-3, -9)], (250, 240, 220)),
            ([(-6, -54), (-6, -9), (-25, -9)], (226, 108, 64)),
            ([(-5, -66), (-3, -66), (-3, -4), (-5, -4)], (74, 52, 44)),
            ([(-31, -7), (37, -7), (25, 5), (-22, 5)], (112, 50, 40)),
            ([(-31, -7), (37, -7), (35, -5), (-29, -5)], (238, 214, 170)),
        ]
        for corners, colour in parts:
            shape = [(x + dx, y + 5 + flip * (dy - 5) * (1.0 if flip > 0 else 0.8)) for dx, dy in corners]
            _polygon(picture, shape if flip > 0 else shape[::-1], colour, strength)


def _birds(picture: Picture, index: int) -> None:
    for number, (x, y, size) in enumerate(((250, 70, 9), (282, 84, 7), (226, 92, 6), (312, 66, 6))):
        x0, y0 = (x + 20 - 1.3 * index) % (WIDTH + 40) - 20, y + 3 * np.sin(index / 14 + number)
        lift = size * 0.75 * np.sin(index * 0.55 + 1.7 * number)
        for side in (-1, 1):
            tip = (x0 + side * size, y0 - lift)
            wing = [(x0, y0 - 1.1), tip, (x0, y0 + 1.3)]
            _polygon(picture, wing if side > 0 else wing[::-1], (44, 40, 60))


def _tune(seconds: int) -> Plane:
    """(2, samples) stereo sound in -1..1: plucked notes over a slow chord, faded in and out."""
    count = seconds * SOUND_RATE
    sound = np.zeros((2, count + 3 * SOUND_RATE), np.float32)
    ring = np.arange(2 * SOUND_RATE, dtype=np.float32) / SOUND_RATE
    for number in range(int(seconds / NOTE_SECONDS)):
        note = NOTES[number % len(NOTES)]
        pitch = 440 * 2 ** ((note - 69) / 12)
        overtones = sum(
            np.sin(2 * np.pi * pitch * k * ring) * np.exp(-ring * (1.6 + 1.3 * k)) / k**1.6
            for k in range(1, 6)
        )
        pluck = np.asarray(overtones, np.float32) * np.minimum(ring / 0.008, 1)
        start = int(number * NOTE_SECONDS * SOUND_RATE)
        right = 0.5 + 0.3 * np.sin(number * 1.9)
        sound[0, start : start + len(ring)] += pluck * np.float32(1 - right)
        sound[1, start : start + len(ring)] += pluck * np.float32(right)
    sound = sound[:, :count]
    time = np.arange(count, dtype=np.float32) / SOUND_RATE
    for note in (45, 52, 57, 60):
        pitch = 440 * 2 ** ((note - 69) / 12)
        sound += 0.06 * np.sin(2 * np.pi * pitch * time) * (1 + 0.3 * np.sin(2 * np.pi * 0.21 * time + note))
    fade = np.minimum(1, np.minimum(time / 0.3, (seconds - time) / 0.6))
    return (0.32 * sound * fade).astype(np.float32)
