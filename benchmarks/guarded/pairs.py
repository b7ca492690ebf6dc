"""All pairs that are guarded, each made only when it is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path

from guarded import models, video, whole
from guarded.job import Prepared, make_clip, prepare
from guarded.pair import Pair

STYLES = whole.ROOT / "styles"
_LONG = 1920  # frames, of the clip that is indexed and stitched


class Scenes:
    """Clips and jobs in a folder, made when a pair first needs them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def long(self) -> Prepared:
        """Many small frames."""
        clip = make_clip(self.folder / "long.mp4", _LONG, "96x64")
        return prepare(self.folder / "long", clip, models.STYLE, "float32")

    @cached_property
    def wide(self) -> Prepared:
        """Some large frames."""
        clip = make_clip(self.folder / "wide.mp4", 12, "1280x720")
        return prepare(self.folder / "wide", clip, models.STYLE, "float32")

    @cached_property
    def painted(self) -> Prepared:
        """A second of small frames in two segments, to be painted."""
        clip = make_clip(self.folder / "painted.mp4", 48, "320x180")
        return prepare(self.folder / "painted", clip, models.STYLE, "int8")

    @cached_property
    def short(self) -> Prepared:
        """Two frames, to be painted by a process that starts."""
        clip = make_clip(self.folder / "short.mp4", 2, "640x360")
        return prepare(self.folder / "short", clip, models.STYLE, "int8")

    def own(self, name: str) -> Path:
        """Return a new folder."""
        folder = self.folder / f"own-{name}"
        folder.mkdir()
        return folder

    def stitching(self) -> Pair:
        """The pair whose segments have to be encoded first."""
        folder = self.own("stitch")
        return video.stitching(self.long, video.segments_of(self.long, folder), folder, 6.0)


def makers(scenes: Scenes) -> dict[str, Callable[[], Pair]]:
    """Return how to make each pair, by name. Bounds are loose: they hold for processors of any class.

    That of the pipeline holds where its two threads share one core's units and each takes twice as long.
    """
    return {
        "model-float32": lambda: models.painting(STYLES, "float32", 4.0),
        "model-int8": lambda: models.painting(STYLES, "int8", 6.0),
        "rewritten": lambda: models.rewriting(0.95),
        "decode": lambda: video.decoding(scenes.wide, 5.0),
        "encode": lambda: video.encoding(scenes.wide, scenes.own("encode"), 8, 2.5),
        "index": lambda: video.indexing(scenes.long.clip, 8.0),
        "stitch": scenes.stitching,
        "pipeline": lambda: whole.overlapping(scenes.painted, STYLES, scenes.own("pipeline"), 2.5),
        "start": lambda: whole.starting(scenes.short, STYLES, 8.0),
    }


def made(scenes: Scenes, names: Iterable[str]) -> list[Pair]:
    """Return the pairs of these names; none means all. Raises KeyError for a name that is none."""
    known = makers(scenes)
    return [known[name]() for name in (list(names) or known)]
