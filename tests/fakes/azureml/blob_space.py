"""The blobs of the workspace's storage account, and the signatures that open them."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import urllib.parse
from collections.abc import Callable

# Returns the bytes of what is not stored but made when it is asked for, such as a log; None when unknown.
Source = Callable[[str], bytes | None]


class BlobSpace:
    """Names are `container/path`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.sources: list[Source] = []
        self._key = secrets.token_bytes(16)
        self._blobs: dict[str, bytes] = {}
        self._metadata: dict[str, dict[str, str]] = {}
        self._blocks: dict[tuple[str, str], bytes] = {}
        self._lock = threading.Lock()

    def write(self, name: str, data: bytes) -> None:
        """Create or replace a blob."""
        with self._lock:
            self._blobs[name] = data
            self._metadata.pop(name, None)

    def stage(self, name: str, block: str, data: bytes) -> None:
        """Keep a block until it is committed."""
        with self._lock:
            self._blocks[name, block] = data

    def commit(self, name: str, blocks: list[str]) -> None:
        """Make a blob of staged blocks. Raises KeyError for an unknown one."""
        with self._lock:
            self._blobs[name] = b"".join(self._blocks.pop((name, block)) for block in blocks)

    def find(self, name: str) -> bytes | None:
        """Return a blob's bytes, None when there is no such blob."""
        with self._lock:
            data = self._blobs.get(name)
        if data is None:
            for source in self.sources:
                data = source(name)
                if data is not None:
                    break
        return data

    def read(self, name: str) -> bytes:
        """Return a blob's bytes. Raises KeyError."""
        data = self.find(name)
        if data is None:
            raise KeyError(name)
        return data

    def names(self, prefix: str) -> list[str]:
        """Return the names of stored blobs that begin so, sorted."""
        with self._lock:
            return sorted(name for name in self._blobs if name.startswith(prefix))

    def metadata(self, name: str) -> dict[str, str]:
        """Return a blob's metadata."""
        with self._lock:
            return dict(self._metadata.get(name, {}))

    def set_metadata(self, name: str, metadata: dict[str, str]) -> None:
        """Replace a blob's metadata."""
        with self._lock:
            self._metadata[name] = metadata

    def signed(self, name: str) -> str:
        """Return an address that opens one blob or, without a path, one container."""
        kind = "b" if "/" in name else "c"
        quoted = urllib.parse.quote(name)
        return f"{self.url}/{quoted}?sv=2021-08-06&sr={kind}&sp=racwl&sig={self._signature(name)}"

    def opens(self, signature: str, name: str) -> bool:
        """Return whether a signature was given for this blob or its container."""
        return any(
            hmac.compare_digest(signature, self._signature(scope)) for scope in (name, name.partition("/")[0])
        )

    def _signature(self, scope: str) -> str:
        return hmac.new(self._key, scope.encode(), hashlib.sha256).hexdigest()
