"""Errors of the blob endpoint, in the form in which Azure's Blob service tells them."""

from __future__ import annotations

from xml.sax.saxutils import escape

from starlette.responses import Response


class BlobError(Exception):
    """A refusal with Azure's status and error code."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers or {}

    def response(self) -> Response:
        """Return the answer that tells it."""
        body = (
            '<?xml version="1.0" encoding="utf-8"?>'
            f"<Error><Code>{self.code}</Code><Message>{escape(self.message)}</Message></Error>"
        )
        headers = {**self.headers, "x-ms-error-code": self.code}
        return Response(body, self.status, headers, media_type="application/xml")


def too_large(limit: int) -> BlobError:
    """Return the error of an upload that is longer than its address allows."""
    return BlobError(413, "RequestBodyTooLarge", f"The address allows {limit} bytes.")
