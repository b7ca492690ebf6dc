"""Binds handlers to Azure Functions: its request in, its response out, a problem whatever goes wrong."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import azure.durable_functions as df
import azure.functions as func

from activities.services import services
from function_app.api.messages import Reply, Request
from function_app.api.problems import Refused, located, problem
from function_app.api.surface import Surface
from reelbrush.errors import ReelbrushError, SettingsError, StoreError
from reelbrush.job.versions import NewerVersion

Handler = Callable[[Surface, Request], Awaitable[Reply]]
PlainHandler = Callable[[Request], Awaitable[Reply]]

log = logging.getLogger("reelbrush.api")


async def answer(
    handler: Handler, req: func.HttpRequest, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    """Answer a request by a handler that works on jobs."""

    async def call(request: Request) -> Reply:
        return await handler(Surface(client, services(), datetime.now(UTC)), request)

    return await answer_plain(call, req)


async def answer_plain(handler: PlainHandler, req: func.HttpRequest) -> func.HttpResponse:
    """Answer a request by a handler that needs neither jobs nor settings."""
    request = Request(
        method=req.method or "GET",
        url=req.url,
        headers={name.lower(): value for name, value in req.headers.items()},
        query=dict(req.params),
        params=dict(req.route_params),
        body=req.get_body() or b"",
    )
    try:
        reply = await handler(request)
    except Refused as refused:
        reply = refused.reply
    except StoreError as error:
        log.warning("%s %s: %s", request.method, request.path, error)
        reply = _unreachable() if error.retryable else _failed(error)
    except SettingsError as error:
        log.error("%s %s: %s", request.method, request.path, error)
        reply = problem(500, "SettingsUnusable", "The app's settings cannot be used; its log tells which.")
    except ReelbrushError as error:
        log.error("%s %s: %s", request.method, request.path, error)
        reply = _unavailable() if error.retryable else _internal()
    except Exception:
        # the log has what happened; the caller gets nothing of the inside
        log.exception("%s %s failed", request.method, request.path)
        reply = _internal()
    reply = located(reply, request)
    headers = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff", **reply.headers}
    return func.HttpResponse(
        reply.content(), status_code=reply.status, headers=headers, mimetype=reply.media_type
    )


def _failed(error: StoreError) -> Reply:
    if error.code == NewerVersion.code:
        return problem(500, "NewerVersion", str(error))
    return problem(500, "StoreFailed", "The store refused.")


def _internal() -> Reply:
    return problem(500, "InternalError", "The app failed to answer; its log tells why.")


def _unavailable() -> Reply:
    text = "The app cannot do this at the moment; its log tells why."
    return problem(503, "Unavailable", text, headers={"Retry-After": "10"})


def _unreachable() -> Reply:
    return problem(503, "StoreUnavailable", "The store does not answer.", headers={"Retry-After": "10"})
