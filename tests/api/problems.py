"""The one shape of all errors."""

from __future__ import annotations

from typing import Any

import httpx2 as httpx


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Assert that an answer is the error `code` in the shape that all errors have; return its document."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], body["code"]) == (status, code), body
    assert answer.headers["x-ms-error-code"] == code
    assert body["type"] == "about:blank" and body["title"] and body["detail"]
    assert body["instance"] == answer.request.url.raw_path.decode().partition("?")[0]
    assert set(body) <= {"type", "title", "status", "detail", "code", "instance", "errors"}
    assert all(set(error) == {"detail"} for error in body.get("errors", []))
    return body
