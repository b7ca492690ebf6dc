"""Hosts for tests: they run in the test's event loop and are stopped when the test ends."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from reelbrush.host import Host

APPS = Path(__file__).parent / "apps"
HostFactory = Callable[..., Any]


@pytest.fixture(autouse=True)
def own_imports() -> Iterator[None]:
    """Leave the import system as it was: apps of tests are modules of the same name as the product's."""
    path = sys.path[:]
    loaded = {name: module for name, module in sys.modules.items() if _is_app(name)}
    yield
    sys.path[:] = path
    for name in [name for name in sys.modules if _is_app(name)]:
        del sys.modules[name]
    sys.modules.update(loaded)


def _is_app(module: str) -> bool:
    return module == "function_app" or module.startswith("function_app.")


@pytest.fixture
def run() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Run a coroutine to its end."""
    return asyncio.run


@pytest.fixture
def host(tmp_path: Path) -> HostFactory:
    """Give an asynchronous context manager that runs an app of tests/host/apps, with a durable client."""

    @asynccontextmanager
    async def running(app: str = "scenarios", **options: Any) -> AsyncIterator[tuple[Host, Any]]:
        import azure.durable_functions as df

        from reelbrush.host.rpc import client_binding

        (tmp_path / "store").mkdir(exist_ok=True)
        options.setdefault("store_root", tmp_path / "store")
        options.setdefault("poll_seconds", 0.03)
        async with Host(APPS / app, tmp_path / "data", **options) as started:
            yield started, df.DurableOrchestrationClient(client_binding(started.base_url))

    return running


@pytest.fixture
def scenario_app() -> Any:
    """Give the module of the scenarios app, with its counters at zero and nothing broken."""
    from reelbrush.host.loader import load_app

    load_app(APPS / "scenarios")
    module = sys.modules["function_app"]
    module.TRIES.clear()
    module.BROKEN.clear()
    return module


@pytest.fixture
def triggers_app(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give the module of the triggers app, which has seen nothing and breaks nowhere."""
    from reelbrush.host.loader import load_app

    monkeypatch.setenv("CLEAN_UP_AT", "0 0 4 * * *")
    load_app(APPS / "triggers")
    module = sys.modules["function_app"]
    module.SEEN.clear()
    module.BROKEN.clear()
    return module
