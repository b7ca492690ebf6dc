"""`reelbrush serve`: the app as a server on this machine, over a folder or a storage account."""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from reelbrush.cli.local_app import local_host, log_to
from reelbrush.compute import local
from reelbrush.compute.select import local_runs_folder
from reelbrush.errors import ReelbrushError, StoreError
from reelbrush.job.names import INPUT
from reelbrush.settings import chosen_backend
from reelbrush.store import BlobStore, FolderStore, Store, open_store
from reelbrush.store.account_cors import allow_origins, cors_command
from reelbrush.store.account_links import EMULATOR


@dataclass(frozen=True)
class ServeRequest:
    """What the command line asks for.

    `store` is a URI, or None for the folder itself; `folder` holds log and history in any case. `workers`
    None means one scoring process per core. `style` is for uploads that name none.
    """

    folder: Path
    store: str | None
    port: int
    workers: int | None
    style: str


def serve_local(request: ServeRequest) -> int:
    """Serve until SIGINT or SIGTERM and return the exit code: 0, or 4 when the host cannot be started."""
    from azure.core.exceptions import AzureError

    try:
        asyncio.run(_serve(request, _store(request)))
    except (ReelbrushError, OSError) as error:
        print(error, file=sys.stderr)
        return 4
    except AzureError as error:
        print(f"the storage account cannot be used: {error.message}", file=sys.stderr)
        return 4
    return 0


def _store(request: ServeRequest) -> Store:
    if request.store is None:
        return FolderStore(request.folder)
    try:
        return open_store(request.store)
    except ValueError as error:
        # The SDK's message would repeat the connection string, which holds a key.
        raise StoreError("the connection string is malformed", retryable=False) from error


async def _serve(request: ServeRequest, store: Store) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    data = request.folder / ".host"
    log_to(data / "log.txt")
    where = await asyncio.to_thread(_prepare, store)
    runs = local_runs_folder(store.uri)
    local.undrain(runs)
    host = local_host(
        store,
        data,
        workers=request.workers,
        port=request.port,
        keep_work=False,
        style=request.style,
        backend=chosen_backend(os.environ),
    )
    await host.start()
    try:
        to_do = await asyncio.to_thread(_open_to_page, store, host.base_url)
        print(f"serving {host.base_url}/; put videos into {where}/STYLE/{to_do}", file=sys.stderr, flush=True)
        await asyncio.to_thread(_get_ready)
        await stopped.wait()
    finally:
        local.drain(runs)
        await host.stop(grace_seconds=10)


def _get_ready() -> None:
    """Import what the first upload would wait for: the app leaves it to the steps that need it."""
    for module in ("av", "reelbrush.media.split", "reelbrush.media.stitch"):  # av whole first: see `services`
        importlib.import_module(module)


def _prepare(store: Store) -> str:
    if isinstance(store, FolderStore):
        (store.root / INPUT).mkdir(parents=True, exist_ok=True)
        return str(store.root / INPUT)
    if isinstance(store, BlobStore):
        store.ensure(INPUT, retries=0)  # whoever typed the address waits for the answer
    return INPUT


def _open_to_page(store: Store, base_url: str) -> str:
    """Let the page send uploads to an account, or return what its owner has to do for that."""
    if not isinstance(store, BlobStore):
        return ""
    origins = [base_url, base_url.replace("127.0.0.1", "localhost")]
    if store.service.account_name != EMULATOR:
        return f"\nuploads from the page need: {cors_command(store, origins)}"
    allow_origins(store, origins)
    return ""
