"""The questions that are put to the logs, wherever they stand: workbook, alerts, docs/operations.md."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.conftest import ROOT
from tests.infra.stack import BICEP

WORKBOOK = BICEP / "workbook.json"
ALERTS = BICEP / "modules" / "alerts.bicep"
OPERATIONS = ROOT / "docs" / "operations.md"

Item = dict[str, Any]


@dataclass(frozen=True)
class Query:
    """One question in Kusto."""

    where: str  # for messages of tests
    text: str


def items(within: list[Item]) -> Iterator[Item]:
    """Yield all items of a workbook, those of groups too."""
    for item in within:
        yield item
        if item["type"] == 12:
            yield from items(item["content"]["items"])


def workbook() -> dict[str, Any]:
    """Return the template."""
    return json.loads(WORKBOOK.read_text(encoding="utf-8"))


def workbook_queries() -> list[Query]:
    """Return the questions of tables, charts and parameters to the logs."""
    found: list[Query] = []
    for item in items(workbook()["items"]):
        if item["type"] == 3:
            found.append(Query(f"workbook, {item['name']}", item["content"]["query"]))
        for parameter in item["content"].get("parameters", []):
            if parameter.get("queryType") == 0:
                found.append(Query(f"workbook, parameter {parameter['name']}", parameter["query"]))
    return found


def alert_queries() -> list[Query]:
    """Return the questions of the alerts, as they stand in the template."""
    text = ALERTS.read_text(encoding="utf-8")
    begin = re.search(r"var tellings = '''\n(.*?)'''", text, re.DOTALL)
    assert begin
    rules = re.findall(r"name: '([\w-]+)'\n    title: .*?query: (?:'''\n(.*?)'''|'(.*?)')\n", text, re.DOTALL)
    return [
        Query(f"alert {name}", (long or short).replace("${tellings}", begin[1]))
        for name, long, short in rules
    ]


def documented_queries() -> list[Query]:
    """Return the questions of docs/operations.md, each with the heading above it."""
    text = OPERATIONS.read_text(encoding="utf-8")
    found = re.findall(r"^#### ([^\n]+)\n+```kusto\n(.*?)```", text, re.DOTALL | re.MULTILINE)
    assert len(found) == text.count("```kusto"), "each query stands below a heading of its own"
    return [Query(f"operations.md, {heading}", query) for heading, query in found]


def all_queries() -> list[Query]:
    """Return all of them."""
    return [*workbook_queries(), *alert_queries(), *documented_queries()]
