"""What is the same for everybody: the page and the description of the API."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from pathlib import Path
from urllib.parse import urlsplit

from function_app.api.conditional import conditional, tag_of
from function_app.api.messages import Reply, Request
from function_app.api.problems import problem
from function_app.api.surface import Surface
from reelbrush.job.names import INPUT
from reelbrush.store import Store

APP = Path(__file__).resolve().parent.parent
PAGE, DESCRIPTION = APP / "page" / "index.html", APP / "openapi.yaml"

_INLINE = re.compile(rb"<(script|style)\b[^>]*>(.*?)</\1>", re.DOTALL | re.IGNORECASE)


async def get_description(request: Request) -> Reply:
    """Return the OpenAPI description of this API."""
    content = await asyncio.to_thread(DESCRIPTION.read_bytes)
    return conditional(request, Reply(200, content, media_type="application/yaml"), tag_of(content))


async def get_page(to: Surface, request: Request) -> Reply:
    """Return the web page. Its policy allows its own inline code, this origin and the store, nothing else."""
    if not PAGE.is_file():
        return problem(404, "PageNotFound", "This app was deployed without its page.")
    content = await asyncio.to_thread(PAGE.read_bytes)
    origin = await asyncio.to_thread(_store_origin, to.services.store)
    headers = {
        "Content-Security-Policy": policy(content, origin),
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    return conditional(request, Reply(200, content, headers, "text/html"), tag_of(content))


def policy(page: bytes, store: str) -> str:
    """Return the Content-Security-Policy of `page`; `store` is the origin of the blobs, "" for this one."""
    hashes: dict[bytes, list[str]] = {b"script": [], b"style": []}
    for kind, text in _INLINE.findall(page):
        digest = base64.b64encode(hashlib.sha256(text).digest()).decode()
        hashes[kind.lower()].append(f"'sha256-{digest}'")
    rules = {
        "default-src": "'none'",
        "script-src": " ".join(hashes[b"script"]) or "'none'",
        "style-src": " ".join(hashes[b"style"]) or "'none'",
        "img-src": "'self' data: blob:",
        "media-src": f"'self' blob: {store}".strip(),
        "connect-src": f"'self' {store}".strip(),
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _store_origin(store: Store) -> str:
    parts = urlsplit(store.signed_url(INPUT, "a", write=False, seconds=60))
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
