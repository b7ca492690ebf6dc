"""What a served app answers at all: the routes that its server was started with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from starlette.routing import BaseRoute, Mount, Route

from reelbrush.host.server import LocalServer


@contextmanager
def noted_routes() -> Iterator[list[str]]:
    """Yield a list to which servers that start within the block add "METHOD /path/{parameter}" of all."""
    found: list[str] = []
    start = LocalServer.start

    async def noting(self: LocalServer, routes: Sequence[BaseRoute]) -> None:
        found.extend(_listed(routes))
        await start(self, routes)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LocalServer, "start", noting)
        yield found


def _listed(routes: Sequence[BaseRoute], prefix: str = "") -> Iterator[str]:
    for route in routes:
        if isinstance(route, Mount):
            yield from _listed(route.routes, prefix + route.path)
        else:
            assert isinstance(route, Route), f"what is {route}?"
            yield from (f"{method} {prefix}{route.path}" for method in sorted(route.methods or ()))
