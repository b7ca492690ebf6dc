"""Frozen dataclasses to plain JSON values and back. Fractions travel as "30000/1001", tuples as lists."""

from __future__ import annotations

import dataclasses
import types
import typing
from enum import StrEnum
from fractions import Fraction
from functools import cache
from typing import Any, TypeVar, cast

T = TypeVar("T")


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
    releases stay readable. Raises ValueError when a field without default is missing or has another type.
    """
    return cast("T", _build(kind, data, kind.__name__))


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _build(kind: Any, data: Any, where: str) -> Any:
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        inner = [arg for arg in typing.get_args(kind) if arg is not type(None)]
        return None if data is None else _build(inner[0], data, where)
    if origin is tuple:
        if not isinstance(data, list):
            raise ValueError(f"{where}: a list is expected, got {type(data).__name__}")
        item_kinds = typing.get_args(kind)
        items = cast("list[Any]", data)
        if len(item_kinds) == 2 and item_kinds[1] is Ellipsis:
            return tuple(_build(item_kinds[0], item, where) for item in items)
        if len(item_kinds) != len(items):
            raise ValueError(f"{where}: {len(item_kinds)} items are expected, got {len(items)}")
        return tuple(_build(k, item, where) for k, item in zip(item_kinds, items, strict=True))
    if origin is dict:
        return dict(data)
    if dataclasses.is_dataclass(kind):
        if not isinstance(data, dict):
            raise ValueError(f"{where}: an object is expected, got {type(data).__name__}")
        hints, document = _hints(cast("type", kind)), cast("dict[str, Any]", data)
        names = [f.name for f in dataclasses.fields(kind) if f.name in document]
        values = {name: _build(hints[name], document[name], f"{where}.{name}") for name in names}
        try:
            return cast("type", kind)(**values)
        except TypeError as error:
            raise ValueError(f"{where}: {error}") from None
    if kind is Fraction:
        return Fraction(data)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(data)
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if isinstance(kind, type) and (not isinstance(data, kind) or (kind is int and isinstance(data, bool))):
        raise ValueError(f"{where}: {kind.__name__} is expected, got {type(data).__name__}")
    return data
