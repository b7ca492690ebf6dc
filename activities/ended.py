"""What telemetry learns of runs that ended: from the app, since a node that was taken away tells nothing."""

from __future__ import annotations

import json
import logging
from typing import Any, cast

from activities.reading import read_each
from activities.services import Services
from reelbrush.compute.studio import studio_link
from reelbrush.job import BatchState, WorkNames
from reelbrush.job.names import WORK
from reelbrush.telemetry import count_node_seconds, job_span, names

TEXT_CHARACTERS = 1000  # of an error's text that is sent along

log = logging.getLogger("reelbrush.telemetry")


def note_ended(to: Services, job: str, seen: list[tuple[dict[str, Any], str]]) -> None:
    """Tell of the runs that ended among pairs of look and run id; see `activities.poll.poll` for looks.

    An ended run is looked at once, or again where the step that looked is repeated. No poll fails for it.
    """
    over = (BatchState.DONE, BatchState.FAILED, BatchState.CANCELED)
    read_each(lambda pair: _try(to, job, *pair), [pair for pair in seen if pair[0]["s"] in over])


def _try(to: Services, job: str, look: dict[str, Any], run: str) -> None:
    try:
        _note(to, job, look, run)
    except Exception as error:  # whatever the store's SDK raises
        log.debug("the end of %s is not told: %s", run, error)


def _note(to: Services, job: str, look: dict[str, Any], run: str) -> None:
    description = json.loads(to.store.read_bytes(WORK, WorkNames(job).batch(run)))
    style = str(cast("dict[str, Any]", description["job"])["style"])
    outcome = "evicted" if "e" in look else str(look["s"])
    seconds, nodes = float(look.get("t", 0.0)), int(description.get("nodes", 1))
    count_node_seconds(seconds * nodes, style, outcome)
    about: dict[str, str | int | float] = {
        names.JOB: job,
        names.STYLE: style,
        names.RUN_ID: run,
        names.BATCH: int(look["i"]),
        names.ATTEMPT: int(description.get("attempt", 0)),
        names.OUTCOME: outcome,
        names.SECONDS: seconds,
        names.NODES: nodes,
        names.FRAMES: int(look.get("w", 0)),
        names.CODE: str(look.get("code", "")),
        names.ERROR: str(look.get("text", ""))[-TEXT_CHARACTERS:],
        names.LINK: studio_link(to.settings, run),
    }
    told = {name: value for name, value in about.items() if value != ""}
    with job_span(names.RUN_ENDED, str(description.get("traceparent", "")), told):
        pass
