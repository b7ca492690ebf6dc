"""The content types under which blobs are served."""

from __future__ import annotations

_TYPES = {
    "avi": "video/x-msvideo",
    "gif": "image/gif",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "json": "application/json",
    "m2ts": "video/mp2t",
    "m4s": "video/iso.segment",
    "m4v": "video/mp4",
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mp4": "video/mp4",
    "mpeg": "video/mpeg",
    "mpg": "video/mpeg",
    "mxf": "application/mxf",
    "png": "image/png",
    "ts": "video/mp2t",
    "webm": "video/webm",
    "wmv": "video/x-ms-wmv",
}


def media_type(name: str) -> str:
    """Return the content type of a blob by the end of its name.

    It is never one that a browser would run, since uploads are served beside the page.
    """
    return _TYPES.get(name.rpartition(".")[2].lower(), "application/octet-stream")


def attachment(name: str) -> str:
    """Return the Content-Disposition that makes a browser save what it reads as `name`."""
    from urllib.parse import quote

    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
