"""What exceptions of Azure's SDKs say, which are of many unrelated types."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Generator
from typing import Any

from reelbrush.compute.causes import cause_of
from reelbrush.errors import ReelbrushError

_STATUS = re.compile(r"(?:status_code\"?|Code|status code)[:= ]+'?(\d{3})\b")


@contextlib.contextmanager
def translated() -> Generator[None]:
    """Raise ComputeError instead of whatever an SDK raises."""
    try:
        yield
    except ReelbrushError:
        raise
    except Exception as error:
        # the original may hold signed addresses in its text, hence it is not kept as the cause
        raise cause_of(*told(error)).error() from None


def told(error: Exception) -> tuple[str, str, int | None]:
    """Return (text, code, HTTP status or None) of an exception, in the service's own words if it has any."""
    text = str(error)
    own: Any = getattr(error, "error", None)  # of azure-core's exceptions, which say everything twice as text
    if isinstance(getattr(own, "message", None), str) and own.message:
        return own.message, str(own.code or ""), _status(error, text)
    document, status = _document(text), _status(error, text)
    inner: Any = document.get("error_details", document)
    inner = inner.get("error", inner) if isinstance(inner, dict) else inner  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    if isinstance(inner, dict) and "message" in inner:
        return str(inner["message"]), str(inner.get("code", "")), status  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__, "", status


def _document(text: str) -> dict[str, Any]:
    with contextlib.suppress(ValueError):
        found, _ = json.JSONDecoder().raw_decode(text, text.index("{"))
        return found
    return {}


def _status(error: Exception, text: str) -> int | None:
    response: Any = getattr(error, "response", None)
    status: Any = getattr(error, "status_code", None) or getattr(response, "status_code", None)
    found = _STATUS.search(text)
    return int(status) if status else int(found[1]) if found else None
