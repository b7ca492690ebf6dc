"""Takes uploads of new blobs, whole or in blocks; a blob appears when all of it is on the disk."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from reelbrush.errors import StoreError
from reelbrush.host.blob_blocks import StagedBlocks
from reelbrush.host.blob_errors import BlobError, too_large
from reelbrush.store import FolderStore, folder_etag
from reelbrush.store.folder_links import Link

_PIECE = 1 << 20  # bytes gathered before they are written
_LIST_BYTES = 8 << 20
_BLOCK_ID_LENGTH = 100  # of the 64 bytes that Azure allows, in base64
_LISTED = re.compile(r"<(Latest|Uncommitted|Committed)>\s*([^<\s]+)\s*</\1>")
_LIST = re.compile(r"(<\?xml[^<>]*\?>\s*)?<BlockList\s*(/>|>\s*</BlockList>)")  # without what it lists


class BlobUpload:
    """The three PUT operations of a block blob."""

    def __init__(self, store: FolderStore, blocks: StagedBlocks) -> None:
        self._store = store
        self._blocks = blocks
        blocks.sweep()
        self._joining = asyncio.Lock()

    async def whole(self, request: Request, link: Link) -> Response:
        """`PUT`: the body is the blob."""
        if request.headers.get("x-ms-blob-type", "") != "BlockBlob":
            raise BlobError(400, "MissingRequiredHeader", "The header x-ms-blob-type: BlockBlob is needed.")
        self._check_free(request, link)
        path = self._store.temporary()
        try:
            await receive(request, path, link.size)
            return await asyncio.to_thread(self._publish, request, link, path)
        finally:
            path.unlink(missing_ok=True)

    async def block(self, request: Request, link: Link) -> Response:
        """`PUT ?comp=block&blockid=...`: the body is one block."""
        block = request.query_params.get("blockid", "")
        if not 0 < len(block) <= _BLOCK_ID_LENGTH:
            raise BlobError(400, "InvalidQueryParameterValue", "The blockid is missing or too long.")
        self._check_free(request, link)
        path = self._store.temporary()
        try:
            await receive(request, path, link.size)
            self._blocks.add(link.container, link.name, block, path, link.size)
        finally:
            path.unlink(missing_ok=True)
        return Response(status_code=201)

    async def block_list(self, request: Request, link: Link) -> Response:
        """`PUT ?comp=blocklist`: the listed blocks are the blob. Sent again, it is answered again."""
        blocks = listed_blocks(await small_body(request))
        async with self._joining:
            return await asyncio.to_thread(self._commit, request, link, blocks)

    def _commit(self, request: Request, link: Link, blocks: list[str]) -> Response:
        known = self._store.stat(link.container, link.name)
        if known is not None and known.etag == self._blocks.committed(link.container, link.name, blocks):
            return _created(known.etag)
        self._check_free(request, link)
        path = self._store.temporary()
        try:
            self._blocks.join(link.container, link.name, blocks, path, link.size)
            status = path.stat()
            # before it is published: sent again after a crash, the list must not become another version
            etag = folder_etag(status.st_size, status.st_mtime_ns)
            self._blocks.remember(link.container, link.name, blocks, etag)
            answer = self._publish(request, link, path)
        finally:
            path.unlink(missing_ok=True)
        self._blocks.forget(link.container, link.name)
        self._blocks.sweep()
        return answer

    def _publish(self, request: Request, link: Link, path: Path) -> Response:
        with path.open("rb") as file:
            os.fsync(file.fileno())
        try:
            published = self._store.publish(link.container, link.name, path, new=True)
        except StoreError as error:
            raise BlobError(409, "InvalidBlobName", error.message) from error
        blob = self._store.stat(link.container, link.name)
        if not published:
            raise _exists(request)
        return _created(blob.etag if blob is not None else "")

    def _check_free(self, request: Request, link: Link) -> None:
        if self._store.stat(link.container, link.name) is not None:
            raise _exists(request)


async def receive(request: Request, path: Path, limit: int | None) -> None:
    """Write the body into the new file `path` as it comes.

    Raises BlobError (413) when it is longer than `limit` bytes, ClientDisconnect when it is cut short.
    """
    if limit is not None and int(request.headers.get("content-length") or 0) > limit:
        raise too_large(limit)
    received, waiting = 0, bytearray()
    with path.open("xb") as file:
        async for piece in request.stream():
            received += len(piece)
            if limit is not None and received > limit:
                raise too_large(limit)
            waiting += piece
            if len(waiting) >= _PIECE:
                await asyncio.to_thread(file.write, waiting)
                waiting = bytearray()
        await asyncio.to_thread(file.write, waiting)


def listed_blocks(body: bytes) -> list[str]:
    """Return the blocks that a block list names, in its order.

    Raises BlobError (400) when any of it is not understood, since a blob would be made without that part.
    """
    text = body.decode("utf-8-sig", "replace")
    if _LIST.fullmatch(_LISTED.sub("", text).strip()) is None:
        raise BlobError(400, "InvalidXmlDocument", "The body is no list of blocks.")
    return [block for _, block in _LISTED.findall(text)]


async def small_body(request: Request) -> bytes:
    """Return a body of at most 8 MiB. Raises BlobError (413)."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _LIST_BYTES:
            raise BlobError(413, "RequestBodyTooLarge", "The list is too long.")
    return bytes(body)


def _exists(request: Request) -> BlobError:
    if request.headers.get("if-none-match") == "*":
        return BlobError(409, "BlobAlreadyExists", "There is a blob of this name.")
    return BlobError(403, "UnauthorizedBlobOverwrite", "The address makes blobs and replaces none.")


def _created(etag: str) -> Response:
    return Response(status_code=201, headers={"ETag": f'"{etag}"'})
