"""Routes of what is the same for everybody: page, styles, health, the description of the API."""

from __future__ import annotations

import azure.durable_functions as df
import azure.functions as func

from function_app.api import documents, health, styles
from function_app.api.bind import answer, answer_plain

bp = df.Blueprint()


@bp.function_name("get_page")
@bp.route(route="/", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@bp.durable_client_input(client_name="client")
async def get_page(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """`GET /`: the web page, empty of data."""
    return await answer(documents.get_page, req, client)


@bp.function_name("get_description")
@bp.route(route="api/openapi.yaml", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def get_description(req: func.HttpRequest) -> func.HttpResponse:
    """`GET /api/openapi.yaml`: what this API is."""
    return await answer_plain(documents.get_description, req)


@bp.function_name("get_health")
@bp.route(route="api/health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@bp.durable_client_input(client_name="client")
async def get_health(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """`GET /api/health`: whether the app can work."""
    return await answer(health.get_health, req, client)


@bp.function_name("get_styles")
@bp.route(route="api/styles", methods=["GET"])
@bp.durable_client_input(client_name="client")
async def get_styles(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """`GET /api/styles`: all styles."""
    return await answer(styles.get_styles, req, client)


@bp.function_name("get_style_picture")
@bp.route(route="api/styles/{name}/{picture}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@bp.durable_client_input(client_name="client")
async def get_style_picture(
    req: func.HttpRequest, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    """`GET /api/styles/{name}/before.jpg` or `after.jpg`: a style's thumbnails, for <img> elements."""
    return await answer(styles.get_picture, req, client)
