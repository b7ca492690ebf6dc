"""Reading what callers send: JSON bodies and numbers in queries, every problem told at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from function_app.api.messages import Request
from function_app.api.problems import Refused

BODY_BYTES = 65536  # inclusive; bodies only name things
_LARGEST = 1e15  # of numbers with a fraction; NaN is no number either

_WORDS: dict[type, str] = {str: "a text", int: "a whole number", float: "a number", dict: "an object"}


def read_body(request: Request, fields: Mapping[str, type], required: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the request's JSON object. `fields` names what may be in it, with str, int, float or dict
    as type; a float field takes whole numbers too.

    Raises Refused: 413 for a body that is too long, 422 for control characters, 400 else.
    """
    if len(request.body) > BODY_BYTES:
        raise Refused(413, "BodyTooLarge", f"The body may have {BODY_BYTES} bytes; videos go to uploadUrl.")
    try:
        found = json.loads(request.body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Refused(400, "InvalidBody", "The body is not valid JSON in UTF-8.") from None
    if not isinstance(found, dict):
        raise Refused(400, "InvalidBody", "The body is a JSON object.")
    document = cast("dict[str, Any]", found)
    unprintable = [
        name for name, value in document.items() if isinstance(value, str) and not _printable(value)
    ]
    problems = [f"there is no field {name[:40]!r}" for name in document if name not in fields]
    problems += [f"{name} is missing" for name in required if name not in document]
    for name, kind in fields.items():
        value = document.get(name)
        if name in document and not _is(value, kind):
            problems.append(f"{name} is {_WORDS[kind]}")
    if problems:
        raise invalid("The body cannot be used", problems)
    if unprintable:
        texts = [f"{name} holds a character that no name can have" for name in unprintable]
        raise unserved("The body cannot be used", texts)
    return document


def query_number(request: Request, name: str, default: int, low: int, high: int) -> int:
    """Return a whole number of the query, `low`..`high` inclusive. Raises Refused (400) for anything else."""
    text = request.query.get(name)
    if text is None:
        return default
    if text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high:
        return int(text)
    raise invalid("The query cannot be used", [f"{name} is a whole number {low}..{high}"])


def invalid(sentence: str, problems: list[str]) -> Refused:
    """Return the refusal (400) of a request with these problems, one sentence each without a full stop."""
    return Refused(400, "InvalidRequest", f"{sentence}: {'; '.join(problems)}.", problems)


def unserved(sentence: str, problems: list[str]) -> Refused:
    """Return the refusal (422) of a request that has the right form, but asks for what cannot be had."""
    return Refused(422, "CannotBeServed", f"{sentence}: {'; '.join(problems)}.", problems)


def _is(value: Any, kind: type) -> bool:
    if isinstance(value, bool):
        return False
    if kind is float:  # JSON knows no other numbers, but Python's reader does
        return isinstance(value, (int, float)) and abs(value) <= _LARGEST
    return isinstance(value, kind)


def _printable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return not any(ord(letter) < 32 or ord(letter) == 127 for letter in text)
