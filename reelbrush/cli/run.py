"""`reelbrush run`: one video through the whole app on this machine."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reelbrush.cli.api import Api
from reelbrush.cli.deliver import deliver, target_of
from reelbrush.cli.exits import FAILED, NOT_FOUND, OK, UNREACHABLE, USAGE
from reelbrush.cli.follow import ended
from reelbrush.cli.interrupts import Interrupts
from reelbrush.cli.local_app import local_host, log_to
from reelbrush.cli.progress import Display, open_display
from reelbrush.cli.styles import list_cards
from reelbrush.cli.summary import summary_block
from reelbrush.cli.work_folder import WorkFolder
from reelbrush.compute import local
from reelbrush.compute.select import local_runs_folder
from reelbrush.errors import ApiError, HostError, ReelbrushError, StoreError
from reelbrush.host import Host
from reelbrush.job import BlobRef, Options, WorkNames, job_id, slug, starts_job, wishes_of
from reelbrush.job.names import INPUT, WORK
from reelbrush.store import FolderStore

LOOK_SECONDS = 1.0  # between two looks at the job, whose end tells itself
LAST_SECONDS = 2.0  # that scoring processes have to end by themselves after the job


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
    try:
        problem = _problem(request)
        if problem is not None:
            print(problem[1], file=sys.stderr)
            return problem[0]
        request.output.parent.mkdir(parents=True, exist_ok=True)
        work = WorkFolder.of(request.work_dir, request.source, request.style, request.options)
        began = time.monotonic()
        view = asyncio.run(_run(request, work))
        return _end(request, work, view, time.monotonic() - began)
    except (HostError, ApiError) as error:
        print(error, file=sys.stderr)
        return UNREACHABLE
    except (ReelbrushError, OSError) as error:
        print(error, file=sys.stderr)
        return FAILED


def _problem(request: RunRequest) -> tuple[int, str] | None:
    if not request.source.is_file():
        return NOT_FOUND, f"there is no file {request.source}"
    known = {line.name: line for line in list_cards()}
    precision = request.options.precision
    for style in (request.style, request.options.mix):
        if style is not None and style not in known:
            return USAGE, f"there is no style {style!r}; known are {', '.join(known)}"
        if style is not None and precision not in known[style].precisions:
            having = ", ".join(name for name, line in known.items() if precision in line.precisions)
            missing = f"style {style} has no {precision} variant; those that have are {having}"
            return USAGE, f"{missing}. Use --precision float32, or make one: python -m training quantise"
    if request.output.exists() and request.output.samefile(request.source):
        return USAGE, "the output must not be the source itself"
    return None


async def _run(request: RunRequest, work: WorkFolder) -> dict[str, Any]:
    """Bring the job to its end and return its last view; an interrupt ends the process."""
    log_to(work.log)
    store = work.store
    runs = local_runs_folder(store.uri)
    host = local_host(
        store, work.host, workers=request.workers, batch_frames=request.batch_frames, style=request.style
    )
    local.undrain(runs)
    source = await asyncio.to_thread(_upload, store, request)
    job = job_id(source, request.style, request.options)
    display = open_display(request.quiet)
    stop = Interrupts(runs, display)
    with stop.caught():
        try:
            await host.start()
            view = await _watch(host, job, source, display, stop)
            if view is not None and view["status"] == "Succeeded":
                # before the host takes its time to stop; copying to another disk lets interrupts through
                await asyncio.to_thread(_deliver, request, work, view)
        finally:
            display.close()
            await host.stop(grace_seconds=5 if stop.count else 30)
        if view is None:
            print(f"interrupted; the same command resumes from {work.base}", file=sys.stderr, flush=True)
            stop.leave()
        return view


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
    sidecar = {"style": request.style, "options": wishes_of(request.options)}
    store.put_bytes(INPUT, f"{name}.json", json.dumps(sidecar).encode())
    store.put_file(INPUT, name, request.source.resolve(), link=True)
    blob = store.stat(INPUT, name)
    if blob is None:
        raise StoreError(f"{request.source} vanished while it was taken in")
    return blob


async def _watch(
    host: Host, job: str, source: BlobRef, display: Display, stop: Interrupts
) -> dict[str, Any] | None:
    """Follow the job to its end and return its last view; None when interrupted."""
    api = Api(host.base_url)
    view = await asyncio.to_thread(api.job, job)
    before = host.blob_outcome(source.container, source.name)
    # an earlier command left it so: asking again means trying again
    if view is not None and view["status"] in ("Failed", "Canceled"):
        await asyncio.to_thread(api.retry, job)
    elif view is None and before is not None and before.error:
        await asyncio.to_thread(api.tell_again, before.function, f"{source.container}/{source.name}")
    finished = asyncio.create_task(host.wait(job))
    while True:
        view = await asyncio.to_thread(api.job, job)
        if view is None:
            outcome = host.blob_outcome(source.container, source.name)
            if outcome is not None and outcome.error and outcome != before:
                raise HostError(f"the upload could not start a job: {outcome.error}")
        elif ended(view):
            return view
        else:
            display.show(view)
        if stop.drained():
            finished.cancel()
            return None
        await asyncio.wait({finished}, timeout=LOOK_SECONDS)


def _end(request: RunRequest, work: WorkFolder, view: dict[str, Any], seconds: float) -> int:
    if view["status"] != "Succeeded":
        return _failed(request, work, view)
    if "path" not in view["result"]:  # an earlier command was cut off while it cleaned up
        work.remove()
        return run_local(request)
    target = Path(view["result"]["path"])
    local.reap(local_runs_folder(work.store.uri), LAST_SECONDS)
    if not request.keep:
        work.remove()
    view["elapsedSeconds"] = round(seconds, 2)
    if target != request.output:
        print(f"a track does not fit into {request.output.suffix}: the output is {target}", file=sys.stderr)
    if request.as_json:
        print(json.dumps(view, ensure_ascii=False))
    else:
        if not request.quiet:
            print(summary_block(request.source, target, view, seconds), file=sys.stderr)
        print(target)
    return OK


def _deliver(request: RunRequest, work: WorkFolder, view: dict[str, Any]) -> None:
    """Put the output where it was wished and note that as the result's "path"; nothing when it is gone."""
    container, _, name = str(view["result"]["blob"]).partition("/")
    made = work.store.path(container, name)
    if made.exists():
        target = target_of(request.output, made, request.source)
        deliver(made, target)
        view["result"]["path"] = str(target)


def _failed(request: RunRequest, work: WorkFolder, view: dict[str, Any]) -> int:
    error = view.get("error", {"code": "canceled", "message": "the job was canceled"})
    if request.as_json:
        print(json.dumps(view, ensure_ascii=False))
    print(f"{request.source.name}: {error['message']}", file=sys.stderr)
    local.kill(local_runs_folder(work.store.uri))
    if work.store.stat(WORK, WorkNames(view["id"]).manifest) is None:
        work.remove()  # it was refused before there was anything to keep
    else:
        print(f"the work and its log are kept in {work.folder}; the same command resumes", file=sys.stderr)
    return FAILED
