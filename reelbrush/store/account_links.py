"""Short-lived addresses of single blobs of a storage account: shared access signatures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from reelbrush.errors import StoreError
from reelbrush.store.folder_links import end_of
from reelbrush.store.media_types import attachment, media_type

if TYPE_CHECKING:
    from azure.storage.blob import BlobServiceClient, UserDelegationKey

EMULATOR = "devstoreaccount1"  # the account that every storage emulator has

_SKEW = timedelta(minutes=15)  # between the clocks of this machine and of the account
_KEY_LIFE = timedelta(days=1)
_LONGEST_KEY_LIFE = timedelta(days=7)
_LONG_ENOUGH = timedelta(days=6)  # that a key still lives: what it cuts off an address is not worth another


class AccountLinks:
    """Signs addresses with the account's key if the client has it, else for its signed-in identity."""

    def __init__(self, service: BlobServiceClient) -> None:
        self._service = service
        self._delegation: tuple[UserDelegationKey, datetime] | None = None  # the key and its end

    def url(
        self, container: str, name: str, *, write: bool, seconds: int, download_name: str | None = None
    ) -> str:
        """See `Store.signed_url`. Raises StoreError without a key or an identity to sign with.

        From version 2026-04-06 on an account takes blocks by the right to create; the emulator does not yet,
        so that only there a blob can be replaced by the address that made it.
        """
        from azure.storage.blob import BlobSasPermissions, generate_blob_sas

        client = self._service.get_blob_client(container, name)
        end = end_of(seconds, datetime.now(UTC))
        signer, end = self._signer(end)
        reading: dict[str, Any] = {} if write else {"content_type": media_type(name)}
        if download_name:
            reading["content_disposition"] = attachment(download_name)
        sas = generate_blob_sas(
            str(self._service.account_name),
            container,
            name,
            permission=BlobSasPermissions(
                read=not write, create=write, write=write and self._service.account_name == EMULATOR
            ),
            expiry=end,
            protocol="https" if client.url.startswith("https:") else None,
            **signer,
            **reading,
        )
        return f"{client.url}?{sas}"

    def _signer(self, end: datetime) -> tuple[dict[str, Any], datetime]:
        credential: Any = self._service.credential
        if hasattr(credential, "account_key"):
            return {"account_key": credential.account_key}, end
        if not hasattr(credential, "get_token"):
            raise StoreError(
                "the store's connection string holds no account key, so addresses cannot be signed",
                advice="use https://ACCOUNT.blob.core.windows.net, or a connection string with AccountKey",
                retryable=False,
                code="cannot-sign",
            )
        now = datetime.now(UTC)
        if self._delegation is None or self._delegation[1] < min(end, now + _LONG_ENOUGH):
            start = now - _SKEW
            key_end = min(max(end, start + _KEY_LIFE), start + _LONGEST_KEY_LIFE).replace(microsecond=0)
            self._delegation = (self._service.get_user_delegation_key(start, key_end), key_end)
        key, key_end = self._delegation
        return {"user_delegation_key": key}, min(end, key_end)
