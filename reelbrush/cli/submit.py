"""`reelbrush submit`: a video goes up, its job starts."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from reelbrush.cli.api import Api
from reelbrush.cli.blocks import send_file
from reelbrush.cli.calling import calling
from reelbrush.cli.exits import NOT_FOUND, OK
from reelbrush.cli.transfers import transfer_display
from reelbrush.cli.watching import watch
from reelbrush.job import Options, wishes_of


@dataclass(frozen=True)
class Submission:
    """What `reelbrush submit` was asked to do; `seconds` limits the watching, None means no limit."""

    source: Path
    style: str
    options: Options
    watch: bool
    seconds: float | None
    as_json: bool
    quiet: bool


def submit_file(request: Submission, url: str, key_file: Path | None) -> int:
    """Do the request and return the exit code."""
    if not request.source.is_file():
        print(f"there is no file {request.source}", file=sys.stderr)
        return NOT_FOUND
    return calling(url, key_file, lambda api: _submit(api, request))


def _submit(api: Api, request: Submission) -> int:
    wishes = wishes_of(request.options)
    size = request.source.stat().st_size
    ticket = api.upload(request.source.name, size, request.style, wishes)
    with transfer_display("uploading", size, request.quiet) as sent:
        send_file(request.source, size, ticket["uploadUrl"], ticket.get("headers", {}), sent)
    # the upload itself starts the same job too, a little later
    view = api.start(str(ticket["blob"]), request.style, wishes)
    job = str(view["id"])
    if not request.as_json:
        print(job, flush=True)
    elif not request.watch:
        print(json.dumps(view, ensure_ascii=False))
    if not request.watch:
        return OK
    code, last = watch(api, job, request.quiet, request.seconds)
    if request.as_json and last is not None:
        print(json.dumps(last, ensure_ascii=False))
    if code == OK and not request.quiet:
        print(f"to fetch it: reelbrush download {job} --url {api.base_url}", file=sys.stderr)
    return code
