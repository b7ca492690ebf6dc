"""As much of Kusto as it takes to find misspelt names in our own queries; no parser of the language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

TABLES = ("AppDependencies", "AppRequests", "AppExceptions", "AppTraces", "AppMetrics")
OPERATORS = (
    "where", "extend", "project", "summarize", "order by", "top", "join", "union", "distinct", "count",
)  # fmt: skip
CLOSING = {")": "(", "]": "[", "}": "{"}

_KEY = r'to\w+\(Properties\["([^"]+)"\]\)'
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Row:
    """One record of a table, as far as names in queries concern it."""

    table: str
    name: str  # of the span or metric; "" of others
    properties: dict[str, str]


def complaints(query: str, rows: list[Row]) -> Iterator[str]:
    """Yield what is wrong with a query: its form, tables, and names that no row of its tables has."""
    yield from _form(query)
    aliases = dict(re.findall(rf"(\w+) = {_KEY}", query))
    for statement in _split(query, ";"):
        tables = [table for table in TABLES if re.search(rf"\b{table}\b", statement)]
        names = _names(statement)
        here = [row for row in rows if row.table in tables and (not names or _meant(row.name, names))]
        for name in names:
            if not any(_meant(row.name, [name]) for row in here):
                yield f"nothing in {tables} is called {name[0]}"
        keys = re.findall(r'Properties\["([^"]+)"\]', statement)
        yield from (
            f"{names or tables} have no {key}"
            for key in keys
            if not any(key in row.properties for row in here)
        )
        for key, value in _values(statement, aliases):
            if not any(row.properties.get(key) == value for row in rows):
                yield f"{key} is never {value}"
    known = {row.name for row in rows} | {key for row in rows for key in row.properties}
    for text in _TEXT.findall(query):
        if text.startswith("reelbrush") and not any(name.startswith(text) for name in known):
            yield f"nothing is called {text}"


def _meant(name: str, names: list[tuple[str, bool]]) -> bool:
    return any(name.startswith(wanted) if prefix else name == wanted for wanted, prefix in names)


def _names(statement: str) -> list[tuple[str, bool]]:
    """Return the names that a statement asks for, with whether each is the beginning of one."""
    found = [
        (name, how == "startswith")
        for how, name in re.findall(r'\bName (==|startswith) "([^"]+)"', statement)
    ]
    for several in re.findall(r"\bName in \(([^)]*)\)", statement):
        found += [(name, False) for name in _TEXT.findall(several)]
    return found


def _values(statement: str, aliases: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the keys whose values a statement compares, with those values."""
    comparison = rf'(?:{_KEY}|\b(\w+)) (?:==|!=|in) (\([^)]*\)|"[^"]*")'
    for direct, alias, values in re.findall(comparison, statement):
        key = direct or aliases.get(alias, "")
        for value in _TEXT.findall(values) if key else []:
            if "{" not in value:  # else it is a parameter of the workbook
                yield key, value


def _form(query: str) -> Iterator[str]:
    plain = _TEXT.sub("''", re.sub(r"\{\w+(:\w+)?\}", "0", query))
    opened: list[str] = []
    for sign in plain:
        if sign in CLOSING.values():
            opened.append(sign)
        elif sign in CLOSING and (not opened or opened.pop() != CLOSING[sign]):
            yield f"{sign} closes nothing"
    if opened or '"' in plain:
        yield f"{opened or 'a text'} is never closed"
    for statement in _split(query, ";"):
        first, *stages = _split(statement, "|")
        source = re.sub(r"^(let )?\w+ = ", "", first.strip())
        lets = re.findall(r"\blet (\w+) =", query)
        for table in re.findall(r"\w+", source.removeprefix("union ")) if stages else []:
            if table not in (*TABLES, *lets):
                yield f"{table} is no table"
        for stage in stages:
            if not stage.strip().startswith(OPERATORS):
                yield f"{stage.strip()[:30]!r} begins with no operator that is known here"


def _split(text: str, sign: str) -> list[str]:
    """Return the parts of `text` between `sign`, which counts neither in texts nor in brackets."""
    parts, depth, quoted, begin = list[str](), 0, False, 0
    for at, here in enumerate(text):
        if here == '"' and text[at - 1] != "\\":
            quoted = not quoted
        elif not quoted:
            depth += (here in "([{") - (here in ")]}")
            if here == sign and depth == 0:
                parts.append(text[begin:at])
                begin = at + 1
    return [part for part in [*parts, text[begin:]] if part.strip()]
