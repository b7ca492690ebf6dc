"""Decoded sound counted in samples; what a damaged source lost is silent, not made up for by later sound."""

from __future__ import annotations

from fractions import Fraction

from av.audio.frame import AudioFrame

from reelbrush.media.repair import longest_leap

FLAC_BLOCK = 4608  # samples per packet; the encoder takes no shorter block but the last


class SampleLine:
    """Lays decoded frames end to end, except where the source's times say that sound is missing."""

    def __init__(self, sample: Fraction) -> None:
        """`sample`: seconds per sample, of the source as of the output."""
        self._sample = sample
        self._position: int | None = None  # of the next sample
        self._shift = 0  # samples by which a clock that started anew is set right
        self._laid = 0  # samples so far, silence included

    def place(self, frame: AudioFrame) -> list[AudioFrame]:
        """Return `frame` at its time in samples, after the silence that leads up to it.

        A gap of at most one tick of the source is rounding. Of a longer one, only what fills the encoder's
        block becomes silent samples; the rest is left out of the track, which players take for silence too. A
        clock that starts anew goes on where the old one ended.
        """
        tick = frame.time_base or self._sample
        time = None if frame.pts is None else round(frame.pts * tick / self._sample)
        if self._position is None:
            self._position = time or 0
        placed: list[AudioFrame] = []
        gap = 0 if time is None else time + self._shift - self._position
        if gap <= -1 / self._sample or gap > longest_leap(tick) * tick / self._sample:
            self._shift -= gap  # the clock started anew
            gap = 0
        if gap > tick / self._sample + 1:
            filled = min(gap, -self._laid % FLAC_BLOCK)
            if filled:
                placed.append(self._laid_down(_silence(frame, filled)))
            self._position += gap - filled
        return [*placed, self._laid_down(frame)]

    def _laid_down(self, frame: AudioFrame) -> AudioFrame:
        assert self._position is not None
        frame.pts, frame.time_base = self._position, self._sample
        self._position += frame.samples
        self._laid += frame.samples
        return frame


def _silence(like: AudioFrame, samples: int) -> AudioFrame:
    frame = AudioFrame(like.format, like.layout, samples)
    frame.sample_rate = like.sample_rate
    zero = b"\x80" if like.format.name.startswith("u8") else b"\0"
    for plane in frame.planes:
        plane.update(zero * plane.buffer_size)
    return frame
