"""`reelbrush download`: the output of a finished job as a file."""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath
from typing import Any

from reelbrush.cli.api import Api
from reelbrush.cli.calling import calling, unknown
from reelbrush.cli.deliver import target_of
from reelbrush.cli.exits import FAILED, OK
from reelbrush.cli.fetch import fetch_file
from reelbrush.cli.transfers import transfer_display


def download_output(job: str, output: Path | None, quiet: bool, url: str, key_file: Path | None) -> int:
    """Fetch a job's output, print where it is and return the exit code."""
    return calling(url, key_file, lambda api: _download(api, job, output, quiet))


def _download(api: Api, job: str, output: Path | None, quiet: bool) -> int:
    view = api.job(job)
    if view is None:
        return unknown(job)
    if view["status"] != "Succeeded":
        print(_why_not(view), file=sys.stderr)
        return FAILED
    result = view["result"]
    target = _target(result["blob"], output)
    if output is not None and target != output and not output.is_dir():
        print(f"the output's container is {target.suffix}: it becomes {target}", file=sys.stderr)
    target.parent.mkdir(parents=True, exist_ok=True)
    size = int(result["sizeBytes"])
    with transfer_display("downloading", size, quiet) as received:
        fetch_file(api.absolute(result["url"]), target, size, received)
    print(target)
    return OK


def _target(blob: str, output: Path | None) -> Path:
    """Where the output goes. The app's name counts only as far as it is a plain file name."""
    name = PurePosixPath(blob).name.replace("\\", "_").lstrip(".") or "output.mp4"
    if output is None:
        return Path(name)
    if output.is_dir():
        return output / name
    return target_of(output, Path(name), Path())


def _why_not(view: dict[str, Any]) -> str:
    job = view["id"]
    if view["status"] in ("Failed", "Canceled"):
        return f"{job} has no output: it {'failed' if view['status'] == 'Failed' else 'was canceled'}"
    return f"{job} is not finished ({view['summary']}); `reelbrush status {job} --watch` waits for it"
