"""Frozen dataclasses to plain JSON values and back. Fractions travel as "30000/1001", tuples as lists."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import types
import typing
from enum import StrEnum
from fractions import Fraction
from functools import cache
from typing import Any, TypeVar, cast

from reelbrush.job.versions import check_version, newest_of

T = TypeVar("T")

_FRACTION = re.compile(r"-?[0-9]{1,40}(/[0-9]{1,40})?")  # exponents would be numbers of any length


def to_json(value: Any) -> Any:
    """Return `value` (dataclass, tuple, list, dict, Fraction or scalar) as JSON-serialisable plain data.

    Fields that are None are left out, so that a document holds no nulls.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = ((f.name, getattr(value, f.name)) for f in dataclasses.fields(value))
        return {name: to_json(item) for name, item in pairs if item is not None}
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in cast("dict[Any, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in cast("list[Any]", value)]
    return value


def from_json(kind: type[T], data: Any) -> T:
    """Build the frozen dataclass `kind` from what `to_json` made of it.

    Unknown fields are ignored and missing ones take their defaults, so that documents of older and newer
    releases stay readable. Raises NewerVersion, a ValueError, for documents of a later version than this
    release knows, ValueError when a field without default is missing or has another type, and nothing else
    whatever `data` is.
    """
    return cast("T", _build(kind, data, kind.__name__))


def read_document(kind: type[T], text: str | bytes) -> T:
    """Build the frozen dataclass `kind` from the JSON text of a document.

    Raises ValueError when `text` is no JSON or not such a document, and nothing else whatever `text` is; see
    `from_json` for later versions.
    """
    return from_json(kind, _parsed(kind.__name__, text))


def read_object(what: str, text: str | bytes, newest: int) -> dict[str, Any]:
    """Return the JSON object of a document that is no dataclass; `newest` is the last version that is known.

    `what` names it in errors: NewerVersion for a later one, ValueError when `text` is no such object.
    """
    document = cast("dict[str, Any]", _expect(dict, "an object", _parsed(what, text), what))
    check_version(what, document.get("version"), newest)
    return document


def _parsed(what: str, text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError(f"{what}: the document is nested too deeply") from None


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _build(kind: Any, data: Any, where: str) -> Any:
    origin = typing.get_origin(kind)
    if kind is Any:
        return data
    if origin in (types.UnionType, typing.Union):
        inner = [arg for arg in typing.get_args(kind) if arg is not type(None)]
        return None if data is None else _build(inner[0], data, where)
    if origin is tuple:
        return _build_tuple(typing.get_args(kind), data, where)
    if origin is dict:
        item_kind = typing.get_args(kind)[1]
        items = cast("dict[Any, Any]", _expect(dict, "an object", data, where))
        return {str(key): _build(item_kind, item, where) for key, item in items.items()}
    if dataclasses.is_dataclass(kind):
        return _build_dataclass(cast("type", kind), data, where)
    if kind is Fraction:
        return _build_fraction(data, where)
    if issubclass(kind, StrEnum):
        return kind(_expect(str, "a word", data, where))
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        try:
            data = float(data)
        except OverflowError:
            raise ValueError(f"{where}: the number is too large") from None
    if kind is int and isinstance(data, bool):
        raise ValueError(f"{where}: int is expected, got bool")
    if isinstance(data, float) and not math.isfinite(data):  # Python reads NaN, which no JSON is
        raise ValueError(f"{where}: {data} is no number")
    return _expect(kind, kind.__name__, data, where)


def _build_tuple(item_kinds: tuple[Any, ...], data: Any, where: str) -> tuple[Any, ...]:
    items = cast("list[Any]", _expect(list, "a list", data, where))
    if len(item_kinds) == 2 and item_kinds[1] is Ellipsis:
        return tuple(_build(item_kinds[0], item, where) for item in items)
    if len(item_kinds) != len(items):
        raise ValueError(f"{where}: {len(item_kinds)} items are expected, got {len(items)}")
    return tuple(_build(k, item, where) for k, item in zip(item_kinds, items, strict=True))


def _build_dataclass(kind: type, data: Any, where: str) -> Any:
    document = cast("dict[str, Any]", _expect(dict, "an object", data, where))
    hints, newest = _hints(kind), newest_of(dataclasses.fields(kind))
    if newest is not None:
        check_version(where, document.get("version"), newest)
    names = [f.name for f in dataclasses.fields(kind) if f.name in document]
    values = {name: _build(hints[name], document[name], f"{where}.{name}") for name in names}
    if newest is not None:
        values.setdefault("version", 1)
    try:
        return kind(**values)
    except TypeError as error:
        raise ValueError(f"{where}: {error}") from None


def _build_fraction(data: Any, where: str) -> Fraction:
    text = _expect(str, "a fraction", data, where)
    if not _FRACTION.fullmatch(text):
        raise ValueError(f"{where}: a fraction like 30000/1001 is expected")
    try:
        return Fraction(text)
    except ZeroDivisionError:
        raise ValueError(f"{where}: the denominator is zero") from None


def _expect(kind: type[T], words: str, data: Any, where: str) -> T:
    if not isinstance(data, kind):
        raise ValueError(f"{where}: {words} is expected, got {type(data).__name__}")
    return data
