"""Bodies of azure-ai-ml against the published schema.

azure-mgmt-machinelearningservices 2.0.0b2 is generated from the public API description of 2023-04-01; its
classes say which keys there are, which are required and of what type. Enumerations are texts there, so
their values are checked only where they choose a class.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

from tests.fakes.azureml.wire import Document, Refusal

if TYPE_CHECKING:
    from tests.fakes.azureml.service import Service

_PRIMITIVE: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "int": int,
    "bool": bool,
    "float": (int, float),
    "duration": str,
    "iso-8601": str,
}
_DURATION = re.compile(r"P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?([\d.]+S)?)?")
# The hash's version is a number in what azure-ai-ml 1.35.2 sends and a text in the description.
_TOLERATED = ("properties/hashVersion", "properties/properties/hash_version")
_importing = threading.Lock()


def check(service: Service, what: str, schema: str, body: Document) -> None:
    """Refuse a body that the schema does not allow, and remember it."""
    problems = [problem for problem in violations(schema, body) if not problem.startswith(_TOLERATED)]
    if problems:
        service.invalid.append((what, problems))
        raise Refusal(400, "ValidationError", "; ".join(problems))


def violations(schema: str, body: Any) -> list[str]:
    """Return everything in the body that the schema of that name does not allow, each with its place."""
    found: list[str] = []
    _check(schema, body, "", found)
    return found


def _models() -> Any:
    with _importing:  # it takes a second, and only tests of azure-ai-ml need it
        from azure.mgmt.machinelearningservices import models

        return models


def _check(kind: str, body: Any, place: str, found: list[str]) -> None:
    if body is None:
        return
    if kind[0] == "{":
        if not isinstance(body, dict):
            found.append(f"{place}: is no object")
            return
        for key, value in body.items():
            _check(kind[1:-1], value, f"{place}/{key}".lstrip("/"), found)
    elif kind[0] == "[":
        if not isinstance(body, list):
            found.append(f"{place}: is no array")
            return
        for number, value in enumerate(body):
            _check(kind[1:-1], value, f"{place}/{number}", found)
    elif kind in _PRIMITIVE:
        _check_primitive(kind, body, place, found)
    elif kind != "object":
        _check_object(kind, body, place, found)


def _check_primitive(kind: str, body: Any, place: str, found: list[str]) -> None:
    if not isinstance(body, _PRIMITIVE[kind]) or (isinstance(body, bool) and kind != "bool"):
        found.append(f"{place}: {body!r} is no {kind}")
    elif kind == "duration" and not _DURATION.fullmatch(str(body)):
        found.append(f"{place}: {body!r} is no ISO 8601 duration")


def _check_object(kind: str, body: Any, place: str, found: list[str]) -> None:
    models = _models()
    cls = getattr(models, kind)
    if not hasattr(cls, "_attribute_map"):  # an enumeration
        if body not in {member.value for member in cls}:
            found.append(f"{place}: {body!r} is no {kind}")
        return
    if not isinstance(body, dict):
        found.append(f"{place}: is no object")
        return
    while cls.__dict__.get("_subtype_map"):
        ((attribute, names),) = cls.__dict__["_subtype_map"].items()
        key = cls._attribute_map[attribute]["key"]
        if body.get(key) not in names:
            found.append(f"{place}: {key} is {body.get(key)!r}, which is none of {', '.join(sorted(names))}")
            return
        cls = getattr(models, names[body[key]])
    rules: dict[str, dict[str, Any]] = getattr(cls, "_validation", {})
    known: set[str] = set()
    for attribute, entry in cls._attribute_map.items():
        key = entry["key"].replace("\\.", ".")
        known.add(key)
        rule = rules.get(attribute, {})
        value = body.get(key)
        at = f"{place}/{key}".lstrip("/")
        if value is None:
            if rule.get("required") and not rule.get("readonly"):
                found.append(f"{at}: is missing")
            continue
        if rule.get("pattern") and isinstance(value, str) and not re.search(rule["pattern"], value):
            found.append(f"{at}: {value!r} does not fit {rule['pattern']}")
        _check(entry["type"], value, at, found)
    found += [
        f"{place}/{key}".lstrip("/") + f": is not in the schema of {cls.__name__}"
        for key in body
        if key not in known
    ]
