"""Seals: a document that was changed after it was written tells so."""

from __future__ import annotations

import hashlib
import json
from typing import Any, cast

_SEAL = "seal"


def sealed(document: dict[str, Any]) -> dict[str, Any]:
    """Return plain JSON data with the seal of all its other fields."""
    return {**document, _SEAL: _seal(document)}


def is_broken(text: bytes) -> bool:
    """Whether a JSON document has another seal than its fields say.

    One without a seal, as older releases wrote, is whole. Raises ValueError for what is no JSON object.
    """
    found: Any = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("the document is no JSON object")
    document = cast("dict[str, Any]", found)
    return _SEAL in document and document[_SEAL] != _seal(document)


def _seal(document: dict[str, Any]) -> str:
    content = {name: value for name, value in document.items() if name != _SEAL}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
