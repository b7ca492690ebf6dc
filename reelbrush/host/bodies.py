"""Bodies of requests: how much of one is read, and what becomes of a sender who breaks off or never ends."""

from __future__ import annotations

import contextlib
import logging

from h11 import LocalProtocolError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_BYTES = 100 << 20  # of a request to a function; Azure answers 413 to more
_OWN_BYTES = 16 << 20  # of one to the host itself
_OWN = ("/durabletask", "/runtime/", "/admin/")
_STREAMED = "/blobs/"  # goes to the disk, and its address says how much it may be


class Bodies:
    """Middleware that answers 413 to bodies above the limits, and closes a connection with an unread rest."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its body counted."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        path, read, whole = str(scope["path"]), 0, False
        # functions answer by themselves at their limit; this one is behind it
        most = _OWN_BYTES if path.startswith(_OWN) else 2 * BODY_BYTES

        async def counted() -> Message:
            nonlocal read, whole
            message = await receive()
            read += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if read > most and not path.startswith(_STREAMED):
                raise HTTPException(413)
            return message

        async def closing(message: Message) -> None:
            if message["type"] == "http.response.start" and read and not whole:
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        with contextlib.suppress(ClientDisconnect):  # nobody is left to be answered
            await self._app(scope, counted, closing)


def is_serious(record: logging.LogRecord) -> bool:
    """Whether a line of the HTTP server's log is more than a sender who broke the protocol on the way."""
    kind = record.exc_info[0] if record.exc_info else None
    return kind is None or not issubclass(kind, LocalProtocolError)
