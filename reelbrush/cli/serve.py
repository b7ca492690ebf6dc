"""`reelbrush serve`: the app as a server on this machine, watching a folder."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from reelbrush.cli.local_app import local_host, log_to
from reelbrush.compute import local
from reelbrush.compute.select import local_runs_folder
from reelbrush.errors import ReelbrushError
from reelbrush.job.names import INPUT
from reelbrush.store import FolderStore


def serve_local(folder: Path, port: int, workers: int | None, style: str) -> int:
    """Serve until SIGINT or SIGTERM and return the exit code: 0, or 4 when the host cannot be started."""
    try:
        asyncio.run(_serve(FolderStore(folder), port, workers, style))
    except (ReelbrushError, OSError) as error:
        print(error, file=sys.stderr)
        return 4
    return 0


async def _serve(store: FolderStore, port: int, workers: int | None, style: str) -> None:
    (store.root / INPUT).mkdir(parents=True, exist_ok=True)
    log_to(store.root / ".host" / "log.txt")
    runs = local_runs_folder(store.uri)
    local.undrain(runs)
    host = local_host(store, store.root / ".host", workers=workers, port=port, keep_work=False, style=style)
    await host.start()
    print(
        f"serving {host.base_url}; put videos into {store.root / INPUT}/STYLE/", file=sys.stderr, flush=True
    )
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    try:
        await stopped.wait()
    finally:
        local.drain(runs)
        await host.stop(grace_seconds=10)
