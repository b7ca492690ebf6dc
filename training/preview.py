"""Pictures on which a person sees how far a style is."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from training.content import content_files
from training.image_file import read_picture
from training.measure import Painter
from training.moments import read_moments
from training.photos import LONGEST_SIDE

AMOUNT = 2
"""Pictures that are taken from the content when none are named."""

FILE = "preview.jpg"

LEAST_SIDE = 200
"""Shorter side in px to which smaller pictures are enlarged: less is too little to measure steadiness on."""

ROW = (480, 320)
"""Largest width and height in px of a picture in FILE."""

GAP = 8


def pictures_of(content: Sequence[Path], folder: Path) -> list[Path]:
    """Some pictures of the content, evenly spread; frames of videos are written into `folder` for that."""
    found: list[Path] = []
    for path in content:
        pictures, videos = content_files(path)
        found += [pictures[(2 * k + 1) * len(pictures) // (2 * AMOUNT)] for k in range(AMOUNT) if pictures]
        for video in videos[:1]:
            for index, moment in enumerate(read_moments(video, AMOUNT, LONGEST_SIDE)):
                frame = folder / f"frame-{index + 1}.png"
                moment.first.save(frame)
                found.append(frame)
    # The last named content comes first: a clip given beside photos is what the style is for.
    return list(dict.fromkeys(reversed(found)))[:AMOUNT]


def large_enough(pictures: Sequence[Path], folder: Path) -> list[Path]:
    """The pictures, those with a side below LEAST_SIDE enlarged and written into `folder`."""
    found: list[Path] = []
    for path in pictures:
        picture = read_picture(path)
        factor = LEAST_SIDE / min(picture.size)
        if factor > 1:
            size = (round(picture.width * factor), round(picture.height * factor))
            path = folder / f"{path.stem}-enlarged.png"
            picture.resize(size, Image.Resampling.BICUBIC).save(path)
        found.append(path)
    return found


def draw_preview(model: Path, painting: Path, pictures: Sequence[Path], file: Path) -> None:
    """Write a picture with the painting on top and a row before, after below it for each of the pictures."""
    painter = Painter(model)
    rows: list[list[Image.Image]] = [[_fitted(painting)]]
    for path in pictures:
        before = _fitted(path)
        rows.append([before, Image.fromarray(painter.paint(np.asarray(before)[None])[0])])
    width = max(sum(image.width + GAP for image in row) for row in rows) + GAP
    height = sum(row[0].height + GAP for row in rows) + GAP
    sheet, top = Image.new("RGB", (width, height), "white"), GAP
    for row in rows:
        left = GAP
        for image in row:
            sheet.paste(image, (left, top))
            left += image.width + GAP
        top += row[0].height + GAP
    sheet.save(file, quality=90)


def _fitted(path: Path) -> Image.Image:
    picture = read_picture(path)
    picture.thumbnail(ROW, Image.Resampling.LANCZOS)
    return picture
