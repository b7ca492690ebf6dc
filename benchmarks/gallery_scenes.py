"""Scenes that styles are shown on: two that the product computes, and pictures or clips from a folder.

Every scene becomes the same number of frames of one size; a still is filmed by a slow pan.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from PIL import Image, ImageDraw, ImageFont

from reelbrush.sample import make_sample
from scoring.film import open_film
from scoring.flow import Picture

SIZE = (640, 360)
"""Width and height of every scene in px."""

FRAME_RATE = Fraction(25)
PAN = 1.25
"""Px that a still moves to the left per frame: no whole number, as a hand would move a camera."""

PICTURES = (".jpg", ".jpeg", ".png", ".webp")
CLIPS = (".mp4", ".mkv", ".mov", ".webm")
OWN = "computed by Reelbrush"

HEADLINE = "Evening Edition"
LINES = (
    ("Rain until Thursday, then long sun", 30),
    ("The ferry leaves at 7.45 from pier 3. Bring a coat and a book;", 19),
    ("the crossing takes two hours, and the bar on board is closed.", 19),
    ("Tickets: adults 12.50, children 6.00, bicycles travel free.", 15),
)


@dataclass(frozen=True)
class Scene:
    """Consecutive frames (SIZE, uint8 RGB) with a name for captions and a line on where they come from."""

    name: str
    frames: tuple[Picture, ...]
    credit: str

    @property
    def middle(self) -> int:
        """Index of the frame that stands for the scene, 0..len(frames) - 1."""
        return len(self.frames) // 2


def own_scenes(count: int) -> tuple[Scene, Scene]:
    """Return the sample clip's bay, and a page of text, `count` frames each (1..250)."""
    with tempfile.TemporaryDirectory(prefix="gallery-") as folder:
        clip = Path(folder) / "bay.mp4"
        make_sample(clip, seconds=-(-count // int(FRAME_RATE)))
        bay = tuple(islice(open_film(clip).frames(), count))
    return Scene("bay", bay, OWN), Scene("text", tuple(_pan(_page(), count)), OWN)


def scenes_in(folder: Path, count: int) -> list[Scene]:
    """Return the pictures and clips of a folder in order of file name, `count` frames each.

    A scene is named after its file, less leading digits: `2-night.jpg` is "night". Of a clip the middle is
    taken. `sources.csv` (columns file, source, license) tells the credits. Raises ValueError when a
    clip has fewer frames, FileNotFoundError when there is nothing.
    """
    table = folder / "sources.csv"
    credits: dict[str, str] = {}
    if table.is_file():
        with table.open(newline="", encoding="utf-8") as rows:
            credits = {row["file"]: f"{row['source']}; {row['license']}" for row in csv.DictReader(rows)}
    found: list[Scene] = []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in PICTURES:
            with Image.open(path) as opened:
                frames = tuple(_pan(opened.convert("RGB"), count))
        elif path.suffix.lower() in CLIPS:
            frames = tuple(_middle_of(path, count))
        else:
            continue
        name = path.stem.lstrip("0123456789-_. ").replace("-", " ") or path.stem
        found.append(Scene(name, frames, credits.get(path.name, "source not told")))
    if not found:
        raise FileNotFoundError(f"no pictures and no clips in {folder}")
    return found


def write_film(scenes: Sequence[Scene], path: Path) -> None:
    """Write the scenes' frames, one after the other, as MP4 of hardly visible loss."""
    with av.open(path, "w", format="mp4") as file:
        options = {"preset": "veryfast", "crf": "10", "threads": "1"}
        video = file.add_stream("libx264", rate=FRAME_RATE, options=options)
        video.width, video.height, video.pix_fmt = *SIZE, "yuv420p"
        video.codec_context.colorspace = Colorspace.ITU709
        video.codec_context.color_range = ColorRange.MPEG
        video.codec_context.color_primaries = ColorPrimaries.BT709
        video.codec_context.color_trc = ColorTrc.BT709
        for index, picture in enumerate(picture for scene in scenes for picture in scene.frames):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(
                format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
            )
            frame.pts, frame.time_base = index, 1 / FRAME_RATE
            file.mux(video.encode(frame))
        file.mux(video.encode(None))


def frames_of(film: Path, indices: Sequence[int]) -> list[Picture]:
    """Return the frames at `indices` (from 0) of a film. Raises IndexError when it is shorter."""
    wanted = set(indices)
    kept = {index: frame for index, frame in enumerate(open_film(film).frames()) if index in wanted}
    if missing := wanted - set(kept):
        raise IndexError(f"{film.name} has no frames {sorted(missing)}")
    return [kept[index] for index in indices]


def _pan(still: Image.Image, count: int) -> Iterator[Picture]:
    """Windows of the still, as large as fits beside the way that they go, scaled to SIZE."""
    width, height = SIZE
    way = PAN * (count - 1)
    scale = min(still.width / (width + way), still.height / height)
    left = (still.width - (width + way) * scale) / 2
    top = (still.height - height * scale) / 2
    for number in range(count):
        x = left + PAN * number * scale
        box = (x, top, x + width * scale, top + height * scale)
        yield np.asarray(still.resize(SIZE, Image.Resampling.LANCZOS, box=box))


def _middle_of(clip: Path, count: int) -> list[Picture]:
    film = open_film(clip)
    first = max(0, ((film.expected_frames or count) - count) // 2)
    frames = [_covering(frame) for frame in islice(film.frames(), first, first + count)]
    if len(frames) < count:
        raise ValueError(f"{clip} has too few frames: {count} are needed")
    return frames


def _covering(frame: Picture) -> Picture:
    return next(_pan(Image.fromarray(frame), 1))


def _page() -> Image.Image:
    """A printed page: large and small letters, a rule, a bar and a disc of colour."""
    page = Image.new("RGB", (2 * SIZE[0] + 120, 2 * SIZE[1]), (236, 228, 210))
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, page.width, 44), fill=(150, 38, 32))
    draw.text((90, 74), HEADLINE, fill=(24, 24, 30), font=ImageFont.load_default(150))
    draw.line((90, 276, page.width - 90, 276), fill=(24, 24, 30), width=4)
    top = 306
    for text, size in LINES:
        draw.text((90, top), text, fill=(30, 34, 52), font=ImageFont.load_default(2 * size))
        top += round(2.7 * size)
    draw.ellipse((page.width - 330, 560, page.width - 130, 760), fill=(206, 128, 40))
    return page
