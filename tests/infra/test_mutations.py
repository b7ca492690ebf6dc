"""The rules notice mistakes: each of mutations.py, made in a copy of the templates, breaks its rule."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from tests.infra import contracts_names
from tests.infra.mutations import MUTATIONS, Mutation
from tests.infra.rules import RULES
from tests.infra.stack import SETS, VARIANTS, evaluate, evaluator, golden

STACKS = (*SETS[:2], *(wanted for wanted in VARIANTS if wanted.name in ("dts", "dev-zones")))


@pytest.mark.slow
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.what)
def test_a_mistake_is_noticed(mutation: Mutation, tmp_path: Path) -> None:
    evaluator()  # skips where it is not
    folder = mutation.make(tmp_path / "bicep")
    (rule,) = [rule for rule in RULES if rule.__name__ == mutation.rule]
    assert any(list(rule(evaluate(wanted, folder))) for wanted in STACKS)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("extensions/blobs/poisonBlobThreshold", 4),
        ("extensions/queues/maxDequeueCount", 1),
        ("extensions/durableTask/maxConcurrentActivityFunctions", 100),
        ("extensions/durableTask/hubName", "other"),
        ("extensionBundle/version", "[3.*, 4.0.0)"),
        ("logging/applicationInsights/samplingSettings/excludedTypes", "Exception"),
        ("functionTimeout", "00:05"),
        (f"logging/logLevel/{contracts_names.BLOB_LISTENER}", "Information"),
    ],
)
def test_a_change_of_host_json_is_noticed(path: str, value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = copy.deepcopy(contracts_names.host_json())
    *folders, last = path.split("/")
    inner = changed
    for folder in folders:
        inner = inner[folder]
    assert last in inner
    inner[last] = value
    monkeypatch.setattr(contracts_names, "host_json", lambda: changed)
    assert list(contracts_names.host_json_is_what_the_app_counts_on(golden(SETS[0])))


def test_every_rule_has_a_mistake_to_notice() -> None:
    not_of_bicep = {"host_json_is_what_the_app_counts_on"}
    assert {mutation.rule for mutation in MUTATIONS} | not_of_bicep == {rule.__name__ for rule in RULES}
