"""Who may call the server: keys, and no pages of other sites."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

_LOCAL_NAMES = ("127.0.0.1", "localhost")


class Access:
    """The function keys. Without any, whoever reaches the loopback interface may call everything.

    `durable_key` is the system key of the durable endpoints, of this process alone; "" without any keys.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = [key.encode() for key in keys]
        self.durable_key = secrets.token_urlsafe(32) if keys else ""

    def has_key(self, request: Request) -> bool:
        """Tell whether the request carries a key, in `x-functions-key` or `?code=`, or needs none."""
        given = (request.headers.get("x-functions-key") or request.query_params.get("code") or "").encode()
        return not self._keys or any(hmac.compare_digest(given, key) for key in self._keys)

    def has_durable_key(self, request: Request) -> bool:
        """Tell whether the request carries a key or that of the durable endpoints, in its path too."""
        given = request.path_params.get("key") or request.query_params.get("code") or ""
        return self.has_key(request) or hmac.compare_digest(given.encode(), self.durable_key.encode())


class DurableOnly:
    """Middleware of the durable endpoints that answers 401 to requests without one of their keys."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on or answer 401."""
        allowed = self._access.has_durable_key(Request(scope))
        await (self._app if allowed else Response(status_code=401))(scope, receive, send)


class LocalOnly:
    """Middleware that refuses requests which a web page of another site made a browser send.

    A page can send requests to 127.0.0.1, under its own name too when that name is made to resolve there.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on or answer 403."""
        if scope["type"] == "http":
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            host = headers.get("host", "")
            origin = headers.get("origin", "")
            if host.rsplit(":", 1)[0] not in _LOCAL_NAMES or origin not in ("", f"http://{host}"):
                await send({"type": "http.response.start", "status": 403, "headers": []})
                await send({"type": "http.response.body", "body": b""})
                return
        await self._app(scope, receive, send)
