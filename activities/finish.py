"""Finish: write the receipt and remove the work that nobody needs any more."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

import azure.durable_functions as df

from activities.batches import batch_rows
from activities.cancel import open_runs
from activities.kept_receipt import kept_receipt
from activities.marks import FINISHED, decide, note_end
from activities.reading import read_each
from activities.services import Services, read_manifest, read_whole_page, services
from activities.traced import traced
from reelbrush import __version__
from reelbrush.errors import ComputeError, ReelbrushError
from reelbrush.job import ATTEMPTS, Job, LedgerPage, Manifest, WorkNames, from_json, to_json
from reelbrush.job.cost import estimated_cost
from reelbrush.job.ledger import FlickerSums
from reelbrush.job.names import WORK
from reelbrush.job.versions import RECEIPT
from reelbrush.pricing.evictions import note_evictions
from reelbrush.pricing.kept import kept_quote
from reelbrush.pricing.prices import price_of
from reelbrush.pricing.rates import note_rates
from reelbrush.pricing.starts import note_start
from reelbrush.telemetry import record_receipt

bp = df.Blueprint()

log = logging.getLogger("reelbrush.finish")

_RECEIPT_ROW = (
    "index",
    "firstSegment",
    "startFrame",
    "endFrame",
    "frames",
    "attempt",
    "runId",
    "waitSeconds",
    "runSeconds",
    "framesPerSecond",
)


@bp.activity_trigger(input_name="request", activity="finish_job")
@traced("finish_job")
async def finish_job(request: dict) -> dict:  # type: ignore[type-arg]
    """Return the job's result with its totals, or {"canceled"}.

    Request: {"job", "result", "retries", "attempts"?: of the last run of each batch, "nodeSeconds"?: of runs,
    times their nodes, "evictions"?: of nodes}.
    """
    return await asyncio.to_thread(finish, services(), request)


def finish(to: Services, request: dict[str, Any]) -> dict[str, Any]:
    """Write the receipt once, then clean up. A repeated call returns the receipt that is already there."""
    job = from_json(Job, request["job"])
    names = WorkNames(job.id)
    if decide(to.store, job.id, FINISHED) != FINISHED:
        return {"canceled": True}
    receipt = kept_receipt(to.store, job.id)
    if receipt is None:
        manifest = read_manifest(to.store, job)
        read = read_each(
            lambda segment: read_whole_page(to.store, manifest, segment.index), manifest.segments
        )
        pages = [page for page in read if page is not None]
        _learn(to, job, manifest, pages, request)
        receipt = {
            "job": to_json(job),
            "product": f"reelbrush {__version__}",
            "version": RECEIPT,
            "result": request["result"],
            "retries": request["retries"],
            **_totals(manifest, pages),
            **_compute(to, request),
        }
        to.store.put_bytes(WORK, names.receipt, json.dumps(receipt, indent=1).encode())
        record_receipt(receipt)
    if request["retries"] or max(request.get("attempts", ()), default=0) > ATTEMPTS:
        _stop_forgotten(to, job.id)
    note_end(to.store, job.id)
    if to.settings.work_hours == 0:
        remove_work(to, job.id)
    kept = ("retries", "seconds", "flicker", "nodeSeconds", "cost", "evictions", "quote")
    result = cast("dict[str, Any]", receipt["result"])
    return {**result, **{name: receipt[name] for name in kept if name in receipt}}


def _stop_forgotten(to: Services, job: str) -> None:
    """Stop runs whose place others took: the cluster did not know them, or an earlier try left them."""
    try:
        if runs := open_runs(to.store, job):
            to.compute.cancel(job, runs)
    except ComputeError as error:  # they find everything painted
        log.warning("runs of %s that are not needed any more could not be stopped: %s", job, error)


def _learn(
    to: Services, job: Job, manifest: Manifest, pages: Sequence[LedgerPage], request: dict[str, Any]
) -> None:
    """Remember what the next plans and quotes can stand on; no job fails for it."""
    try:
        note_rates(to.store, job, manifest.encode.width * manifest.encode.height, pages)
        note_evictions(
            to.settings,
            to.store,
            int(request.get("evictions", 0)),
            float(request.get("nodeSeconds", 0.0)),
        )
        if to.settings.backend != "local" and request.get("attempts"):
            (row,) = batch_rows(to, job.id, request["attempts"][:1])[:1] or ({},)
            if row.get("attempt") == 1 and "waitSeconds" in row:
                note_start(to.store, row["waitSeconds"])
    except (ReelbrushError, ValueError) as error:  # also what cannot have been measured
        log.warning("what %s took is not remembered: %s", job.id, error)


def _totals(manifest: Manifest, pages: Sequence[LedgerPage]) -> dict[str, Any]:
    seconds, versions = Counter[str](), dict[str, str]()
    flicker: FlickerSums | None = None
    for page in pages:
        seconds.update(page.seconds)
        versions |= page.versions
        if page.flicker is not None:
            flicker = flicker + page.flicker if flicker is not None else page.flicker
    rounded = {name: round(value, 3) for name, value in sorted(seconds.items())}
    totals = {"seconds": rounded, "versions": versions, "frames": manifest.frame_count}
    return totals if flicker is None else {**totals, "flicker": _averages(flicker)}


def _compute(to: Services, request: dict[str, Any]) -> dict[str, Any]:
    """What the job took of the cluster; nothing for jobs that an earlier release started."""
    if "attempts" not in request:
        return {}
    seconds = float(request["nodeSeconds"])
    rows = batch_rows(to, request["job"]["id"], request["attempts"])
    batches = [{name: row[name] for name in _RECEIPT_ROW if name in row} for row in rows]
    figures: dict[str, Any] = {"batches": batches, "nodeSeconds": seconds}
    if "evictions" in request:
        figures["evictions"] = int(request["evictions"])
    price = price_of(to.settings)
    if price is not None:
        figures["cost"] = estimated_cost(seconds, price.per_hour, price.currency)
        idle = "" if to.settings.backend == "local" else " Counted is the time of runs, not of idle nodes."
        figures["priceBasis"] = price.basis + idle
    quoted = kept_quote(to.store, request["job"]["id"])
    return figures if quoted is None else {**figures, "quote": quoted}


def _averages(flicker: FlickerSums) -> dict[str, Any]:
    """What the receipt says of steadiness; differences are means per pair, in levels."""
    return {
        "ratio": round(flicker.ratio, 3),
        "pairs": flicker.pairs,
        "painted": round(flicker.painted / flicker.pairs, 3),
        "original": round(flicker.original / flicker.pairs, 3),
    }


def remove_work(to: Services, job: str) -> None:
    """Delete all work of an ended job but its record, its mark and its receipt, and free its runs.

    The manifest goes first, since it must never name what is gone.
    """
    names = WorkNames(job)
    to.store.delete(WORK, names.manifest)
    folders = {
        blob.name.removeprefix(names.prefix).partition("/") for blob in to.store.list(WORK, names.prefix)
    }
    for folder in {name for name, separator, _ in folders if separator}:
        to.store.delete_prefix(WORK, f"{names.prefix}{folder}/")
    to.compute.release(job)
