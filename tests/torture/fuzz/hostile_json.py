"""JSON that nobody wrote in good faith: damaged text, hostile values at any place of a document."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

WORDS = (
    "", "a", "../../etc/passwd", "\x00", "\ud800", "é" * 300, "x" * 5000, "NaN", "1e999", "-1", "0", "1/0",
    "done",
    "9" * 5000, "2026-01-01T00:00:00", "9999-12-31T23:59:59+00:00", "[]", "{}", "null", "%s%n", "<script>",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**53, 2**63, 2**64, -(2**63), 10**30, 10**400, 0.5, -0.0, 1e-308,
    1e308,
    float("nan"), float("inf"), float("-inf"), [], {}, [[]], [None], {"": None}, [0] * 3000, *WORDS,
)  # fmt: skip
_DEEP = 100_000  # brackets, far beyond what a reader that recurses survives


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value inside a JSON value, the value itself first."""
    yield path
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, child in children:
        yield from places(child, (*path, key))


def changed(document: Any, rng: random.Random) -> Any:
    """Return a copy of a JSON value in which some values are hostile, missing or of another place."""
    made = json.loads(json.dumps(document))
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        paths = list(places(made))
        *way, last = rng.choice(paths[1:]) if len(paths) > 1 else ((),)
        if len(paths) == 1:
            return _value(rng)
        parent = made
        for step in way:
            parent = parent[step]
        what = rng.random()
        if what < 0.2:
            del parent[last]
        elif what < 0.35:
            parent[last] = json.loads(json.dumps(_at(made, rng.choice(paths[1:]))))
        elif what < 0.5 and isinstance(parent[last], (int, float)) and not isinstance(parent[last], bool):
            parent[last] = rng.choice((-parent[last], parent[last] + 1, parent[last] * 2, str(parent[last])))
        elif isinstance(parent, dict) and what < 0.6:
            parent[rng.choice(WORDS)] = _value(rng)
        else:
            parent[last] = _value(rng)
    return made


def _value(rng: random.Random) -> Any:
    return copy.deepcopy(rng.choice(VALUES))


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


def damaged(text: bytes, rng: random.Random, other: bytes = b"") -> bytes:
    """Return the bytes of a JSON document as a fault or a foe would leave them."""
    what = rng.randrange(10)
    if what < 5:
        try:
            return json.dumps(changed(json.loads(text), rng)).encode("utf-8", "surrogatepass")
        except (ValueError, RecursionError):
            return b"{"
    if what == 5:
        return text[: rng.randrange(len(text) + 1)]
    if what == 6:
        made = bytearray(text or b" ")
        for _ in range(rng.choice((1, 1, 3, 20))):
            made[rng.randrange(len(made))] = rng.randrange(256)
        return bytes(made)
    if what == 7:
        return rng.choice(
            (other, text + text, text + b"\0", b"\xef\xbb\xbf" + text, b"", b"\0" * 100, b"null")
        )
    if what == 8:
        return rng.choice((b"[" * _DEEP, b'{"a":' * _DEEP, text[:-1] + b',"x":' + b"[" * _DEEP))
    try:
        return text.decode().encode(rng.choice(("utf-16", "utf-32", "utf-16-le")))
    except UnicodeError:
        return b"\xff\xfe"


def any_value(rng: random.Random, depth: int = 4) -> Any:
    """Return an arbitrary JSON value."""
    kind = rng.randrange(4) if depth else 0
    if kind == 1:
        return [any_value(rng, depth - 1) for _ in range(rng.randrange(4))]
    if kind == 2:
        return {rng.choice(WORDS): any_value(rng, depth - 1) for _ in range(rng.randrange(4))}
    return _value(rng)
