"""Filters of lists of runs, as far as azureml-core writes them: comparisons joined by `and`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.fakes.azureml.wire import Document, Refusal

_COMPARISON = re.compile(
    r"(?P<field>\w+)(?:/(?P<key>.+?))? (?P<word>eq|ne) "
    r"(?:(?P<quote>['\"])(?P<text>.*)(?P=quote)|(?P<bare>\S+))"
)
_FIELDS = {"status": "status", "runtype": "runType", "runid": "runId", "target": "target"}


def matcher(text: str) -> Callable[[Document], bool]:
    """Return a function that tells whether a run's document fits. Raises Refusal for an unknown filter."""
    tests = [
        _comparison(part.strip().strip("()")) for part in re.split(r"\s+and\s+", text) if part.strip("() ")
    ]
    return lambda run: all(test(run) for test in tests)


def _comparison(text: str) -> Callable[[Document], bool]:
    found = _COMPARISON.fullmatch(text)
    if found is None:
        raise Refusal(400, "UserError", f"the filter is not understood: {text}")
    field, key = found["field"].lower(), (found["key"] or "").strip("'\"")
    if field not in ("tags", "properties", "parentrunid", *_FIELDS):
        raise Refusal(400, "UserError", f"the field {field} is not known")
    wanted = found["text"] if found["quote"] else None if found["bare"] == "null" else found["bare"]
    equal = found["word"] == "eq"

    def value(run: Document) -> Any:
        if field in ("tags", "properties"):
            return run[field].get(key)
        return run.get(_FIELDS.get(field, "parentRunId"))

    return lambda run: (value(run) == wanted) == equal
