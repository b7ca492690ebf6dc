"""Reading a picture file that a person gave."""

from pathlib import Path

from PIL import Image, ImageOps

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


def read_picture(path: Path) -> Image.Image:
    """The picture in a file as RGB, turned as its EXIF orientation says.

    Raises FileNotFoundError when there is none, and ValueError, naming the file, when it cannot be read or
    has more pixels than Pillow takes for honest (some 178 million).
    """
    try:
        with Image.open(path) as opened:
            return ImageOps.exif_transpose(opened).convert("RGB")
    except (FileNotFoundError, MemoryError):
        raise
    except Exception as error:  # Pillow's readers fail in more ways than can be listed
        raise ValueError(f"{path} is no picture that can be read: {error}") from None
