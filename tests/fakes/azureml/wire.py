"""What is asked and what is answered, apart from how it travels."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """One HTTP request. Header names are in lower case, `path` is unquoted and has one leading slash."""

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    def json(self) -> Any:
        """Return the body as JSON; an absent one is an empty object."""
        return json.loads(self.body) if self.body else {}


@dataclass(frozen=True)
class Reply:
    """One HTTP answer. Content-Length is the body's unless a header says otherwise (for HEAD)."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class Refusal(Exception):
    """A request that is answered by an error document."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})

    def reply(self) -> Reply:
        """Return the error in the form that both planes of the service use."""
        error = {"code": self.code, "message": self.message, "details": []}
        return answer({"error": error, "correlation": {}}, self.status, **self.headers)


def answer(document: Any, status: int = 200, **headers: str) -> Reply:
    """Return a JSON answer."""
    kind = {"Content-Type": "application/json; charset=utf-8"}
    return Reply(status, json.dumps(document).encode(), kind | headers)


def missing(what: str) -> Refusal:
    """Return the refusal of something that is not there."""
    return Refusal(404, "NotFound", f"{what} was not found.")
