"""Hooks for schemathesis: half of the generated job ids and tokens become ones that exist."""

from __future__ import annotations

import json
import os
import re
from typing import Any

import schemathesis

PATTERNS = {
    "id": re.compile(r"(?=.{0,51}$)[a-z0-9]+(-[a-z0-9]+)*-[0-9a-f]{10}"),
    "token": re.compile(r"[0-9]{1,12}-[A-Za-z0-9_-]{43}"),
}
KNOWN = json.loads(os.environ.get("KNOWN_IDS", "{}"))


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Replace what only few values of a pattern have; values that are meant to be wrong stay."""
    for name, values in KNOWN.items():
        value = str((path_parameters or {}).get(name, ""))
        if path_parameters and PATTERNS[name].fullmatch(value):
            pick = sum(map(ord, value)) % (2 * len(values))
            if pick < len(values):
                path_parameters[name] = values[pick]
    return path_parameters
