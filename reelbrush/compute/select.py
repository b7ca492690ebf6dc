"""Choosing the backend by setting. Each backend is imported only when it is chosen."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from reelbrush.compute.port import Compute
from reelbrush.errors import SettingsError
from reelbrush.settings import Settings
from reelbrush.store import BlobStore, FolderStore, open_store


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
    """Return the folder in which the local backend keeps its records of processes for a store.

    For a remote store it is a folder of this user alone, since what lies there is started and signalled. It
    is named by the account's address, since a variable can hold another account the next time.
    """
    store = open_store(store_uri)
    if isinstance(store, FolderStore):
        return store.root / ".runs"
    address = store.address if isinstance(store, BlobStore) else store_uri
    own = Path(tempfile.gettempdir()) / f"reelbrush-{os.getuid()}"
    own.mkdir(mode=0o700, exist_ok=True)
    if own.stat().st_uid != os.getuid():
        raise SettingsError(f"{own} belongs to somebody else", advice="set TMPDIR to a folder of your own")
    return own / hashlib.sha256(address.encode()).hexdigest()[:16]
