"""`reelbrush quote`: what painting a video would take, asked of an app or reckoned here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reelbrush.cli.api import Api
from reelbrush.cli.app_folder import styles_folder
from reelbrush.cli.calling import calling
from reelbrush.cli.exits import FAILED, NOT_FOUND, OK, USAGE
from reelbrush.cli.quote_table import cluster_table, quote_block
from reelbrush.cli.styles import list_cards
from reelbrush.errors import ReelbrushError, ScoringError
from reelbrush.job import Options, wishes_of
from reelbrush.pricing.quote import quote_for
from reelbrush.pricing.rates import Rate
from reelbrush.pricing.sizes import vm_sizes
from reelbrush.settings import Settings

if TYPE_CHECKING:
    from reelbrush.media.glance import Glance

MEASURE_SECONDS = 2.0
_PATIENCE = 120.0  # seconds for the measuring process; large frames take long


@dataclass(frozen=True)
class QuoteRequest:
    """What `reelbrush quote` was asked; `nodes` is the size of the cluster that is reckoned with."""

    source: Path
    style: str
    options: Options
    nodes: int
    as_json: bool


def quote_file(request: QuoteRequest, url: str | None, key_file: Path | None) -> int:
    """Print the quote and return the exit code; without a `url` it is reckoned for this machine."""
    from reelbrush.media.container import path_opener
    from reelbrush.media.glance import glance
    from reelbrush.media.limits import Limits
    from reelbrush.media.trial import try_opening

    if not request.source.is_file():
        print(f"there is no file {request.source}", file=sys.stderr)
        return NOT_FOUND
    try:
        try_opening(path_opener(request.source), Limits())
        seen = glance(path_opener(request.source))
        if url is not None:
            return calling(url, key_file, lambda api: _asked(api, request, seen))
        return _reckoned(request, seen)
    except (ReelbrushError, OSError, subprocess.SubprocessError) as error:
        print(error, file=sys.stderr)
        return FAILED


def _asked(api: Api, request: QuoteRequest, seen: Glance) -> int:
    wanted = {
        "width": seen.width,
        "height": seen.height,
        "frames": seen.frames,
        "frameRate": str(seen.frame_rate),
        "style": request.style,
        "options": wishes_of(request.options),
    }
    document = api.quote(wanted)
    print(
        json.dumps(document, ensure_ascii=False) if request.as_json else quote_block(api.base_url, document)
    )
    return OK


def _reckoned(request: QuoteRequest, seen: Glance) -> int:
    known = [line.name for line in list_cards()]
    for style in filter(None, (request.style, request.options.mix)):
        if style not in known:
            print(f"there is no style {style!r}; known are {', '.join(known)}", file=sys.stderr)
            return USAGE
    workers = len(os.sched_getaffinity(0))
    here = _here(request, seen, workers)
    sizes = [
        {"size": size.name, "gpu": size.gpu, "gpus": size.gpus, **document}
        for size in vm_sizes()
        if size.gpu and size.retired is None
        for document in [_quote(request, seen, _cluster(size.name, size.gpus, request.nodes))]
    ]
    if request.as_json:
        print(json.dumps({"here": here, "reckoned": sizes}, ensure_ascii=False))
        return OK
    print(quote_block(f"this machine, {workers} {'core' if workers == 1 else 'cores'}", here))
    print()
    cluster_table(sizes, request.nodes)
    return OK


def _here(request: QuoteRequest, seen: Glance, workers: int) -> dict[str, Any]:
    """Return the quote for this machine; measured is one thread, and runs share all cores."""
    settings, rate = Settings(store="", nodes=workers), _measured(request)
    document = _quote(request, seen, settings, rate)
    cores = workers / max(1, document["batches"])  # of one run
    if cores > 1:
        rate = replace(rate, seconds_per_frame=rate.seconds_per_frame / cores)
        document = _quote(request, seen, settings, rate)
    return document


def _cluster(size: str, gpus: int, nodes: int) -> Settings:
    return Settings(store="", backend="azureml", vm_size=size, processes=gpus, nodes=nodes)


def _quote(
    request: QuoteRequest, seen: Glance, settings: Settings, rate: Rate | None = None
) -> dict[str, Any]:
    return quote_for(
        settings,
        None,
        width=seen.width,
        height=seen.height,
        frames=seen.frames,
        frame_rate=seen.frame_rate,
        style=request.style,
        options=request.options,
        rate=rate,
    )


def _measured(request: QuoteRequest) -> Rate:
    """Return what a frame takes here, measured in a process of its own: this one never loads a model.

    Raises ScoringError with what that process said.
    """
    command = [sys.executable, "-P", "-m", "scoring.measure", str(request.source.resolve())]
    command += ["--style", request.style, "--options", json.dumps(wishes_of(request.options))]
    command += ["--styles", str(styles_folder()), "--seconds", str(MEASURE_SECONDS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
        raise ScoringError(f"the speed of this machine could not be measured: {lines[-1]}")
    found = json.loads(done.stdout)
    return Rate(
        seconds_per_frame=max(1e-6, float(found["secondsPerFrame"])),
        device=str(found["device"]),
        frames=int(found["frames"]),
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
