"""Each alert says whom it concerns and what to do, and asks in a way that can be answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.infra.queries import OPERATIONS, alert_queries
from tests.infra.stack import Resource, Stack, Wanted, evaluate

RULES, METRICS = "Microsoft.Insights/scheduledQueryRules", "Microsoft.Insights/metricAlerts"
ADDRESS = "operators@example.org"


@pytest.fixture(scope="module")
def silent() -> Stack:
    """A deployment that mails nobody."""
    return evaluate(Wanted("dev", "dev.bicepparam", {"alertEmail": ""}))


@pytest.fixture(scope="module")
def mailing() -> Stack:
    """A deployment that mails."""
    return evaluate(Wanted("mail", "dev.bicepparam", {"alertEmail": ADDRESS}))


def alerts(stack: Stack) -> Iterator[Resource]:
    yield from stack.of(RULES)
    yield from stack.of(METRICS)


def minutes(duration: str) -> int:
    number, unit = re.fullmatch(r"PT(\d+)([MH])", duration).groups()  # type: ignore[union-attr]
    return int(number) * (60 if unit == "H" else 1)


def test_everything_that_can_go_wrong_has_its_alert(silent: Stack) -> None:
    names = {re.sub(r"^reelbrush-|-\w{5}$", "", alert["name"]) for alert in alerts(silent)}
    assert names == {
        "job-failed",
        "job-stuck",
        "no-nodes",
        "poison-message",
        "jobs-pile-up",
        "messages-pile-up",
        "app-silent",
    }
    assert {query.where.removeprefix("alert ") for query in alert_queries()} == names - {"messages-pile-up"}


def test_each_alert_leads_to_its_place_in_the_run_book(silent: Stack) -> None:
    headings = set(re.findall(r"^### (.+)$", OPERATIONS.read_text(encoding="utf-8"), re.MULTILINE))
    for alert in alerts(silent):
        named = re.search(
            r'docs/operations\.md, "(.+?)"\. .*https://portal\.azure\.com/',
            alert["properties"]["description"],
        )
        assert named and named[1] in headings, alert["name"]
        assert alert["properties"]["severity"] in (1, 2, 3)
        assert alert["properties"]["enabled"]
        assert alert["properties"]["autoMitigate"]


def test_rules_ask_the_logs_often_enough_to_miss_nothing(silent: Stack) -> None:
    [logs] = silent.of("Microsoft.OperationalInsights/workspaces")
    for rule in silent.of(RULES):
        asked = rule["properties"]
        assert asked["scopes"] == [logs["id"]]
        late = 10  # minutes after which lines may come
        assert minutes(asked["evaluationFrequency"]) + late <= minutes(asked["windowSize"])
        [criterion] = asked["criteria"]["allOf"]
        columns = [entry["name"] for entry in criterion["dimensions"]]
        if criterion.get("metricMeasureColumn"):
            columns.append(criterion["metricMeasureColumn"])
            assert criterion["timeAggregation"] != "Count"
        for column in columns:
            assert re.search(rf"\| project .*\b{column}\b", criterion["query"]), (rule["name"], column)


def test_the_costs_tell_how_often_rules_ask(silent: Stack) -> None:
    costs = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")
    often = [rule["properties"]["evaluationFrequency"] for rule in silent.of(RULES)]
    for words, frequency in (("every five minutes", "PT5M"), ("every 15 minutes", "PT15M")):
        [count] = re.findall(rf"^\| alerts on logs, asked {words} \| (\d+) x", costs, re.MULTILINE)
        assert int(count) == often.count(frequency)


def test_messages_are_counted_in_the_account_with_the_queues(silent: Stack) -> None:
    alert = silent.only(METRICS)
    assert alert["properties"]["scopes"] == [f"{silent.account('ops')['id']}/queueServices/default"]


def told(alert: dict[str, Any]) -> list[str]:
    actions = alert["properties"]["actions"]
    return [a["actionGroupId"] for a in actions] if isinstance(actions, list) else actions["actionGroups"]


def test_without_an_address_alerts_are_seen_in_the_portal_only(silent: Stack) -> None:
    assert silent.of("Microsoft.Insights/actionGroups") == []
    assert [told(alert) for alert in alerts(silent) if told(alert)] == []


def test_with_an_address_all_alerts_are_mailed(mailing: Stack) -> None:
    group = mailing.only("Microsoft.Insights/actionGroups")
    [receiver] = group["properties"]["emailReceivers"]
    assert receiver["emailAddress"] == ADDRESS
    assert len(group["properties"]["groupShortName"]) <= 12  # more is refused
    assert {tuple(told(alert)) for alert in alerts(mailing)} == {(group["id"],)}
