"""HTTP routes of jobs, quotes and uploads, bound to the handlers of `function_app.api`."""

from __future__ import annotations

import azure.durable_functions as df
import azure.functions as func

from function_app.api import approval, asking, jobs, listing, media, quotes, runs, uploads
from function_app.api.bind import answer

bp = df.Blueprint()


@bp.function_name("list_jobs")
@bp.route(route="api/jobs", methods=["GET"])
@bp.durable_client_input(client_name="client")
async def list_jobs(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """`GET /api/jobs`: all jobs, newest first, or those of one upload."""
    return await answer(listing.list_jobs, req, client)


@bp.function_name("post_job")
@bp.route(route="api/jobs", methods=["POST"])
@bp.durable_client_input(client_name="client")
async def post_job(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """`POST /api/jobs`: ask for a job of a blob that is in the store."""
    return await answer(asking.post_job, req, client)


@bp.function_name("get_job")
@bp.route(route="api/jobs/{id}", methods=["GET"])
@bp.durable_client_input(client_name="client")
async def get_job(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """`GET /api/jobs/{id}`: the job with its progress."""
    return await answer(jobs.get_one, req, client)


@bp.function_name("put_job")
@bp.route(route="api/jobs/{id}", methods=["PUT"])
@bp.durable_client_input(client_name="client")
async def put_job(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """`PUT /api/jobs/{id}`: ask for a job whose id is known, as often as wished."""
    return await answer(asking.put_job, req, client)


@bp.function_name("get_batches")
@bp.route(route="api/jobs/{id}/batches", methods=["GET"])
@bp.durable_client_input(client_name="client")
async def get_batches(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """`GET /api/jobs/{id}/batches`: where each batch stands."""
    return await answer(runs.get_batches, req, client)


@bp.function_name("get_log")
@bp.route(route="api/jobs/{id}/logs", methods=["GET"])
@bp.durable_client_input(client_name="client")
async def get_log(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """`GET /api/jobs/{id}/logs`: the end of a run's log, as text."""
    return await answer(runs.get_log, req, client)


@bp.function_name("get_media")
@bp.route(route="api/jobs/{id}/media", methods=["GET"])
@bp.durable_client_input(client_name="client")
async def get_media(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """`GET /api/jobs/{id}/media`: what a player needs."""
    return await answer(media.get_media, req, client)


@bp.function_name("cancel_job")
@bp.route(route="api/jobs/{id}/cancel", methods=["POST"])
@bp.durable_client_input(client_name="client")
async def cancel_job(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """`POST /api/jobs/{id}/cancel`: stop everything of a job."""
    return await answer(jobs.cancel, req, client)


@bp.function_name("retry_job")
@bp.route(route="api/jobs/{id}/retry", methods=["POST"])
@bp.durable_client_input(client_name="client")
async def retry_job(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """`POST /api/jobs/{id}/retry`: run again what a failed job has not proven yet."""
    return await answer(jobs.retry, req, client)


@bp.function_name("approve_job")
@bp.route(route="api/jobs/{id}/approve", methods=["POST"])
@bp.durable_client_input(client_name="client")
async def approve_job(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """`POST /api/jobs/{id}/approve`: agree to what a job costs."""
    return await answer(approval.approve, req, client)


@bp.function_name("post_quote")
@bp.route(route="api/quotes", methods=["POST"])
@bp.durable_client_input(client_name="client")
async def post_quote(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """`POST /api/quotes`: what painting a video would take and cost."""
    return await answer(quotes.post_quote, req, client)


@bp.function_name("post_upload")
@bp.route(route="api/uploads", methods=["POST"])
@bp.durable_client_input(client_name="client")
async def post_upload(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """`POST /api/uploads`: an address to send a video to."""
    return await answer(uploads.post_upload, req, client)
