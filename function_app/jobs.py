"""HTTP routes of jobs: thin wrappers around framework-free handlers."""

from __future__ import annotations

import json

import azure.durable_functions as df
import azure.functions as func

from function_app.handlers import Reply, get_job, retry_job

bp = df.Blueprint()


@bp.function_name("get_job")
@bp.route(route="jobs/{id}", methods=["GET"])
@bp.durable_client_input(client_name="client")
async def get_job_route(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """`GET /api/jobs/{id}`: the job with its progress."""
    return _respond(await get_job(client, req.route_params["id"]))


@bp.function_name("retry_job")
@bp.route(route="jobs/{id}/retry", methods=["POST"])
@bp.durable_client_input(client_name="client")
async def retry_job_route(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """`POST /api/jobs/{id}/retry`: run again what a failed job has not proven yet."""
    return _respond(await retry_job(client, req.route_params["id"]))


def _respond(reply: Reply) -> func.HttpResponse:
    problem = reply.status >= 400
    headers = dict(reply.headers)
    if problem:
        headers["x-ms-error-code"] = str(reply.body["code"])
    return func.HttpResponse(
        json.dumps(reply.body),
        status_code=reply.status,
        headers=headers,
        mimetype="application/problem+json" if problem else "application/json",
    )
