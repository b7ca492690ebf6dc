"""Plan: group the segments into batches by measured rates, quote the job, and hold it against its limit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import azure.durable_functions as df

from activities.approval import approval_of
from activities.marks import is_canceled
from activities.reading import read_each
from activities.services import Services, read_manifest, read_whole_page, services
from activities.traced import traced
from reelbrush.job import Batch, Job, Manifest, WorkNames, from_json
from reelbrush.job.names import WORK
from reelbrush.job.plan import MAX_BATCHES, Plan, plan
from reelbrush.pricing.basis import Basis, basis_of
from reelbrush.pricing.kept import keep_quote
from reelbrush.pricing.quote import RANGE, quote
from reelbrush.pricing.rates import note_rates

bp = df.Blueprint()

PROBE_FRAMES, PROBE_SEGMENTS = 200, 3  # whichever is reached first
_PAGES = 24  # pages that a rate is taken from


@bp.activity_trigger(input_name="request", activity="plan_job")
@traced("plan_job")
async def plan_job(request: dict) -> dict:  # type: ignore[type-arg]
    """Return the job's batches, quote and guard, or {"canceled"}; see `plan_for`.

    Request: {"job", "first"?: segments that are scored already, "index"?: number of the first new batch,
    "spent"?: seconds of nodes that earlier tries of the job took}.
    """
    return await asyncio.to_thread(plan_for, services(), request)


def plan_for(to: Services, request: dict[str, Any]) -> dict[str, Any]:
    """Return {"batches", "nodes", "probe", "quote", "guard", "approvedAt", "reasons"} or {"canceled"}.

    A batch is [index, first segment, segments, frames]. With "probe" there is one small one, by which a rate
    is measured; asked again with "first", the rest is planned. "nodes" is how many each run takes; "guard" is
    ok, approve or refuse; "approvedAt" is the moment of the approval that it knew or "". Where a limit holds,
    "budgetSeconds" of nodes may be spent by all tries together, and "approval" is what there is to agree to:
    limit, currency and, where the price is known, low, likely and high of the whole job. Raises StoreError.
    """
    job = from_json(Job, request["job"])
    if is_canceled(to.store, job.id):
        return {"canceled": True}
    manifest = read_manifest(to.store, job)
    first, index = int(request.get("first", 0)), int(request.get("index", 0))
    published = _published(to, manifest)
    basis = _basis(to, job, manifest, published)
    left = manifest.segments[first:]
    frames = [segment.frame_count for segment in left]
    missing = [0 if segment.index in published else segment.frame_count for segment in left]
    probed = first > 0 or not all(missing[:PROBE_SEGMENTS])
    planned, full = _plans(basis, missing if any(missing) else frames, probed, MAX_BATCHES - index)
    done = sum(frames) - sum(missing)
    document = quote(basis, full, manifest.frame_count - done, _done(manifest, done))
    document["batches"] += index
    keep_quote(to.store, job.id, document)
    approved = approval_of(to, job.id)
    guard = _guard(to, approved, basis, document, float(request.get("spent", 0.0)))
    answer: dict[str, Any] = {
        "batches": [
            [b.index + index, b.first_segment + first, b.segment_count, _frames_of(b, frames)]
            for b in planned.batches
        ],
        "nodes": planned.nodes_per_run,
        "probe": planned is not full,
        "quote": document,
        "guard": guard.verdict,
        "approvedAt": approved["at"] if approved else "",
        "reasons": [*guard.reasons, *planned.reasons],
    }
    if guard.seconds is not None:
        answer["budgetSeconds"] = guard.seconds
    return {**answer, "approval": guard.approval} if guard.approval else answer


def _published(to: Services, manifest: Manifest) -> set[int]:
    names, generation = WorkNames(manifest.job), manifest.generation
    prefix = names.segments(generation)
    pages = {names.page(generation, segment.index): segment.index for segment in manifest.segments}
    return {pages[blob.name] for blob in to.store.list(WORK, prefix) if blob.name in pages}


def _basis(to: Services, job: Job, manifest: Manifest, published: set[int]) -> Basis:
    """Return what is known of the job's frames; of a style that is new, what its first segments tell."""
    pixels = manifest.encode.width * manifest.encode.height
    basis = basis_of(to.settings, to.store, job.style, job.options, pixels)
    if (basis.rate.measured and not basis.rate.scaled) or not published:
        return basis
    pages = read_each(lambda index: read_whole_page(to.store, manifest, index), sorted(published)[:_PAGES])
    note_rates(to.store, job, pixels, [page for page in pages if page is not None])
    return basis_of(to.settings, to.store, job.style, job.options, pixels)


def _plans(basis: Basis, frames: Sequence[int], probed: bool, most: int) -> tuple[Plan, Plan]:
    """Return the plan for now and that for everything, of at most `most` batches each.

    They are one unless a probe comes first.
    """
    figures = basis.planning()
    if figures.seconds_per_frame is not None or basis.local or figures.batch_frames:
        full = plan(frames, figures, most)
        return full, full
    full = plan(frames, basis.figures, most)  # as far as can be reckoned
    if len(full.batches) > 1:
        if not probed and len(frames) > PROBE_SEGMENTS:
            return _probe(frames, figures.run_nodes), full
        full = plan(frames, figures, most)
    return full, full


def _probe(frames: Sequence[int], nodes: int) -> Plan:
    count = total = 0
    while count < min(PROBE_SEGMENTS, len(frames)) and total < PROBE_FRAMES:
        total += frames[count]
        count += 1
    why = f"{total} frames are painted first, to measure how long this style takes on the cluster."
    return Plan((Batch(0, 0, count, total),), nodes, (why,))


def _frames_of(batch: Batch, frames: Sequence[int]) -> int:
    """Return all frames of a batch, those too that were published before it was planned."""
    return sum(frames[batch.first_segment : batch.first_segment + batch.segment_count])


def _done(manifest: Manifest, done: int) -> tuple[str, ...]:
    return (f"{done:,} of {manifest.frame_count:,} frames are painted already.",) if done else ()


@dataclass(frozen=True)
class _Guard:
    verdict: str  # ok, approve or refuse
    seconds: float | None = None  # of nodes that may be spent; None without a limit
    approval: dict[str, Any] | None = None  # what there is to agree to; None without a limit
    reasons: tuple[str, ...] = ()


def _guard(
    to: Services, approval: dict[str, Any] | None, basis: Basis, document: dict[str, Any], spent: float
) -> _Guard:
    """Hold a quote, and what earlier tries cost, against the limit.

    An approved amount takes the place of the setting's; approved without an amount there is no limit. An
    amount that nothing can be held against lets no job pass.
    """
    limit = (to.settings.max_cost or None) if approval is None else approval.get("maxCost")
    price, currency = basis.price, to.settings.currency
    if limit is None or (price is None and basis.local):
        return _Guard("ok")
    over = to.settings.over_cost
    asked: dict[str, Any] = {"limit": limit, "currency": currency}
    if price is None or price.currency != currency:
        unknown = (
            f"What it costs in {currency} is not known, and the limit is {limit:g} {currency}:"
            " set REELBRUSH_PRICE_PER_HOUR, or approve without an amount."
        )
        return _Guard(over, None, asked, (unknown,))
    seconds, before = round(limit / price.per_hour * 3600, 1), spent * price.per_hour / 3600
    asked |= {name: round(document["cost"][name] + before, 4) for name in RANGE}
    if asked["likely"] <= limit:
        return _Guard("ok", seconds, asked)
    told = f"About {asked['likely']:.2f} {currency} are reckoned, the limit is {limit:g} {currency}."
    earlier = (f"{before:.2f} {currency} of that were spent by earlier tries.",) if before else ()
    return _Guard(over, seconds, asked, (told, *earlier))
