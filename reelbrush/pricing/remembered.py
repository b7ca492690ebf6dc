"""What jobs leave behind for the plans and quotes of later ones: small documents in the store.

The last writer wins; what it may lose is one measurement.
"""

from __future__ import annotations

import json
from typing import Any, TypeVar

from reelbrush.job import to_json
from reelbrush.job.codec import read_document
from reelbrush.job.names import WORK
from reelbrush.store import Store, read_if_there

FOLDER = ".rates/"  # of `work/`

T = TypeVar("T")


def remembered(store: Store, kind: type[T], name: str) -> T | None:
    """Return the document `name` of `FOLDER`; None where it is missing or damaged. Raises StoreError."""
    text = read_if_there(store, WORK, FOLDER + name)
    try:
        return None if text is None else read_document(kind, text)
    except ValueError:
        return None  # measured anew


def remember(store: Store, name: str, document: Any) -> None:
    """Write the document `name` of `FOLDER`, a dataclass. Raises StoreError."""
    store.put_bytes(WORK, FOLDER + name, json.dumps(to_json(document)).encode())
