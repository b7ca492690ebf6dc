"""Sending a file to a store in blocks, never more than one of them in memory.

Put Block and Put Block List of Azure Blob Storage; the embedded host answers them in the same way.
"""

from __future__ import annotations

import base64
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import escape

from reelbrush.cli.api import opener, unreachable
from reelbrush.errors import ApiError

BLOCK_BYTES = 8 << 20
MOST_BLOCKS = 50_000  # of one blob, inclusive
TRIES = 4  # of one block
BLOCK_SECONDS = 300  # longest time one block may take
_THERE = ("UnauthorizedBlobOverwrite", "BlobAlreadyExists")  # the blob, so that the address gives no right

Sent = Callable[[int], None]
"""Takes note of the bytes that were sent so far."""


def send_file(
    path: Path, size: int, url: str, headers: Mapping[str, str], sent: Sent, *, block_bytes: int = BLOCK_BYTES
) -> None:
    """Send `size` bytes of a file to a signed URL; the blob appears whole at the end or not at all.

    `headers` go with what makes the blob: the only request of a small file, the last one of a large file.
    Raises ApiError when the store refuses or does not answer, OSError when the file cannot be read or has
    fewer bytes.
    """
    store = _Store(url)
    with path.open("rb") as file:
        if size <= block_bytes:
            store.put("", _read(file.read(size), size, path), headers)
            sent(size)
            return
        length = max(block_bytes, -(-size // MOST_BLOCKS))
        names: list[str] = []
        for first in range(0, size, length):
            wanted = min(length, size - first)
            name = base64.b64encode(b"%08d" % len(names)).decode()
            store.put(
                f"comp=block&blockid={quote(name, safe='')}", _read(file.read(wanted), wanted, path), {}
            )
            names.append(name)
            sent(first + wanted)
    listed = "".join(f"<Latest>{escape(name)}</Latest>" for name in names)
    document = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{listed}</BlockList>'
    kept = {name: value for name, value in headers.items() if name.lower() != "x-ms-blob-type"}
    store.put("comp=blocklist", document.encode(), kept)


def _read(data: bytes, wanted: int, path: Path) -> bytes:
    if len(data) < wanted:
        raise OSError(f"{path} became shorter while it was sent")
    return data


class _Store:
    def __init__(self, url: str) -> None:
        self._url = url
        self._opener = opener(url)

    def put(self, query: str, data: bytes, headers: Mapping[str, str]) -> None:
        """Send one request, again when no answer or a server's error came: repeating changes nothing."""
        url = self._url + (("&" if "?" in self._url else "?") + query if query else "")
        for left in reversed(range(TRIES)):
            request = urllib.request.Request(url, data=data, method="PUT", headers=dict(headers))  # noqa: S310
            request.add_header("Content-Type", "application/octet-stream")
            try:
                with self._opener.open(request, timeout=BLOCK_SECONDS):
                    return
            except urllib.error.HTTPError as error:
                with error:
                    if left < TRIES - 1 and error.headers.get("x-ms-error-code") in _THERE:
                        return  # by an earlier try, whose answer was lost
                    if error.code < 500 or not left:
                        raise _refused(error) from None
            except (OSError, HTTPException) as error:
                if not left:
                    raise unreachable(self._url, error) from None
            time.sleep(2.0 ** (TRIES - left - 1) / 2)


def _refused(error: urllib.error.HTTPError) -> ApiError:
    code = error.headers.get("x-ms-error-code") or "store"
    reason = {403: "its address has expired", 413: "it is larger than was asked for"}.get(error.code, code)
    reason = "there is a video already" if code in _THERE else reason
    return ApiError(f"the store refused the upload ({error.code}): {reason}", status=error.code, code=code)
