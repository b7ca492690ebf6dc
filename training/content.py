"""What a network practises on: folders of photographs, videos, or both."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from training.crops import recompressed
from training.film import MOMENTS, Film, Pair
from training.image_file import PICTURE_SUFFIXES
from training.photos import Photos
from training.pictures import picture_files

__all__ = ["Content", "Film", "Pair", "Photos", "content_files", "open_content", "recompressed"]

VIDEO_SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".flv"),
    *(".wmv", ".3gp", ".gif", ".y4m", ".ogv", ".mxf"),
)
"""Files of a folder that are taken for videos; a file that is named itself may be called anything."""


class Content(Protocol):
    """A source of pictures to practise on."""

    def crops(self, count: int, size: int, random: np.random.Generator, recolour: bool = True) -> Tensor:
        """Random squares (count, 3, size, size) in 0..1, scaled and mirrored, and in other lights and colours
        if asked.
        """
        ...

    def pair(self, size: int, random: np.random.Generator) -> Pair | None:
        """Squares of two consecutive frames and the motion between them; None when there is no motion to be
        had, as in photos.
        """
        ...


class Mixture:
    """Several sources, each drawn from as often as the others, so that one clip counts beside many photos."""

    def __init__(self, parts: Sequence[Content]) -> None:
        self._parts = parts

    def crops(self, count: int, size: int, random: np.random.Generator, recolour: bool = True) -> Tensor:
        """See :class:`Content`."""
        chosen = [self._parts[int(random.integers(len(self._parts)))] for _ in range(count)]
        return torch.cat([part.crops(1, size, random, recolour) for part in chosen])

    def pair(self, size: int, random: np.random.Generator) -> Pair | None:
        """See :class:`Content`; photos are passed over."""
        for index in random.permutation(len(self._parts)):
            found = self._parts[int(index)].pair(size, random)
            if found is not None:
                return found
        return None


def content_files(path: Path) -> tuple[list[Path], list[Path]]:
    """The pictures (see `picture_files`) and the videos directly in a folder, sorted by name; a file counts
    as a video.

    Raises FileNotFoundError when the path does not exist or the folder holds neither.
    """
    if path.is_file():
        return [], [path]
    if not path.is_dir():
        raise FileNotFoundError(f"there is neither a folder nor a video at {path}")
    files = sorted(file for file in path.iterdir() if file.is_file())
    pictures = picture_files(path)
    videos = [file for file in files if file.suffix.lower() in VIDEO_SUFFIXES]
    if not pictures and not videos:
        raise FileNotFoundError(f"{path} holds neither pictures ({', '.join(PICTURE_SUFFIXES)}) nor videos")
    return pictures, videos


def open_content(paths: Sequence[Path]) -> Content:
    """Read folders and videos. Raises FileNotFoundError as `content_files` does, ValueError for a picture
    that cannot be read, and Refusal for a file that is no video.
    """
    folders, videos = list[Path](), list[Path]()
    for path in paths:
        pictures, films = content_files(path)
        folders += [path] if pictures else []
        videos += films
    parts: list[Content] = [Photos(folder) for folder in folders]
    # What is held in memory is shared out, so that a folder of films takes no more than one film.
    parts += [Film(video, max(2, MOMENTS // len(videos))) for video in videos]
    return parts[0] if len(parts) == 1 else Mixture(parts)
