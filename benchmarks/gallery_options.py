"""One strip of pictures for each option that changes how a style is laid over the film."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gallery_runs import Studio
from gallery_scenes import FRAME_RATE, Scene
from gallery_sheets import Cell, sheet
from PIL import Image

from scoring.flow import Picture

FADE_FRAMES = 6
"""Pictures in the strip of a fade."""


@dataclass(frozen=True)
class OptionStrips:
    """Shown with the first style, on the second scene where there is one; the second style is mixed in."""

    studio: Studio
    scenes: Sequence[Scene]  # at least one
    originals: Sequence[Picture]  # the scenes' middle frames
    painted: Mapping[str, Sequence[Picture]]  # the same by style, at least one

    def all(self) -> Iterator[tuple[str, str, Image.Image]]:
        """Paint and yield each strip: file name, what it shows, picture."""
        number = min(1, len(self.scenes) - 1)
        scene, original = self.scenes[number], self.originals[number]
        first, *others = self.painted
        second = others[0] if others else "identity"
        whole = self.painted[first][number]
        other = self.painted[second][number] if others else original
        base = ("--style", first)

        cells = [Cell(self._one(scene, *base, "--strength", share), share) for share in ("0", "0.5")]
        yield (
            "strength.jpg",
            f"`--style {first} --strength` 0, 0.5 and 1:",
            _strip([*cells, Cell(whole, "1")]),
        )

        kept = Cell(self._one(scene, *base, "--preserve-color"), "--preserve-color")
        row = [Cell(original, "original"), Cell(whole, first), kept]
        yield "preserve-color.jpg", f"`--style {first} --preserve-color`:", _strip(row)

        mixed = Cell(self._one(scene, *base, "--mix", second), "half of each")
        row = [Cell(whole, first), mixed, Cell(other, second)]
        yield "mix.jpg", f"`--style {first} --mix {second}`:", _strip(row)

        start, end = _fade_times(len(self.scenes[0].frames))
        wish = (*base, "--mix", second, "--fade", f"{start}-{end}")
        text = f"`{' '.join(wish)}`, frames from the first to the last:"
        yield "fade.jpg", text, self._fade(wish)

    def _one(self, scene: Scene, *options: str) -> Picture:
        return self.studio.paint_middles([scene], *options)[0]

    def _fade(self, options: Sequence[str]) -> Image.Image:
        """Frames of the first scene, evenly spread from its first to its last."""
        scene = self.scenes[0]
        last = len(scene.frames) - 1
        indices = [round(last * step / (FADE_FRAMES - 1)) for step in range(FADE_FRAMES)]
        frames = self.studio.paint([scene], indices, *options)
        times = [_seconds(index) for index in indices]
        cells = [Cell(frame, f"{time} s") for frame, time in zip(frames, times, strict=True)]
        half = FADE_FRAMES // 2
        return sheet([cells[:half], cells[half:]], 480)


def _strip(cells: Sequence[Cell]) -> Image.Image:
    return sheet([cells], 480)


def _fade_times(count: int) -> tuple[str, str]:
    """Begin and end of a fade over the middle two thirds of `count` frames."""
    edge = count // 6
    return _seconds(edge), _seconds(count - 1 - edge)


def _seconds(index: int) -> str:
    """Time of a frame in seconds and thousandths; the frame rate divides 1000."""
    return f"{index * 1000 // int(FRAME_RATE) / 1000:g}"
