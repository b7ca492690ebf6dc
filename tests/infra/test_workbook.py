"""The workbook is a whole template, and every question to the logs asks for what the product really tells."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import uuid
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.infra.kusto import Row, complaints
from tests.infra.queries import WORKBOOK, Query, all_queries, items, workbook, workbook_queries
from tests.infra.stack import BICEP, SETS, evaluate
from tests.telemetry.ingestion import ingesting

TABLES = {  # of a Log Analytics workspace, by the kind that is sent
    "RemoteDependencyData": "AppDependencies",
    "RequestData": "AppRequests",
    "ExceptionData": "AppExceptions",
    "MessageData": "AppTraces",
    "MetricData": "AppMetrics",
}
FORMS = {  # what each type of item has to have in its content
    1: {"json"},
    3: {"version", "query", "title", "queryType", "resourceType", "crossComponentResources", "visualization"},
    9: {"version", "parameters", "style"},
    11: {"version", "style", "links"},
    12: {"version", "groupType", "items"},
}
VISUALS = {"table", "tiles", "timechart", "barchart"}
PLACEHOLDERS = {"__LOG_ANALYTICS_ID__", "__APP_INSIGHTS_ID__", "__APP_URL__", "__MACHINE_LEARNING_ID__"}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """What the real exporter sends of all that the product tells, as rows of the tables that it ends in."""
    folder = tmp_path_factory.mktemp("telling")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "APPLICATIONINSIGHTS_"))}
    with ingesting() as ingestion:
        subprocess.run(
            [sys.executable, "-m", "tests.infra.telling", str(folder)],
            cwd=ROOT,
            env={
                **kept,
                "APPLICATIONINSIGHTS_CONNECTION_STRING": ingestion.connection_string,
                "WEBSITE_HOSTNAME": "app.example",
                "TMPDIR": str(folder),
            },
            timeout=60,
            check=True,
        )
    found: list[Row] = []
    for envelope in ingestion.envelopes:
        data: dict[str, Any] = envelope["data"]["baseData"]
        table = TABLES[envelope["data"]["baseType"]]
        name = data["metrics"][0]["name"] if "metrics" in data else data.get("name", "")
        assert all(isinstance(value, str) for value in data["properties"].values())
        found.append(Row(table, name, data["properties"]))
    return found


@pytest.mark.parametrize("query", all_queries(), ids=lambda query: query.where)
def test_a_query_asks_for_what_is_told(rows: list[Row], query: Query) -> None:
    assert not list(complaints(query.text, rows))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('"reelbrush.run_ended"', '"reelbrush.run_endet"'),
        ('["reelbrush.outcome"]', '["reelbrush.outcomes"]'),
        ('["reelbrush.frames_done"]', '["reelbrush.currency"]'),
        ('!= "done"', '!= "finished"'),
        ("AppDependencies", "AppDependency"),
        ("AppDependencies", "AppRequests"),
        ("| where Outcome", "| were Outcome"),
        ("summarize arg_max(", "summarize arg_max(("),
        ('"reelbrush.code"', '"reelbrush.code'),
    ],
)
def test_a_misspelt_query_is_found(rows: list[Row], right: str, wrong: str) -> None:
    [query] = [query for query in workbook_queries() if query.where.endswith(", failed runs")]
    assert right in query.text
    assert list(complaints(query.text.replace(right, wrong), rows))


def test_every_metric_is_documented_told_and_shown(rows: list[Row]) -> None:
    text = (ROOT / "docs" / "telemetry.md").read_text(encoding="utf-8")
    [section] = re.findall(r"^## Metrics\n(.*?)^## ", text, re.DOTALL | re.MULTILINE)
    documented = set(re.findall(r"^\| `(reelbrush\.\w+)`", section, re.MULTILINE))
    told = {row.name for row in rows if row.table == "AppMetrics" and row.name.startswith("reelbrush.")}
    assert documented == told
    shown = " ".join(query.text for query in workbook_queries())
    assert [name for name in documented if f'"{name}"' not in shown] == []


def test_spans_end_in_the_tables_that_are_documented(rows: list[Row]) -> None:
    spans = {(row.table, row.name) for row in rows if row.table in ("AppRequests", "AppDependencies")}
    assert {name for table, name in spans if table == "AppRequests"} == {"reelbrush.run"}
    assert {"reelbrush.start", "reelbrush.run_ended", "reelbrush.step.tell_event"} <= {
        name for _, name in spans
    }
    [ended] = [
        row
        for row in rows
        if row.properties.get("reelbrush.outcome") == "failed" and row.name.endswith("run_ended")
    ]
    assert ended.properties["reelbrush.link"].startswith(
        "https://ml.azure.com/runs/clip-0123456789-b0-a2?wsid=/subs"
    )
    assert ended.properties["reelbrush.error"] == "CUDA says no"
    pages = {row.properties.get("reelbrush.link") for row in rows if row.name == "reelbrush.step.tell_event"}
    assert pages == {"https://app.example/#/jobs/clip-0123456789"}


def test_the_template_has_the_form_of_the_gallery() -> None:
    book = workbook()
    assert book["version"] == "Notebook/1.0"
    assert book["$schema"].endswith("/Application-Insights-Workbooks/blob/master/schema/workbook.json")
    everything = list(items(book["items"]))
    for item in everything:
        missing = FORMS[item["type"]] - set(item["content"])
        assert not missing, (item["name"], missing)
    names = [item["name"] for item in everything]
    assert len(set(names)) == len(names)


def test_tables_and_charts_ask_the_chosen_logs_for_the_chosen_time() -> None:
    for item in items(workbook()["items"]):
        if item["type"] == 3:
            content = item["content"]
            assert content["visualization"] in VISUALS, item["name"]
            assert content["timeContextFromParameter"] == "TimeRange", item["name"]
            assert content["crossComponentResources"] == ["{Workspace}"], item["name"]
            assert content["query"].strip(), item["name"]
            for formatter in content.get("gridSettings", {}).get("formatters", []):
                column = re.escape(formatter["columnMatch"].strip("^$"))
                last = re.findall(r"\| (?:project|summarize) ((?:.|\n)*?)(?=\n\||$)", content["query"])[-1]
                assert re.search(rf"(^|[ \[\"]){column}\b", last), (item["name"], column)


def test_parameters_are_there_and_used() -> None:
    everything = list(items(workbook()["items"]))
    given = [p for item in everything if item["type"] == 9 for p in item["content"]["parameters"]]
    names = {parameter["name"] for parameter in given}
    assert len(names) == len(given) == len({str(uuid.UUID(parameter["id"])) for parameter in given})
    names |= {
        item["content"]["exportParameterName"]
        for item in everything
        if "exportParameterName" in item["content"]
    }
    used = set(re.findall(r"\{([A-Z]\w+)(?::\w+)?\}", WORKBOOK.read_text(encoding="utf-8")))
    assert used == names


def test_each_tab_shows_a_group() -> None:
    everything = list(items(workbook()["items"]))
    [tabs] = [item["content"]["links"] for item in everything if item["type"] == 11]
    assert {link["cellValue"] for link in tabs} == {"Tab"}
    shown = [item["conditionalVisibility"] for item in everything if item["type"] == 12]
    assert [link["subTarget"] for link in tabs] == [condition["value"] for condition in shown]
    assert {condition["parameterName"] for condition in shown} == {"Tab"}


def test_no_id_of_anybodys_deployment_is_in_it() -> None:
    text = WORKBOOK.read_text(encoding="utf-8")
    assert "/subscriptions/" not in text and "azurewebsites" not in text
    assert set(re.findall(r"__[A-Z_]+__", text)) == PLACEHOLDERS
    filling = (BICEP / "modules" / "workbook.bicep").read_text(encoding="utf-8")
    assert set(re.findall(r"__[A-Z_]+__", filling)) == PLACEHOLDERS


def test_the_deployed_template_is_filled() -> None:
    deployed = evaluate(SETS[0])
    properties = deployed.only("Microsoft.Insights/workbooks")["properties"]
    book = json.loads(properties["serializedData"])
    assert properties["category"] == "workbook"
    assert book["fallbackResourceIds"] == [properties["sourceId"]]
    assert not re.search(r"__[A-Z_]+__", properties["serializedData"])
    [logs] = deployed.of("Microsoft.OperationalInsights/workspaces")
    [chosen] = [p for p in book["items"][1]["content"]["parameters"] if p["name"] == "Workspace"]
    assert chosen["value"] == logs["id"]
