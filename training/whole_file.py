"""Writing a text file so that nobody, not even after a crash, finds half of it."""

from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write a UTF-8 file, whole or not at all; an older one stays until then."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
