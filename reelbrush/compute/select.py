"""Choosing the backend by setting. Each backend is imported only when it is chosen."""

from __future__ import annotations

import hashlib
from pathlib import Path

from reelbrush.compute.own_folder import own_folder
from reelbrush.compute.port import Compute
from reelbrush.errors import SettingsError
from reelbrush.settings import Settings
from reelbrush.store import BlobStore, FolderStore, open_store


def open_compute(settings: Settings) -> Compute:
    """Return the backend named by `settings.backend`. Raises SettingsError for one that cannot work."""
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
    if settings.store.startswith("folder:"):
        raise SettingsError(
            f"nodes of the cluster {settings.cluster!r} cannot reach the store {settings.store!r}",
            advice="set REELBRUSH_STORE to a storage account's https address, or REELBRUSH_BACKEND=local",
        )
    if settings.backend == "azureml":
        from reelbrush.compute.azureml import AzureMLCompute

        return AzureMLCompute(settings)
    from reelbrush.compute.azureml_v2 import AzureMLV2Compute

    return AzureMLV2Compute(settings)


def local_runs_folder(store_uri: str) -> Path:
    """Return the folder in which the local backend keeps its records of processes for a store.

    For a remote store it is a folder of this user alone, since what lies there is started and signalled. It
    is named by the account's address, since a variable can hold another account the next time.
    """
    store = open_store(store_uri)
    if isinstance(store, FolderStore):
        return store.root / ".runs"
    address = store.address if isinstance(store, BlobStore) else store_uri
    return own_folder() / hashlib.sha256(address.encode()).hexdigest()[:16]
