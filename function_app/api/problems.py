"""Errors as callers see them: one shape everywhere, RFC 9457 with a stable code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from function_app.api.messages import PROBLEM, Reply, Request


class Refused(Exception):
    """Ends a handler with a problem as its answer."""

    def __init__(self, status: int, code: str, detail: str, errors: Sequence[str] = ()) -> None:
        super().__init__(detail)
        self.reply = problem(status, code, detail, errors)


def problem(
    status: int, code: str, detail: str, errors: Sequence[str] = (), headers: dict[str, str] | None = None
) -> Reply:
    """Return the answer for an error: `status` 400..599, `code` a stable word in CamelCase for programs.

    `detail` tells a person what happened and what to do; `errors` are the single findings, if there are
    several. Azure's clients read the code from the header.
    """
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    if errors:
        body["errors"] = [{"detail": text} for text in errors]
    return Reply(status, body, {**(headers or {}), "x-ms-error-code": code}, PROBLEM)


def located(reply: Reply, request: Request) -> Reply:
    """Return a problem with the path that it happened at; other answers as they are."""
    if reply.media_type != PROBLEM or not isinstance(reply.body, dict):
        return reply
    return replace(reply, body={**reply.body, "instance": request.path})
