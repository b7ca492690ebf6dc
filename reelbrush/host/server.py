"""The host's HTTP server on the loopback interface."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Generator, Sequence

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from reelbrush.errors import HostError
from reelbrush.host.access import LocalOnly
from reelbrush.host.bodies import Bodies, is_serious

_STOP_SECONDS = 2


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave signals to whoever runs the host."""
        yield


class LocalServer:
    """Serves routes on 127.0.0.1."""

    def __init__(self, port: int) -> None:
        """Bind the port; 0 takes a free one.

        Raises:
            HostError: the port is taken.
        """
        # asyncio switches Nagle's delay off only where the protocol is named: 40 ms on every kept connection
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind(("127.0.0.1", port))
        except OSError as error:
            self._socket.close()
            raise HostError(
                f"port {port} of 127.0.0.1 cannot be used: {error}", advice="choose another port"
            ) from error
        self.base_url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, routes: Sequence[BaseRoute]) -> None:
        """Serve the routes; when this returns, requests are answered."""
        app = Starlette(routes=list(routes), middleware=[Middleware(LocalOnly), Middleware(Bodies)])
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=_STOP_SECONDS,
        )
        for name in ("uvicorn.error", "asyncio"):
            logging.getLogger(name).addFilter(is_serious)  # once, however often it is added
        self._server = _Server(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started:
            if self._task.done():
                self._task.result()
                raise HostError("the HTTP server ended while it was starting")
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Answer what is being answered for up to two seconds, then close the port."""
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            await asyncio.gather(self._task, return_exceptions=True)
        self._socket.close()
