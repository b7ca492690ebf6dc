"""The route of streams. Anonymous, since players cannot send keys: the token in the path is the right."""

from __future__ import annotations

import azure.durable_functions as df
import azure.functions as func

from function_app.api.bind import answer
from function_app.watch.handlers import get_watch_file

bp = df.Blueprint()


@bp.function_name("get_watch_file")
@bp.route(route="api/jobs/{id}/watch/{token}/{file}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@bp.durable_client_input(client_name="client")
async def get_watch_file_route(
    req: func.HttpRequest, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    """`GET /api/jobs/{id}/watch/{token}/index.m3u8` and the files that it names."""
    return await answer(get_watch_file, req, client)
