"""Answers GET and HEAD of a blob from its file: ranges, conditions, one version per answer."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from email.utils import formatdate
from typing import BinaryIO

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from reelbrush.errors import StoreError
from reelbrush.host.blob_errors import BlobError
from reelbrush.store import FolderStore, folder_etag
from reelbrush.store.folder_links import Link
from reelbrush.store.media_types import media_type

_PIECE = 1 << 18  # bytes read and sent at once


def download(request: Request, store: FolderStore, link: Link) -> Response:
    """Return the blob, or the range of it that is asked for. Raises BlobError."""
    try:
        file = store.open(link.container, link.name)
    except StoreError as error:
        if error.code != "blob-missing":
            raise
        raise BlobError(404, "BlobNotFound", "The blob does not exist.") from None
    try:
        return _answer(request, file, link)
    except BaseException:
        file.close()
        raise


def byte_range(header: str, size: int) -> tuple[int, int] | None:
    """Return the first and last byte, inclusive, that a Range header asks of `size` bytes; None means all.

    Several ranges at once, and what cannot be understood, mean all, as RFC 9110 allows. Raises BlobError
    (416) when the range lies beyond the end.
    """
    match = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", header.strip())
    if match is None or not any(match.groups()):
        return None
    if not match[1]:
        first, last = max(0, size - int(match[2])), size - 1
    else:
        first, last = int(match[1]), min(int(match[2] or size - 1), size - 1)
        if match[2] and int(match[2]) < first:
            return None
    if first >= size:
        raise BlobError(
            416, "InvalidRange", "The blob ends before the range.", {"Content-Range": f"bytes */{size}"}
        )
    return first, last


def _answer(request: Request, file: BinaryIO, link: Link) -> Response:
    status = os.fstat(file.fileno())
    size, etag = status.st_size, f'"{folder_etag(status.st_size, status.st_mtime_ns)}"'
    headers = {
        "ETag": etag,
        "Last-Modified": formatdate(status.st_mtime, usegmt=True),
        "Accept-Ranges": "bytes",
        "Cache-Control": "no-cache",
        "Content-Type": media_type(link.name),
        "X-Content-Type-Options": "nosniff",
        "x-ms-blob-type": "BlockBlob",
    }
    if link.disposition:
        headers["Content-Disposition"] = link.disposition
    given = request.headers
    if given.get("if-match", etag) not in (etag, "*"):
        raise BlobError(412, "ConditionNotMet", "The blob is another version.")
    if given.get("if-none-match") in (etag, "*"):
        file.close()
        return Response(status_code=304, headers=headers)
    asked = given.get("x-ms-range") or given.get("range") or ""
    part = byte_range(asked, size) if given.get("if-range", etag) == etag else None
    first, last = part or (0, size - 1)
    if part is not None:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    headers["Content-Length"] = str(last - first + 1)
    if request.method == "HEAD":
        file.close()
        return Response(status_code=200 if part is None else 206, headers=headers)
    file.seek(first)
    return StreamingResponse(_pieces(file, last - first + 1), 200 if part is None else 206, headers)


async def _pieces(file: BinaryIO, count: int) -> AsyncIterator[bytes]:
    with file:
        while count and (piece := await asyncio.to_thread(file.read, min(_PIECE, count))):
            count -= len(piece)
            yield piece
