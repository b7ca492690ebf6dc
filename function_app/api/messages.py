"""What handlers take and give: an HTTP request and its answer, without any framework."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

JSON, PROBLEM = "application/json", "application/problem+json"

_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")


@dataclass(frozen=True)
class Request:
    """An HTTP request as it arrived; names of headers are lower case, `params` are the route's."""

    method: str
    url: str  # absolute
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    params: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""

    @property
    def base(self) -> str:
        """Scheme and authority that the caller used, seen through proxies, without a slash at the end."""
        parts = urlsplit(self.url)
        scheme = self._forwarded("x-forwarded-proto")
        host = self._forwarded("x-forwarded-host")
        scheme = scheme if scheme in ("http", "https") else parts.scheme
        return f"{scheme}://{host if _HOST.fullmatch(host) else parts.netloc}"

    @property
    def path(self) -> str:
        """The path of the URL, percent-encoded, without the query (which may hold a key)."""
        return quote(urlsplit(self.url).path, safe="/%:@!$&'()*+,;=-._~")

    def absolute(self, path: str) -> str:
        """Return the URL of `path`, which begins with a slash; a URL stays as it is."""
        return self.base + path if path.startswith("/") else path

    def _forwarded(self, name: str) -> str:
        return self.headers.get(name, "").partition(",")[0].strip()


@dataclass(frozen=True)
class Reply:
    """An HTTP answer. A dict becomes JSON; text and bytes need their `media_type`."""

    status: int
    body: dict[str, Any] | str | bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    media_type: str = JSON

    def content(self) -> bytes:
        """Return the body as it is sent."""
        if isinstance(self.body, dict):
            return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()
        return self.body.encode() if isinstance(self.body, str) else self.body
