"""Agreeing to what a job costs, where it is more than the app may spend by itself."""

from __future__ import annotations

import asyncio

from activities.approval import approval_of, approve_job
from function_app.api.bodies import invalid, read_body
from function_app.api.finding import accepted, job_named, view_of
from function_app.api.links import can_approve
from function_app.api.messages import Reply, Request
from function_app.api.problems import problem
from function_app.api.surface import Surface

MOST = 1e9  # of maxCost, inclusive


async def approve(to: Surface, request: Request) -> Reply:
    """Let a job go on that waits for approval, up to `maxCost` of the app's currency; without it whatever.

    Approved again it stays so. A job that failed for its cost can be approved as well, and then be retried.
    409 for any other.
    """
    job = job_named(request)
    body = read_body(request, {"maxCost": float}) if request.body.strip() else {}
    most = float(body["maxCost"]) if "maxCost" in body else None
    if most is not None and not 0 < most <= MOST:
        raise invalid("The body cannot be used", [f"maxCost is more than 0 and at most {MOST:.0f}"])
    view = await view_of(to, job)
    if not can_approve(view):
        known = await asyncio.to_thread(approval_of, to.services, job)
        if view["status"] == "Running" and known is not None and known.get("maxCost") == most:
            return await accepted(to, request, job)  # it goes on already, by this very approval
        text = f"The job {job} does not wait for approval: it is {view['status'].lower()}."
        return problem(409, "NotAwaitingApproval", text)
    if not await asyncio.to_thread(approve_job, to.services, job, most):
        return problem(409, "JobEnded", f"The job {job} is canceled.")
    return await accepted(to, request, job)
