"""From a source's frames to those of the output: one style or two, their mix, colour and strength."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from reelbrush.errors import StyleError
from reelbrush.job import Job
from scoring.blend import WHOLE, blend, recolour, weight_of
from scoring.fade import Fade, fade_of
from scoring.gpu import CPU, device_of
from scoring.opening import open_sparing
from scoring.providers import paints_on_cuda
from scoring.session import Frames
from scoring.sparing import SparingSession
from scoring.styles import FLOAT, Style, load_style


@dataclass(frozen=True)
class Repainter:
    """Repaints frames as the options of one job say; `paint` may be called by several threads at once."""

    first: SparingSession | None  # None where no frame has a share of the style
    second: SparingSession | None
    fade: Fade
    strength: int  # 0..256 inclusive: weight of the painting against the source
    preserve_color: bool
    origin: dict[str, str]  # versions of the runtime, its provider and the models, and the device

    @property
    def versions(self) -> dict[str, str]:
        """What makes the bytes now: `origin`, and what lack of memory has changed so far."""
        return self.origin | {
            name: note
            for session in (self.first, self.second)
            if session is not None
            for name, note in session.notes.items()
        }

    @property
    def frames_per_call(self) -> int:
        """Frames to give to one `paint`, >= 1."""
        return max((session.frames_per_call for session in (self.first, self.second) if session), default=1)

    @property
    def streams(self) -> int:
        """Threads that have to paint at the same time for the device to be busy, >= 1."""
        return max((session.streams for session in (self.first, self.second) if session), default=1)

    def paint(self, frames: Frames, ticks: Sequence[int]) -> Frames:
        """Return `frames` (N, H, W, 3) uint8 repainted, same shape; `ticks` are their N presentation times.

        A style of which no frame of the call has a share is not run. With strength 0 the very array `frames`
        is returned, which is never changed. Raises what `StyleSession.paint` raises.
        """
        if self.strength == 0:
            return frames
        painted = self._mixed(frames, [self.fade.weight(tick) for tick in ticks])
        if self.preserve_color:
            painted = recolour(frames, painted)
        return painted if self.strength == WHOLE else blend(frames, painted, self.strength)

    def _mixed(self, frames: Frames, weights: Sequence[int]) -> Frames:
        if max(weights) == 0:
            return _run(self.first, frames)
        second = _run(self.second, frames)
        if min(weights) == WHOLE:
            return second
        first = _run(self.first, frames)
        pairs = enumerate(weights)
        return np.concatenate([blend(first[i : i + 1], second[i : i + 1], weight) for i, weight in pairs])


def open_repainter(
    job: Job, styles: Path, providers: str, *, time_base: Fraction, first_tick: int, frames: int = 0
) -> Repainter:
    """Return what paints the frames of `job`; both its styles have to exist, even one that is not run.

    `styles` is the folder of styles, `providers` as in StyleSession, `time_base` seconds per tick of the
    frames' times, `first_tick` the time of the video's first frame, `frames` of one call of a model, 0 for
    what suits the device. Raises StyleError when a style is unknown, its model breaks its contract, or the
    job's precision cannot be had.
    """
    options = job.options
    fade = fade_of(options, time_base, first_tick)
    strength = weight_of(options.strength)
    first = _load(job.style, styles, options.precision, providers)
    second = _load(options.mix, styles, options.precision, providers) if options.mix is not None else None
    paints = strength > 0
    first_session = open_sparing(first, providers, frames) if paints and not fade.always_whole else None
    second_session = open_sparing(second, providers, frames) if paints and second and not fade.never else None
    models = [style.card.model.sha256 for style in (first, second) if style is not None]
    versions = {"provider": "none", "model": "+".join(models)}
    device = CPU
    for session in (first_session, second_session):
        if session is not None:
            versions |= {"onnxruntime": session.runtime_version, "provider": session.provider}
            device = device_of(session.provider)
    if device != CPU:
        versions["device"] = device
    return Repainter(first_session, second_session, fade, strength, options.preserve_color, versions)


def _load(name: str, styles: Path, precision: str, providers: str) -> Style:
    style = load_style(name, styles).in_precision(precision)
    if precision != FLOAT and paints_on_cuda(providers):
        raise StyleError(
            f"style {name}: {precision} is for CPUs and slower than {FLOAT} on CUDA",
            advice=f"Use precision {FLOAT}",
        )
    return style


def _run(session: SparingSession | None, frames: Frames) -> Frames:
    assert session is not None  # a style that has a share of a frame was opened
    return session.paint(frames)
