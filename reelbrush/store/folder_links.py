"""Signed addresses of a folder store's blobs: like a shared access signature, checked by whoever serves them.

`/blobs/<container>/<name>?se=<end>&sp=<r or c>[&sz=<bytes>][&rscd=<disposition>]&sig=<HMAC-SHA256>`
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

READ, WRITE = "r", "c"
_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Link:
    """What a signed address allows: `permission` READ or WRITE on one blob until `end`, UTC, exclusive.

    WRITE makes the blob and never changes one that is there. `size` limits in bytes what may be written;
    `disposition` is the Content-Disposition of what is read.
    """

    container: str
    name: str
    permission: str
    end: datetime
    size: int | None = None
    disposition: str = ""

    def url(self, key: bytes) -> str:
        """Return the address, relative to the host."""
        query = {"se": self.end.strftime(_TIME), "sp": self.permission}
        if self.size is not None:
            query["sz"] = str(self.size)
        if self.disposition:
            query["rscd"] = self.disposition
        path = f"/blobs/{quote(self.container)}/{quote(self.name, safe='/~')}"
        return f"{path}?{urlencode({**query, 'sig': self._signature(key)}, quote_via=quote)}"

    def _signature(self, key: bytes) -> str:
        said = [
            self.container,
            self.name,
            self.permission,
            self.end.strftime(_TIME),
            self.size,
            self.disposition,
        ]
        digest = hmac.new(key, json.dumps(said).encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    @staticmethod
    def check(key: bytes, container: str, name: str, query: Mapping[str, str], now: datetime) -> Link | None:
        """Return what the address of a request allows, or None if it was not signed with `key` or is over."""
        try:
            end = datetime.strptime(query.get("se", ""), _TIME).replace(tzinfo=UTC)
            size = int(query["sz"]) if "sz" in query else None
        except ValueError:
            return None
        link = Link(container, name, query.get("sp", ""), end, size, query.get("rscd", ""))
        given = query.get("sig", "").encode("utf-8", "replace")
        genuine = hmac.compare_digest(given, link._signature(key).encode())
        return link if genuine and now < end else None


def end_of(seconds: int, now: datetime) -> datetime:
    """Return the end of an address that lasts `seconds` from `now` on, rounded up to a whole minute."""
    end = now + timedelta(seconds=seconds)
    rest = timedelta(seconds=end.second, microseconds=end.microsecond)
    return end - rest + timedelta(minutes=1) if rest else end


def link_key(root: Path) -> bytes:
    """Return the secret that signs addresses of the store at `root`, 32 bytes, made at the first call."""
    path = root / ".keys" / "url"
    try:
        return path.read_bytes()
    except FileNotFoundError:
        pass
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(secrets.token_hex(8))
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(32))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass  # another process was first; its key holds
    finally:
        temporary.unlink()
    return path.read_bytes()
