"""HTTP routes of jobs, bound to the handlers of `function_app.api`."""

from __future__ import annotations

import azure.durable_functions as df
import azure.functions as func

from function_app.api import jobs
from function_app.api.bind import answer

bp = df.Blueprint()


@bp.function_name("get_job")
@bp.route(route="api/jobs/{id}", methods=["GET"])
@bp.durable_client_input(client_name="client")
async def get_job(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """`GET /api/jobs/{id}`: the job with its progress."""
    return await answer(jobs.get_job, req, client)


@bp.function_name("retry_job")
@bp.route(route="api/jobs/{id}/retry", methods=["POST"])
@bp.durable_client_input(client_name="client")
async def retry_job(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """`POST /api/jobs/{id}/retry`: run again what a failed job has not proven yet."""
    return await answer(jobs.retry_job, req, client)
