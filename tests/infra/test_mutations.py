"""The rules notice mistakes: each of mutations.py, made in a copy of the templates, breaks its rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.infra.mutations import MUTATIONS, Mutation
from tests.infra.rules import RULES
from tests.infra.stack import SETS, evaluate, evaluator


@pytest.mark.slow
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.what)
def test_a_mistake_is_noticed(mutation: Mutation, tmp_path: Path) -> None:
    evaluator()  # skips where it is not
    folder = mutation.make(tmp_path / "bicep")
    (rule,) = [rule for rule in RULES if rule.__name__ == mutation.rule]
    assert any(list(rule(evaluate(wanted, folder))) for wanted in SETS[:2])


def test_most_rules_were_seen_to_notice_something() -> None:
    tried = {mutation.rule for mutation in MUTATIONS}
    assert len(tried) >= 0.7 * len(RULES)
    assert tried <= {rule.__name__ for rule in RULES}
