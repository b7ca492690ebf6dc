"""What a style costs and how steady it is, measured on the exported model with onnxruntime on one thread."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from scoring.cpu_options import session_options
from training.image_file import read_picture

Frame = NDArray[np.uint8]
"""(H, W, 3) uint8 RGB."""

PAN = 3
"""Pixels that the picture moves between the two frames of the steadiness test, in both directions."""

NOISE = 2.0
"""Standard deviation of the sensor noise in the steadiness test, in levels of 0..255."""


@dataclass(frozen=True)
class Measured:
    """cpu_ms_per_frame_640x360: CPU milliseconds of one thread, fastest of several frames.

    pan_rmse: RMS difference (levels of 0..255) of a painted frame, moved, from the painted moved noisy frame;
    pan_relative: the same divided by the RMS of the painting's fine detail, comparable between styles;
    noise_gain: RMS change of the painting divided by the RMS change of the frame, for noise of 2 levels.
    """

    cpu_ms_per_frame_640x360: float
    pan_rmse: float
    pan_relative: float
    noise_gain: float

    def as_dict(self) -> dict[str, float]:
        """The four numbers by name."""
        return asdict(self)


class Paints(Protocol):
    """Whatever paints frames."""

    def paint(self, frames: NDArray[np.uint8], /) -> NDArray[np.uint8]:
        """(N, H, W, 3) uint8 -> the same shape."""
        ...


class Painter:
    """An exported style, on one thread, as scoring has it."""

    def __init__(self, model: Path) -> None:
        self._session = ort.InferenceSession(model, session_options(), providers=["CPUExecutionProvider"])

    def paint(self, frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(N, H, W, 3) uint8 -> the same shape."""
        return np.asarray(self._session.run(["stylized"], {"frames": frames})[0])


def measure(model: Path, photos: list[Path], repeats: int = 8) -> Measured:
    """Time the model at 640x360 and look how steady it paints the photos (at least one, 200 px or larger)."""
    painter = Painter(model)
    (milliseconds,) = cpu_times((painter,), np.asarray(_photo(photos[0])), repeats)
    rows = np.array([_steadiness(painter, np.asarray(_photo(path))) for path in photos])
    rmse, relative, gain = (float(value) for value in rows.mean(axis=0))
    return Measured(milliseconds, round(rmse, 2), round(relative, 3), round(gain, 2))


def cpu_times(painters: Sequence[Paints], frame: Frame, rounds: int = 8) -> tuple[float, ...]:
    """CPU milliseconds of one thread for the frame at 640x360, fastest of `rounds`; painters take turns."""
    picture = np.asarray(Image.fromarray(frame).resize((640, 360)))[None]
    times: list[list[float]] = [[] for _ in painters]
    for _ in range(rounds):
        for painter, own in zip(painters, times, strict=True):
            started = time.thread_time()
            painter.paint(picture)
            own.append(time.thread_time() - started)
    return tuple(round(1000 * min(own), 1) for own in times)


def _photo(path: Path) -> Image.Image:
    photo = read_picture(path)
    photo.thumbnail((640, 640))
    return photo


def _steadiness(painter: Painter, photo: Frame) -> tuple[float, float, float]:
    noise = np.random.default_rng(0).normal(0, NOISE, photo.shape)
    noisy = (photo + noise).round().clip(0, 255).astype(np.uint8)
    height, width = photo.shape[0] - PAN, photo.shape[1] - PAN
    first = _one(painter, photo[:height, :width])
    second = _one(painter, noisy[PAN:, PAN:])
    rim = 16
    moved = _rms(first[PAN + rim : -rim, PAN + rim : -rim], second[rim : -PAN - rim, rim : -PAN - rim])
    blurred = np.asarray(Image.fromarray(first).filter(ImageFilter.GaussianBlur(3)))
    gain = _rms(_one(painter, noisy), _one(painter, photo)) / _rms(noisy, photo)
    return moved, moved / _rms(first, blurred), gain


def _one(painter: Painter, frame: Frame) -> Frame:
    return painter.paint(np.ascontiguousarray(frame)[None])[0]


def _rms(a: Frame, b: Frame) -> float:
    return float(np.sqrt(np.square(a.astype(np.float32) - b).mean()))
