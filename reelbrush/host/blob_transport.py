"""Lets the real Blob SDK read blobs out of a folder: only the last step, the transport, is local."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from azure.core.pipeline.transport import HttpRequest, HttpResponse, HttpTransport
from azure.storage.blob import BlobClient
from requests.structures import CaseInsensitiveDict

from reelbrush.store import folder_etag

ACCOUNT_URL = "http://127.0.0.1/local"
"""Where folder blobs seem to live: `ACCOUNT_URL/<container>/<blob>`."""

_CHUNK = 1 << 20


def folder_blob(root: Path, container: str, blob: str) -> BlobClient:
    """Return a real BlobClient for the file `root/container/blob`; it can look and read, not write."""
    return BlobClient(ACCOUNT_URL, container, blob, transport=FolderTransport(root))


class FolderTransport(HttpTransport[HttpRequest, HttpResponse]):
    """Answers HEAD and GET (with a range) from files, everything else with 405."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def send(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Answer one request of the SDK."""
        if request.method not in ("HEAD", "GET"):
            return _Response(request, 405, {"x-ms-error-code": "UnsupportedHttpVerb"})
        _, _, container, name = unquote(urlsplit(request.url).path).split("/", 3)
        base = (self._root / container).resolve()
        path = base / name
        try:
            # no '..', and no links below the container
            if path.resolve() != path or not path.is_relative_to(base) or not path.is_file():
                raise FileNotFoundError(path)
            stat = path.stat()
        except OSError:
            return _Response(request, 404, {"x-ms-error-code": "BlobNotFound"})
        headers = {
            "ETag": f'"{folder_etag(stat.st_size, stat.st_mtime_ns)}"',
            "Last-Modified": formatdate(stat.st_mtime, usegmt=True),
            "Accept-Ranges": "bytes",
            "Content-Type": "application/octet-stream",
            "x-ms-blob-type": "BlockBlob",
        }
        return _with_range(request, path, stat.st_size, headers)

    def open(self) -> None:
        """Do nothing: files need no connection."""

    def close(self) -> None:
        """Do nothing: files need no connection."""

    def __exit__(self, *args: object) -> None:
        """Do nothing: files need no connection."""


def _with_range(request: HttpRequest, path: Path, size: int, headers: dict[str, str]) -> HttpResponse:
    wanted = request.headers.get("x-ms-range") or request.headers.get("Range") or ""
    match = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted)
    if match is None or request.method == "HEAD":
        return _Response(request, 200, headers, path, 0, size)
    first = int(match.group(1))
    if first >= size:
        return _Response(
            request, 416, {"x-ms-error-code": "InvalidRange", "Content-Range": f"bytes */{size}"}
        )
    last = min(int(match.group(2) or size - 1), size - 1)
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return _Response(request, 206, headers, path, first, last - first + 1)


class _Response(HttpResponse):
    """A response whose body is `length` bytes of a file from `start` on, read as it is consumed."""

    def __init__(
        self,
        request: HttpRequest,
        status: int,
        headers: dict[str, str],
        path: Path | None = None,
        start: int = 0,
        length: int = 0,
    ) -> None:
        super().__init__(request, None)
        self.status_code = status
        self.headers: Any = CaseInsensitiveDict({**headers, "Content-Length": str(length)})
        self.reason = ""
        self.content_type = headers.get("Content-Type", "")
        self._path, self._start, self._length = path, start, length

    def body(self) -> bytes:
        """Return the whole body."""
        return b"".join(self.stream_download(None))

    def read(self) -> bytes:
        """Return the whole body."""
        return self.body()

    def stream_download(self, pipeline: Any, **kwargs: Any) -> Iterator[bytes]:
        """Return an iterator over the body in pieces of at most 1 MiB."""
        return _Body(self, self._pieces(), self._length)

    def _pieces(self) -> Iterator[bytes]:
        if self._path is None or self.request.method == "HEAD":
            return
        remaining = self._length
        with self._path.open("rb") as file:
            file.seek(self._start)
            while remaining and (piece := file.read(min(_CHUNK, remaining))):
                remaining -= len(piece)
                yield piece


class _Body(Iterator[bytes]):
    """An iterator that the SDK may hang further attributes on."""

    def __init__(self, response: _Response, pieces: Iterator[bytes], length: int) -> None:
        self.response = response
        self.content_length = length
        self._pieces = pieces

    def __next__(self) -> bytes:
        return next(self._pieces)
