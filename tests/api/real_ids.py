"""Hooks for schemathesis: half of what it generates in the right form names things that exist."""

from __future__ import annotations

import json
import os
import re
from typing import Any

import schemathesis

PATTERNS = {
    "id": re.compile(r"(?=.{0,51}$)[a-z0-9]+(-[a-z0-9]+)*-[0-9a-f]{10}"),
    "token": re.compile(r"[0-9]{1,12}-[A-Za-z0-9_-]{43}"),
    "file": re.compile(r"index\.m3u8|media\.json|init\.mp4|[0-9]{5}\.m4s"),
    "blob": re.compile(r"input/.+", re.DOTALL),
    "style": re.compile(r"[a-z0-9][a-z0-9-]{0,63}"),
}
KNOWN: dict[str, list[str]] = json.loads(os.environ.get("KNOWN", "{}"))


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Let ids and tokens be known ones; a token goes with the job that it is for."""
    if path_parameters and "token" in path_parameters:
        given = {name: str(path_parameters.get(name)) for name in ("id", "token", "file")}
        fits = all(PATTERNS[name].fullmatch(value) for name, value in given.items())
        if fits and sum(map(ord, str(path_parameters["token"]))) % 4:
            file = str(path_parameters["file"])
            files = {"file": "00000.m4s"} if file.endswith(".m4s") else {}
            path_parameters |= {"id": KNOWN["id"][0], "token": KNOWN["token"][0], **files}
    elif path_parameters:
        _know(path_parameters, "id")
    return path_parameters


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """Let videos and styles be known ones."""
    if isinstance(body, dict):
        _know(body, "blob")
        _know(body, "style")
        if isinstance(body.get("options"), dict):
            _know(body["options"], "mix", like="style")
    return body


def _know(values: dict[str, Any], name: str, like: str = "") -> None:
    """Replace half of the values that have the right form; those that are meant to be wrong stay."""
    value, known = values.get(name), KNOWN.get(like or name, [])
    if isinstance(value, str) and known and PATTERNS[like or name].fullmatch(value):
        pick = sum(map(ord, value)) % (2 * len(known))
        if pick < len(known):
            values[name] = known[pick]
