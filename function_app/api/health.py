"""Whether the app can work: for load balancers and for people who set it up."""

from __future__ import annotations

import asyncio
import logging

from function_app.api.compute_health import compute_health
from function_app.api.messages import Reply, Request
from function_app.api.problems import problem
from function_app.api.surface import Surface
from reelbrush import __version__
from reelbrush.errors import ReelbrushError
from reelbrush.job.names import WORK

SECONDS = 5.0  # for the store to answer

log = logging.getLogger("reelbrush.api")


async def get_health(to: Surface, request: Request) -> Reply:
    """Return 200 when the store answers, 503 otherwise; unusable settings are 500, told by `bind`.

    What ails the cluster is told by codes and changes no status: uploads are taken and wait. Nothing secret
    is told.
    """
    cluster = asyncio.create_task(asyncio.to_thread(compute_health(to.services.compute).latest))
    look = asyncio.to_thread(to.services.store.stat, WORK, "health")
    try:
        await asyncio.wait_for(look, SECONDS)
    except (ReelbrushError, OSError, TimeoutError) as error:
        cluster.cancel()
        log.warning("the store does not answer: %s", error)
        return problem(503, "StoreUnavailable", "The store does not answer.", headers={"Retry-After": "10"})
    return Reply(200, {"status": "healthy", "version": __version__, "compute": await cluster})
