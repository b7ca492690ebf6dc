"""What Bicep would deploy is what was reviewed, and keeps every rule, in every variant."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT
from tests.infra.golden_lists import as_text
from tests.infra.rules import RULES, Rule, complaints
from tests.infra.stack import BICEP, GOLDEN, SETS, TOOLS, VARIANTS, Stack, Wanted, evaluate, evaluator, golden


def wanted_id(wanted: Wanted) -> str:
    """Return the name of a deployment, for the test's id."""
    return wanted.name


@pytest.fixture(scope="module", params=SETS, ids=wanted_id)
def reviewed(request: pytest.FixtureRequest) -> Stack:
    """A stack as its golden list has it; needs no evaluator."""
    return golden(request.param)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_what_was_reviewed_keeps_the_rule(reviewed: Stack, rule: Rule) -> None:
    assert list(rule(reviewed)) == []


@pytest.mark.parametrize("wanted", SETS, ids=wanted_id)
def test_what_would_be_deployed_was_reviewed(wanted: Wanted) -> None:
    stack = evaluate(wanted)
    assert as_text(stack) == (GOLDEN / f"{wanted.name}.json").read_text(), "look at it, then: poe golden"
    assert evaluator().problems(list(stack.resources)) == []


@pytest.mark.parametrize("wanted", VARIANTS, ids=wanted_id)
def test_every_variant_keeps_the_rules(wanted: Wanted) -> None:
    stack = evaluate(wanted)
    assert complaints(stack) == []
    assert evaluator().problems(list(stack.resources)) == []


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted("", "prod.bicepparam", {"uploadEvents": "webhook"}),
        Wanted("", "dev.bicepparam", {"developerPrincipalId": "33333333-3333-3333-3333-333333333333"}),
        Wanted(
            "", "dev.bicepparam", {"monthlyBudget": 5, "alertEmail": "a@b.c", "budgetStart": "2026-12-02"}
        ),
        Wanted("", "dev.bicepparam", {"monthlyBudget": 5}),
    ],
    ids=[
        "a webhook into a private app",
        "a principal of no kind",
        "a budget from the middle of a month",
        "a budget that nobody hears of",
    ],
)
def test_contradictions_are_refused(wanted: Wanted) -> None:
    """Bicep's fail() is what the evaluator cannot evaluate: that it got there is all that can be seen."""
    with pytest.raises(Exception, match=r"fail\(\)"):
        evaluate(wanted)


def test_names_differ_between_environments_and_regions() -> None:
    names = {
        (environment, location): frozenset(
            r["name"]
            for r in evaluate(
                Wanted("", "dev.bicepparam", {"environmentName": environment, "location": location})
            ).resources
            if r["type"]
            in ("Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults", "Microsoft.Web/sites")
        )
        for environment, location in (("dev", "westeurope"), ("dev", "eastus"), ("team", "westeurope"))
    }
    assert len(frozenset[str]().union(*names.values())) == sum(map(len, names.values()))


# without shrinking: a rule that is broken would be looked into for minutes
@settings(max_examples=10, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(
    environment=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9-]{0,10}[A-Za-z0-9]", fullmatch=True),
    location=st.sampled_from(["eastus", "westeurope", "southcentralus", "germanywestcentral"]),
    file=st.sampled_from(["dev.bicepparam", "prod.bicepparam"]),
    aks=st.booleans(),
)
def test_any_name_of_an_environment_makes_good_names(
    environment: str, location: str, file: str, aks: bool
) -> None:
    wanted = Wanted("any", file, {"environmentName": environment, "location": location, "useAks": aks})
    stack = evaluate(wanted)
    assert evaluator().problems(list(stack.resources)) == []
    assert complaints(stack) == []


def test_the_compiler_would_be_content() -> None:
    evaluator()  # skips where the tools are not
    program = [sys.executable, str(TOOLS / "check_bicep.py"), "--level", "info", str(BICEP)]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_everything_is_described_and_native() -> None:
    for path in sorted(BICEP.rglob("*.bicep")):
        text = path.read_text()
        assert re.search(r"^metadata description = '.{20,}'$", text, re.MULTILINE), (
            f"{path.name} has no description"
        )
        assert not re.search(r"'(br|ts)[:/]", text), f"{path.name} needs a registry"
        for line in re.finditer(r"^(param|output|type|func) (\w+)", text, re.MULTILINE):
            before = text[: line.start()]
            decorators = before[before.rfind("\n\n") :]
            assert "@description(" in decorators, f"{path.name}: {line.group()} is not described"
        assert text.count("\n") <= 350, f"{path.name} is long"


def test_a_golden_list_holds_nothing_of_the_machine_that_made_it() -> None:
    for wanted in SETS:
        text = (GOLDEN / f"{wanted.name}.json").read_text()
        assert "/home/" not in text and str(ROOT) not in text
