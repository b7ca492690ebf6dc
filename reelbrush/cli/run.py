"""`reelbrush run`: one video through the whole app on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reelbrush.cli.api import Api
from reelbrush.cli.local_app import local_host, log_to
from reelbrush.cli.progress import Display, open_display
from reelbrush.cli.styles import list_cards
from reelbrush.cli.summary import summary_block
from reelbrush.compute import local
from reelbrush.compute.select import local_runs_folder
from reelbrush.errors import HostError, ReelbrushError, StoreError
from reelbrush.host import Host
from reelbrush.job import BlobRef, Options, job_id, slug, starts_job
from reelbrush.job.names import INPUT
from reelbrush.store import FolderStore

OK, FAILED, USAGE, NOT_FOUND, UNREACHABLE, INTERRUPTED = 0, 1, 2, 3, 4, 130
LOOK_SECONDS = 0.25  # between two looks at the job


@dataclass(frozen=True)
class RunRequest:
    """What `reelbrush run` was asked to do. `workers` and `batch_frames` None mean: planned."""

    source: Path
    output: Path
    style: str
    options: Options
    workers: int | None
    batch_frames: int | None
    keep: bool
    work_dir: Path
    as_json: bool
    quiet: bool


def run_local(request: RunRequest) -> int:
    """Do the request and return the exit code. Nothing is raised for a video that cannot be served."""
    if not request.source.is_file():
        print(f"there is no file {request.source}", file=sys.stderr)
        return NOT_FOUND
    known = [line.name for line in list_cards()]
    if request.style not in known:
        print(f"there is no style {request.style!r}; known are {', '.join(known)}", file=sys.stderr)
        return USAGE
    if request.output.exists() and request.output.samefile(request.source):
        print("the output must not be the source itself", file=sys.stderr)
        return USAGE
    request.output.parent.mkdir(parents=True, exist_ok=True)
    try:
        return asyncio.run(_run(request))
    except HostError as error:
        print(error, file=sys.stderr)
        return UNREACHABLE
    except ReelbrushError as error:
        print(error, file=sys.stderr)
        return FAILED


async def _run(request: RunRequest) -> int:
    log_to(request.work_dir / "log.txt")
    store = FolderStore(request.work_dir / "store")
    runs = local_runs_folder(store.uri)
    local.undrain(runs)
    source = await asyncio.to_thread(_upload, store, request)
    job = job_id(source, request.style, request.options)
    host = local_host(
        store,
        request.work_dir / "host",
        workers=request.workers,
        batch_frames=request.batch_frames,
        style=request.style,
    )
    display = open_display(request.quiet)
    began = time.monotonic()
    stop = _Interrupts(runs, display.say)
    try:
        await host.start()
        with stop.caught():
            view = await _watch(host, job, source, display, stop)
    finally:
        display.close()
        await host.stop(grace_seconds=30)
    if view is None:
        print(f"interrupted; the same command resumes from {request.work_dir}", file=sys.stderr)
        return INTERRUPTED
    return _end(request, store, view, time.monotonic() - began)


def _upload(store: FolderStore, request: RunRequest) -> BlobRef:
    """Put the source into the store by a name that surely starts a job, with its options beside it."""
    name = f"{request.style}/{request.source.name}"
    try:
        store.path(INPUT, f"{name}.json")
        name.encode()
        usable = starts_job(name)
    except (StoreError, UnicodeEncodeError):
        usable = False
    if not usable:
        name = f"{request.style}/{slug(request.source.name)}{request.source.suffix[:8]}"
        name = name if starts_job(name) else f"{request.style}/video"
    sidecar = {"style": request.style, "options": vars(request.options)}
    store.put_bytes(INPUT, f"{name}.json", json.dumps(sidecar).encode())
    store.put_file(INPUT, name, request.source.resolve(), link=True)
    blob = store.stat(INPUT, name)
    if blob is None:
        raise StoreError(f"{request.source} vanished while it was taken in")
    return blob


async def _watch(
    host: Host, job: str, source: BlobRef, display: Display, stop: _Interrupts
) -> dict[str, Any] | None:
    """Follow the job to its end and return its last view; None when interrupted."""
    api = Api(host.base_url)
    view = await asyncio.to_thread(api.job, job)
    if view is not None and view["status"] in ("Failed", "Canceled"):
        await asyncio.to_thread(
            api.retry, job
        )  # an earlier command left it so: asking again means trying again
    while True:
        view = await asyncio.to_thread(api.job, job)
        if view is None:
            outcome = host.blob_outcome(source.container, source.name)
            if outcome is not None and outcome.error:
                raise HostError(f"the upload could not start a job: {outcome.error}")
        elif "endedAt" in view:
            return view
        else:
            display.show(view)
        if stop.count and stop.drained():
            return None
        await asyncio.sleep(LOOK_SECONDS)


def _end(request: RunRequest, store: FolderStore, view: dict[str, Any], seconds: float) -> int:
    if view["status"] != "Succeeded":
        error = view.get("error", {"code": "canceled", "message": "the job was canceled"})
        if request.as_json:
            print(json.dumps(view, ensure_ascii=False))
        print(f"{request.source.name}: {error['message']}", file=sys.stderr)
        if error["code"] not in ("scoring", "run-lost", "internal", "store", "out-of-memory"):
            shutil.rmtree(request.work_dir, ignore_errors=True)  # nothing that a second try could use
        else:
            print(
                f"the work and its log.txt are kept in {request.work_dir}; the same command resumes",
                file=sys.stderr,
            )
        return FAILED
    container, _, name = str(view["result"]["blob"]).partition("/")
    made = store.path(container, name)
    target = request.output
    if made.suffix.lower() != target.suffix.lower():
        target = target.with_suffix(made.suffix)
    temporary = target.with_name(f".{target.name[:200]}.part")
    shutil.copyfile(made, temporary) if request.keep else shutil.move(made, temporary)
    temporary.replace(target)
    if not request.keep:
        shutil.rmtree(request.work_dir, ignore_errors=True)
    view["result"]["path"] = str(target)
    view["elapsedSeconds"] = round(seconds, 2)
    if request.as_json:
        print(json.dumps(view, ensure_ascii=False))
    else:
        if not request.quiet:
            print(summary_block(request.source, target, view, seconds), file=sys.stderr)
        print(target)
    return OK


class _Interrupts:
    """Counts Ctrl-C: the first lets running segments finish, the second ends everything."""

    def __init__(self, runs: Path, say: Callable[[str], None]) -> None:
        self.count = 0
        self._runs, self._say = runs, say

    @contextlib.contextmanager
    def caught(self) -> Any:
        """Handle SIGINT and SIGTERM inside the block."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._hit)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    def _hit(self) -> None:
        self.count += 1
        if self.count == 1:
            self._say("finishing the segments that are being painted; Ctrl-C again stops at once")
            local.drain(self._runs)
        else:
            local.kill(self._runs)
            os._exit(INTERRUPTED)  # threads inside FFmpeg would keep the process; all state is on disk

    def drained(self) -> bool:
        """Whether no scoring process is left."""
        return local.running(self._runs) == 0
