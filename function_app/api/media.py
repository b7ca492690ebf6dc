"""What a player needs of a job."""

from __future__ import annotations

from typing import Any

from function_app.api.finding import job_named, view_of, waiting_headers
from function_app.api.links import media_links
from function_app.api.messages import Reply, Request
from function_app.api.surface import Surface
from reelbrush.store.media_types import media_type


async def get_media(to: Surface, request: Request) -> Reply:
    """Return short-lived links to the source, the output once it exists, and the playlist for watching."""
    view = await view_of(to, job_named(request))
    links = await media_links(to, request, view)
    body: dict[str, Any] = {
        "source": links["input"],
        "sourceType": media_type(view["input"]["blob"]),
        "watch": links["watch"],
        "status": view["status"],
    }
    if "output" in links:
        body |= {"output": links["output"], "outputType": media_type(view["result"]["blob"])}
    body |= {name: view["input"][name] for name in ("frameRate", "durationSeconds") if name in view["input"]}
    return Reply(200, body, waiting_headers(to, view))
