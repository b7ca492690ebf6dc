"""The app on this machine: embedded host, a folder or an account as store, local processes or a cluster."""

from __future__ import annotations

import logging
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path

from reelbrush.cli.app_folder import app_folder, styles_folder
from reelbrush.compute import open_compute
from reelbrush.errors import HostError
from reelbrush.host import Host
from reelbrush.settings import Settings
from reelbrush.store import FolderStore, Store

CONNECTION = "ReelbrushStorage"  # the app's name for the account that its blob trigger watches

QUEUES = "AzureWebJobsStorage"  # and for the account of the queue with events of uploads

_FOREVER_HOURS = 87_600
_LOG_BYTES = 10_000_000  # of one log file; three older ones are kept


def log_to(path: Path) -> None:
    """Send the log of this process to a file, so that the terminal shows progress alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    form = "%(asctime)s %(levelname)s %(name)s %(message)s"
    file = RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=3, encoding="utf-8")
    logging.basicConfig(handlers=[file], level=logging.INFO, format=form, force=True)
    for noisy in ("azure", "uvicorn.access", "uvicorn.error"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def local_host(
    store: Store,
    data: Path,
    *,
    workers: int | None = None,
    batch_frames: int | None = None,
    port: int = 0,
    keep_work: bool = True,
    style: str = "starry-night",
    backend: str = "local",
) -> Host:
    """Return a host, not yet started, for the product's app over a store.

    `workers` frames are painted at a time; None means one per core, or what `REELBRUSH_NODES` says where a
    cluster is the `backend`. Without `keep_work` the work of ended jobs is removed
    after `REELBRUSH_WORK_HOURS`. The app reads its settings from the environment, so this sets `REELBRUSH_*`
    of the current process. Raises HostError or SettingsError when the machine or the environment does not
    allow a run.
    """
    if backend == "local":
        workers = workers or len(os.sched_getaffinity(0))
    if workers:
        os.environ["REELBRUSH_NODES"] = str(workers)
    os.environ.update(
        REELBRUSH_STORE=store.uri,
        REELBRUSH_BACKEND=backend,
        REELBRUSH_BATCH_FRAMES=str(batch_frames or 0),
        REELBRUSH_STYLES=str(styles_folder()),
        REELBRUSH_DEFAULT_STYLE=style,
        REELBRUSH_BLOB_SOURCE="LogsAndContainerScan",
    )
    if isinstance(store, FolderStore):
        # events of an account's uploads are nothing to a folder, and who takes them takes them from others
        os.environ.pop("REELBRUSH_UPLOADS_QUEUE", None)
    if keep_work:
        os.environ["REELBRUSH_WORK_HOURS"] = str(_FOREVER_HOURS)
    os.environ.setdefault("REELBRUSH_POLL_SECONDS", "2")
    compute = open_compute(Settings.from_env())
    # what ails a cluster may be cured while the app runs: doctor and health tell it
    problems = compute.preflight() if backend == "local" else []
    if problems:
        raise HostError(
            "; ".join(finding.problem for finding in problems),
            advice="; ".join(finding.fix for finding in problems),
        )
    return Host(
        app_folder(),
        data,
        store_root=store.root if isinstance(store, FolderStore) else None,
        connections={} if isinstance(store, FolderStore) else _connections(store.uri),
        port=port,
        poll_seconds=0.1,
    )


def _connections(uri: str) -> dict[str, str]:
    """Return how triggers reach the account; the environment may name another for the queue of uploads."""
    scheme, _, name = uri.partition(":")
    blobs = os.environ[name] if scheme == "env" else uri
    if any(variable.split("__")[0] == QUEUES for variable in os.environ):
        return {CONNECTION: blobs}
    return {CONNECTION: blobs, QUEUES: blobs if scheme == "env" else uri.replace(".blob.", ".queue.", 1)}
