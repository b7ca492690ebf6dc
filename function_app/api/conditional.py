"""ETags: an answer that the caller has already is not sent again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

from function_app.api.messages import Reply, Request


def tag_of(content: bytes) -> str:
    """Return the strong ETag of unchanging content, in quotes."""
    return f'"{hashlib.sha256(content).hexdigest()[:20]}"'


def weak_tag(document: Any) -> str:
    """Return the weak ETag of a JSON value whose other fields may change without meaning anything."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return f"W/{tag_of(text.encode())}"


def conditional(request: Request, reply: Reply, tag: str) -> Reply:
    """Return `reply` with its ETag, or 304 when the request has the same one (compared weakly)."""
    headers = {**reply.headers, "ETag": tag}
    known = [part.strip() for part in request.headers.get("if-none-match", "").split(",")]
    if "*" in known or _bare(tag) in map(_bare, known):
        return Reply(304, b"", headers, reply.media_type)
    return replace(reply, headers=headers)


def _bare(tag: str) -> str:
    return tag.removeprefix("W/")
