"""Choosing the backend by setting. Each backend is imported only when it is chosen."""

from __future__ import annotations

import tempfile
from pathlib import Path

from reelbrush.compute.port import Compute
from reelbrush.errors import SettingsError
from reelbrush.settings import Settings
from reelbrush.store import FolderStore, open_store


def open_compute(settings: Settings) -> Compute:
    """Return the backend named by `settings.backend`. Raises SettingsError for one that is not available."""
    if settings.backend == "local":
        from reelbrush.compute.local import LocalCompute

        return LocalCompute(
            settings.store,
            local_runs_folder(settings.store),
            workers=settings.nodes,
            threads=settings.threads,
            processes=settings.processes,
            styles=settings.styles,
            run_seconds=settings.run_seconds,
        )
    raise SettingsError(
        f"the compute backend {settings.backend!r} is not part of this release",
        advice="set REELBRUSH_BACKEND=local",
    )


def local_runs_folder(store_uri: str) -> Path:
    """Return the folder in which the local backend keeps its records of processes for a store."""
    store = open_store(store_uri)
    if isinstance(store, FolderStore):
        return store.root / ".runs"
    return Path(tempfile.gettempdir()) / "reelbrush-runs"
