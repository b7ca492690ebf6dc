"""Bringing a blob from a signed URL into a file, whole or not at all."""

from __future__ import annotations

import os
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import BinaryIO

from reelbrush.cli.api import opener, unreachable
from reelbrush.errors import ApiError

CHUNK_BYTES = 1 << 20
SECONDS = 60  # longest silence of the store
TRIES = 5  # in a row without a single byte
# an OSError that is none of these comes from the disk
_BROKEN = (urllib.error.URLError, ConnectionError, TimeoutError, ssl.SSLError, HTTPException)


def fetch_file(url: str, target: Path, size: int, received: Callable[[int], None]) -> None:
    """Fetch `size` bytes into `target`, going on where a broken connection left off.

    Raises ApiError when the store refuses, changes the blob meanwhile or does not answer, and OSError when
    the file cannot be written. Then `target` is as it was.
    """
    open_url = opener(url)
    temporary = target.with_name(f".reelbrush-{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            _fill(_Fetching(open_url, url, file, received), file, size)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _fill(fetching: _Fetching, file: BinaryIO, size: int) -> None:
    silent = 0
    while (have := file.tell()) < size:
        broken: BaseException | None = None
        try:
            fetching.go_on()
        except _BROKEN as error:
            broken = error
        silent = 0 if file.tell() > have else silent + 1
        if silent == TRIES and broken is not None:
            raise unreachable(fetching.url, broken)
        if silent == TRIES or (file.tell() < size and not fetching.etag):
            raise ApiError(f"only {file.tell()} of {size} bytes came from the store", advice="try again")
        if silent:
            time.sleep(silent / 2)
    if file.tell() != size:
        raise ApiError(f"the store sent {file.tell()} bytes instead of {size}")


class _Fetching:
    def __init__(
        self,
        open_url: urllib.request.OpenerDirector,
        url: str,
        file: BinaryIO,
        received: Callable[[int], None],
    ) -> None:
        self.etag = ""
        self.url = url
        self._opener, self._file, self._received = open_url, file, received

    def go_on(self) -> None:
        """Ask for what is missing and write what comes, of the version that the first answer was of."""
        have = self._file.tell()
        request = urllib.request.Request(self.url)  # noqa: S310 - the opener knows http and https only
        if have:
            request.add_header("Range", f"bytes={have}-")
            request.add_header("If-Match", self.etag)
        try:
            with self._opener.open(request, timeout=SECONDS) as answer:
                if have and answer.status != 206:
                    raise ApiError("the store sends the video from its start only", status=answer.status)
                self.etag = answer.headers.get("ETag") or ""
                while data := answer.read(CHUNK_BYTES):
                    self._file.write(data)
                    self._received(self._file.tell())
        except urllib.error.HTTPError as error:
            with error:
                if error.code >= 500:
                    raise ConnectionError(f"the store answered {error.code}") from None
                text = f"the store refused the download ({error.code})"
                if error.code == 412:
                    text = "the video was replaced while it was fetched"
                raise ApiError(text, status=error.code) from None
