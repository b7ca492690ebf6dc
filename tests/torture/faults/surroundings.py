"""The app of this process lives in a world: its settings, its ports, its time."""

from __future__ import annotations

import importlib
import sys
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from activities.services import services
from reelbrush.compute import Compute
from reelbrush.settings import Settings
from reelbrush.store import Store
from tests.conftest import ROOT
from tests.torture.faults.film import SEGMENT_FRAMES
from tests.torture.faults.lives import Died
from tests.torture.faults.world import POLL_SECONDS, QUEUE_MINUTES, RUN_SECONDS, STYLE, World

WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
_WITH_TIME = (
    "activities.approval",
    "activities.marks",
    "activities.stalled",
    "activities.submit",
    "function_app.api.bind",
    "function_app.start",
    "function_app.upkeep.timer",
)


_ours: dict[str, ModuleType] = {}  # the product's app; other tests load others under the same name


@contextmanager
def living_in(world: World) -> Generator[None]:
    """Let the app live there; at the end its cluster is gone."""

    class Moment(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return world.now.astimezone(tz)

    clock = SimpleNamespace(
        time_ns=lambda: world.clock.now() * 1000,
        time=lambda: world.clock.now() / 1e6,
        monotonic=time.monotonic,
    )
    usual = threading.excepthook

    def unless_died(what: threading.ExceptHookArgs) -> None:
        if what.exc_type is not Died:
            usual(what)

    def store_of_app(uri: str) -> Store:
        return world.store_of_app()

    def compute_of_app(settings: Settings) -> Compute:
        return world.compute_of_app()

    with pytest.MonkeyPatch.context() as patch:
        for name, value in _settings(world).items():
            patch.setenv(f"REELBRUSH_{name}", value)
        patch.setattr(tempfile, "tempdir", str(world.temporary))
        patch.setattr("activities.services.open_store", store_of_app)
        patch.setattr("activities.services.open_compute", compute_of_app)
        patch.setattr(threading, "excepthook", unless_died)
        patch.syspath_prepend(str(ROOT))
        _swap(patch)
        for name in _WITH_TIME:
            module = importlib.import_module(name)
            for attribute, value in (("time", clock), ("datetime", Moment)):
                if hasattr(module, attribute):
                    patch.setattr(module, attribute, value)
        try:
            yield
        finally:
            world.cluster.kill()
            services.cache_clear()
            _ours.update({name: module for name, module in sys.modules.items() if _is_app(name)})
            for name in _ours:
                patch.delitem(sys.modules, name)


def _swap(patch: pytest.MonkeyPatch) -> None:
    """Put the modules of another app aside, and those of the product's in their place."""
    for name in [name for name in sys.modules if _is_app(name)]:
        patch.delitem(sys.modules, name)
    for name, module in _ours.items():
        patch.setitem(sys.modules, name, module)


def _is_app(module: str) -> bool:
    return module == "function_app" or module.startswith("function_app.")


def _settings(world: World) -> dict[str, str]:
    common = {
        "STORE": world.store.uri,
        "BATCH_FRAMES": str(3 * SEGMENT_FRAMES),
        "NODES": "4",
        "STYLES": str(world.folder / "styles"),
        "DEFAULT_STYLE": STYLE,
        "RUN_SECONDS": str(RUN_SECONDS),
        "QUEUE_MINUTES": str(QUEUE_MINUTES),
        "WORK_HOURS": str(world.work_hours),
        "BLOB_SOURCE": "LogsAndContainerScan",
    }
    if world.mode == "local":
        return {**common, "BACKEND": "local", "POLL_SECONDS": "0.05"}
    cluster = {"BACKEND": "azureml-v2", "WORKSPACE": WORKSPACE, "POLL_SECONDS": str(POLL_SECONDS)}
    return {**common, **cluster}
