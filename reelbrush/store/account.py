"""Blobs of an Azure Storage account."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

from reelbrush.errors import StoreError
from reelbrush.job import BlobRef
from reelbrush.store.account_links import AccountLinks
from reelbrush.store.media_types import media_type
from reelbrush.store.port import Page, bad_token, missing
from reelbrush.store.range_reader import READ_AHEAD, RangeReader

_BLOCK_BYTES = 8 << 20  # four are in memory at once
_MOST_BYTES = 50_000 * _BLOCK_BYTES  # of a blob, which has so many blocks at most: 390 GiB
_NODE_IDENTITY = "DEFAULT_IDENTITY_CLIENT_ID"  # set on nodes of Azure Machine Learning
_BATCH = 256  # blobs that one request can delete


class BlobStore:
    """Containers of one Azure Storage account, whose SDK client is `service`."""

    def __init__(self, uri: str) -> None:
        from azure.storage.blob import BlobServiceClient

        self.uri = uri
        sizes: dict[str, Any] = {"max_block_size": _BLOCK_BYTES, "max_single_put_size": _BLOCK_BYTES}
        self._containers: set[str] = set()  # known to exist
        scheme, _, name = uri.partition(":")
        if scheme == "env":
            connection = os.environ.get(name)
            if not connection:
                raise StoreError(f"the variable {name} holds no connection string", retryable=False)
            self.service = BlobServiceClient.from_connection_string(connection, **sizes)
        else:
            from azure.identity import DefaultAzureCredential

            identity: dict[str, Any] = {}
            if "AZURE_CLIENT_ID" not in os.environ and os.environ.get(_NODE_IDENTITY):
                identity["managed_identity_client_id"] = os.environ[_NODE_IDENTITY]
            self.service = BlobServiceClient(uri, credential=DefaultAzureCredential(**identity), **sizes)

        self._links = AccountLinks(self.service)

    @property
    def address(self) -> str:
        """The account's address, without any secret."""
        return str(self.service.url).partition("?")[0]

    def _blob(self, container: str, name: str) -> Any:
        return self.service.get_blob_client(container, name)

    def stat(self, container: str, name: str) -> BlobRef | None:
        """See `Store.stat`."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            properties = self._blob(container, name).get_blob_properties()
        except ResourceNotFoundError:
            return None
        return BlobRef(container, name, str(properties.etag).strip('"'), int(properties.size))

    def open(self, container: str, name: str) -> BinaryIO:
        """See `Store.open`."""
        blob = self.stat(container, name)
        if blob is None:
            raise missing(container, name)
        raw = RangeReader(self._blob(container, name), blob.size, blob.etag)
        return cast("BinaryIO", io.BufferedReader(raw, READ_AHEAD))

    def read_bytes(self, container: str, name: str) -> bytes:
        """See `Store.read_bytes`."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            return self._blob(container, name).download_blob().readall()
        except ResourceNotFoundError:
            raise missing(container, name) from None

    def read_range(self, container: str, name: str, first: int, count: int) -> bytes:
        """See `Store.read_range`."""
        from azure.core.exceptions import HttpResponseError

        try:
            return self._blob(container, name).download_blob(first, max(1, count)).readall()[: max(0, count)]
        except HttpResponseError as error:
            if error.status_code == 404:
                raise missing(container, name) from None
            if error.status_code == 416:  # the blob ends before
                return b""
            raise

    def put_bytes(self, container: str, name: str, data: bytes) -> None:
        """See `Store.put_bytes`."""
        self._upload(container, name, data, len(data))

    def put_new_bytes(self, container: str, name: str, data: bytes) -> bool:
        """See `Store.put_new_bytes`."""
        from azure.core.exceptions import ResourceExistsError, ResourceModifiedError

        try:
            self._upload(container, name, data, len(data), new=True)
        except (ResourceExistsError, ResourceModifiedError):
            return False
        return True

    def put_file(self, container: str, name: str, path: Path, *, link: bool = False) -> None:
        """See `Store.put_file`. Raises StoreError (`too-large`) for more than blocks can hold."""
        size = path.stat().st_size
        if size > _MOST_BYTES:
            raise StoreError(
                f"{container}/{name} would have {size} bytes; blocks of this size hold {_MOST_BYTES}",
                advice="cut the video into shorter ones",
                retryable=False,
                code="too-large",
            )
        with path.open("rb") as file:
            self._upload(container, name, file, size)

    def _upload(
        self, container: str, name: str, data: bytes | BinaryIO, size: int, *, new: bool = False
    ) -> None:
        from azure.core.exceptions import ResourceNotFoundError
        from azure.storage.blob import ContentSettings

        def upload() -> None:
            self._blob(container, name).upload_blob(
                data,
                length=size,
                overwrite=not new,
                max_concurrency=4,
                content_settings=ContentSettings(content_type=media_type(name)),
            )

        try:
            upload()
        except ResourceNotFoundError:
            # not asked for before: who may write blobs of a container, may not make it
            self.ensure(container)
            if not isinstance(data, bytes):
                data.seek(0)
            upload()

    def list(self, container: str, prefix: str = "") -> Iterator[BlobRef]:
        """See `Store.list`."""
        from azure.core.exceptions import ResourceNotFoundError

        client = self.service.get_container_client(container)
        try:
            for blob in client.list_blobs(name_starts_with=prefix or None):
                yield _ref(container, blob)
        except ResourceNotFoundError:
            return

    def list_page(
        self,
        container: str,
        prefix: str,
        size: int,
        token: str = "",
        *,
        changed: tuple[datetime, datetime] | None = None,
    ) -> Page:
        """See `Store.list_page`."""
        from azure.core.exceptions import HttpResponseError

        client = self.service.get_container_client(container)
        found = client.list_blobs(name_starts_with=prefix or None, results_per_page=size)
        pages = found.by_page(continuation_token=token or None)
        try:
            blobs = tuple(
                _ref(container, blob)
                for blob in next(pages, ())
                if changed is None or (changed[0] <= blob.creation_time and blob.last_modified < changed[1])
            )
        except HttpResponseError as error:
            if error.status_code == 404:
                return Page((), "")
            if error.status_code == 400 and token:
                raise bad_token() from error
            raise
        return Page(blobs, str(getattr(pages, "continuation_token", None) or ""))

    def signed_url(
        self,
        container: str,
        name: str,
        *,
        write: bool,
        seconds: int,
        size: int | None = None,
        download_name: str | None = None,
    ) -> str:
        """See `Store.signed_url`."""
        if write:
            self.ensure(container)
        return self._links.url(container, name, write=write, seconds=seconds, download_name=download_name)

    def delete(self, container: str, name: str) -> None:
        """See `Store.delete`."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            self._blob(container, name).delete_blob()
        except ResourceNotFoundError:
            return

    def delete_prefix(self, container: str, prefix: str) -> None:
        """See `Store.delete_prefix`."""
        client = self.service.get_container_client(container)
        names = (blob.name for blob in self.list(container, prefix))
        while batch := list(islice(names, _BATCH)):
            for answer in client.delete_blobs(*batch, raise_on_any_failure=False):
                if answer.status_code not in (202, 404):
                    raise StoreError(
                        f"blobs below {container}/{prefix} could not be deleted: {answer.reason}"
                    )

    def ensure(self, container: str, *, retries: int = 3) -> None:
        """Make the container unless there is one of this name. Raises the SDK's error after `retries`."""
        from azure.core.exceptions import ResourceExistsError

        if container not in self._containers:
            with contextlib.suppress(ResourceExistsError):
                self.service.create_container(container, retry_total=retries)
            self._containers.add(container)


def _ref(container: str, blob: Any) -> BlobRef:
    return BlobRef(container, str(blob.name), str(blob.etag).strip('"'), int(blob.size))
