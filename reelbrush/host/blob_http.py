"""Serves a folder store's blobs at signed addresses, by the part of Azure's Blob REST that the product uses.

A client that uploads to an account by a shared access signature (whole, or in blocks) uploads here unchanged.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from reelbrush.errors import StoreError
from reelbrush.host.blob_blocks import StagedBlocks
from reelbrush.host.blob_download import download
from reelbrush.host.blob_errors import BlobError
from reelbrush.host.blob_upload import BlobUpload
from reelbrush.store import FolderStore
from reelbrush.store.folder_links import READ, WRITE, Link, link_key

logger = logging.getLogger(__name__)


class BlobEndpoint:
    """The route `/blobs/{container}/{name}` of the store in the folder `root`."""

    def __init__(self, root: Path) -> None:
        self._store = FolderStore(root)
        self._uploads = BlobUpload(self._store, StagedBlocks(root))
        self._key = link_key(root)
        self.route = Route("/blobs/{container}/{name:path}", self._answer, methods=["GET", "HEAD", "PUT"])

    async def _answer(self, request: Request) -> Response:
        try:
            return await self._serve(request)
        except BlobError as error:
            return error.response()
        except StoreError as error:
            return BlobError(400, "InvalidResourceName", error.message).response()
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                logger.exception("the blob %s could not be served", request.url.path)
                return BlobError(500, "InternalError", "The blob cannot be served.").response()
            return BlobError(507, "InsufficientAccountResources", "The disk of the store is full.").response()

    async def _serve(self, request: Request) -> Response:
        container, name = request.path_params["container"], request.path_params["name"]
        link = Link.check(self._key, container, name, request.query_params, datetime.now(UTC))
        if link is None:
            raise BlobError(403, "AuthenticationFailed", "The address is not signed, or its time is over.")
        if link.permission != (WRITE if request.method == "PUT" else READ):
            raise BlobError(403, "AuthorizationPermissionMismatch", "The address does not allow this.")
        if request.method != "PUT":
            return download(request, self._store, link)
        puts: dict[str, Callable[[Request, Link], Awaitable[Response]]] = {
            "": self._uploads.whole,
            "block": self._uploads.block,
            "blocklist": self._uploads.block_list,
        }
        put = puts.get(request.query_params.get("comp", ""))
        if put is None:
            raise BlobError(400, "InvalidQueryParameterValue", "comp is neither block nor blocklist.")
        return await put(request, link)
