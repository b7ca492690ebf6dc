"""Roles of the nodes' identity: what they allow on the store, by account, container and condition."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from reelbrush.compute.preflight import Outcome
from reelbrush.compute.preflight.blob_roles import CONTRIBUTOR, OWNER, READER, blob_roles
from reelbrush.compute.preflight.own_role import check_own_role
from tests.compute.test_preflight import Site, place_of, site
from tests.fakes.azureml.cluster import SCORING_PRINCIPAL
from tests.fakes.azureml.fixture import azure_ml
from tests.fakes.azureml.tokens import APP_PRINCIPAL
from tests.infra.stack import BICEP, evaluator

__all__ = ["azure_ml", "site"]

ACCOUNT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/videos"
BELOW = "/blobServices/default/containers/"
GENERAL_READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"  # sees resources, not blobs
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
NAME = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name]"


def only_in(container: str) -> str:
    """Return a condition under which a role holds in one container."""
    return f"((!(ActionMatches{{'{BLOBS}/*'}})) OR ({NAME} StringEquals '{container}'))"


def assigned(scope: str, role: str, condition: str | None = None) -> dict[str, Any]:
    """Return a role assignment as Azure lists it."""
    definition = f"/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/{role}"
    return {"properties": {"scope": scope, "roleDefinitionId": definition, "condition": condition}}


@pytest.mark.parametrize(
    ("scope", "role", "condition", "reads", "writes"),
    [
        (ACCOUNT, READER, None, {"*"}, set[str]()),
        (ACCOUNT, CONTRIBUTOR, None, {"*"}, {"*"}),
        (ACCOUNT.upper(), OWNER.upper(), None, {"*"}, {"*"}),
        ("/subscriptions/s", CONTRIBUTOR, None, {"*"}, {"*"}),
        ("/", READER, None, {"*"}, set[str]()),
        (ACCOUNT + "/blobServices/default", CONTRIBUTOR, None, {"*"}, {"*"}),
        (ACCOUNT + BELOW + "work", CONTRIBUTOR, None, {"work"}, {"work"}),
        (ACCOUNT, CONTRIBUTOR, only_in("work"), {"work"}, {"work"}),
        (ACCOUNT, READER, only_in("input"), {"input"}, set[str]()),
        (ACCOUNT + BELOW + "input", CONTRIBUTOR, only_in("work"), set[str](), set[str]()),
        (ACCOUNT, CONTRIBUTOR, f"{NAME} StringStartsWith 'w'", set[str](), set[str]()),
        (ACCOUNT, CONTRIBUTOR, f"!( {NAME} StringEquals 'work')", set[str](), set[str]()),
        (ACCOUNT, CONTRIBUTOR, f"NOT {NAME} StringEquals 'work'", set[str](), set[str]()),
        (
            ACCOUNT,
            CONTRIBUTOR,
            only_in("work") + " AND (@Request[x] StringEquals 'y')",
            set[str](),
            set[str](),
        ),
        (ACCOUNT, GENERAL_READER, None, set[str](), set[str]()),
        (ACCOUNT + "2", CONTRIBUTOR, None, set[str](), set[str]()),
        (ACCOUNT + "2" + BELOW + "work", CONTRIBUTOR, None, set[str](), set[str]()),
        (ACCOUNT + "/queueServices/default/queues/work", CONTRIBUTOR, None, set[str](), set[str]()),
    ],
)
def test_a_role_holds_where_its_scope_and_condition_say(
    scope: str, role: str, condition: str | None, reads: set[str], writes: set[str]
) -> None:
    roles = blob_roles(ACCOUNT, [assigned(scope, role, condition)])
    assert (roles.reads, roles.writes) == (reads, writes)
    assert bool(roles.unclear) is bool(condition and not reads)


def give(site: Site, *grants: tuple[str, str, str | None]) -> None:
    """Give the nodes these roles (below the account, role, condition) and no others."""
    service = site.at.service
    account = service.accounts[-1]
    service.roles = [(account.partition("/providers/")[0], APP_PRINCIPAL, GENERAL_READER)]
    service.role_conditions = {}
    for below, role, condition in grants:
        entry = (account + below, SCORING_PRINCIPAL, role)
        service.roles.append(entry)
        if condition:
            service.role_conditions[entry] = condition


@pytest.mark.parametrize(
    ("grants", "lacking"),
    [
        ([("", CONTRIBUTOR, None)], ""),
        ([("", READER, None), (BELOW + "work", CONTRIBUTOR, None)], ""),
        ([("", READER, None), ("", CONTRIBUTOR, only_in("work"))], ""),
        (
            [
                (BELOW + "input", READER, None),
                (BELOW + "styles", READER, None),
                (BELOW + "work", OWNER, None),
            ],
            "",
        ),
        ([], "read input, styles, work and may not write to work"),
        ([("2", CONTRIBUTOR, None)], "read input, styles, work and may not write to work"),
        ([("", GENERAL_READER, None)], "read input, styles, work and may not write to work"),
        ([("", READER, None)], "write to work"),
        ([("", READER, None), (BELOW + "output", CONTRIBUTOR, None)], "write to work"),
        ([("", READER, None), ("", CONTRIBUTOR, only_in("output"))], "write to work"),
        ([(BELOW + "work", CONTRIBUTOR, None)], "read input, styles"),
        ([("", CONTRIBUTOR, only_in("work"))], "read input, styles"),
    ],
)
def test_what_nodes_lack_is_named_with_the_smallest_roles(
    site: Site, grants: list[tuple[str, str, str | None]], lacking: str
) -> None:
    give(site, *grants)
    assert site.failures() == (["store-role"] if lacking else [])
    if not lacking:
        return
    assert lacking in site.said(Outcome.FAILED)
    fix = site.fix("store-role")
    assert SCORING_PRINCIPAL in fix and site.at.service.accounts[-1] in fix
    assert ("Data Reader" in fix) is ("read" in lacking)
    assert (f'"Storage Blob Data Contributor" --scope {site.at.service.accounts[-1]}{BELOW}work' in fix) is (
        "write" in lacking
    )


def test_a_condition_that_is_not_understood_is_told_and_not_judged(site: Site) -> None:
    give(site, ("", READER, None), ("", CONTRIBUTOR, f"{NAME} StringStartsWith 'w'"))
    assert site.failures() == []
    assert "condition that is not understood" in site.said(Outcome.REMARK)
    give(site, ("", CONTRIBUTOR, None), ("", READER, f"{NAME} StringStartsWith 'w'"))
    assert "condition" not in site.said(Outcome.REMARK), "another role suffices"


def test_the_roles_of_the_stack_suffice_and_none_is_too_many(site: Site, tmp_path: Path) -> None:
    template = os.path.relpath(BICEP / "modules" / "access.bicep", tmp_path)
    params = tmp_path / "access.bicepparam"
    params.write_text(
        f"using '{template}'\nparam dataAccountName = 'stdata'\nparam opsAccountName = 'stops'\n"
        f"param functionPrincipalId = '{APP_PRINCIPAL}'\nparam scoringPrincipalId = '{SCORING_PRINCIPAL}'\n"
        "param usesWebhook = false\n"
    )
    _, outputs = evaluator().evaluate(params, {})
    grants: list[tuple[str, str, str | None]] = [
        (given["scope"].partition("/storageAccounts/stdata")[2], given["roleId"], given.get("condition"))
        for given in outputs["assignments"]
        if given["principalId"] == SCORING_PRINCIPAL and "/storageAccounts/stdata" in given["scope"]
    ]
    give(site, *grants)
    assert site.failures() == []
    assert "may read blobs and write to work of" in site.said(Outcome.OK)
    for left_out in range(len(grants)):
        give(site, *grants[:left_out], *grants[left_out + 1 :])
        assert site.failures() == ["store-role"], f"nodes do not need {grants[left_out]}"


# Actions of AzureML Data Scientist that tell (Microsoft Learn: built-in roles, AI + machine learning)
DATA_SCIENTIST = {
    "actions": [
        "Microsoft.MachineLearningServices/workspaces/*/read",
        "Microsoft.MachineLearningServices/workspaces/*/action",
        "Microsoft.MachineLearningServices/workspaces/*/delete",
        "Microsoft.MachineLearningServices/workspaces/*/write",
    ],
    "notActions": [
        "Microsoft.MachineLearningServices/workspaces/delete",
        "Microsoft.MachineLearningServices/workspaces/write",
        "Microsoft.MachineLearningServices/workspaces/computes/*/write",
        "Microsoft.MachineLearningServices/workspaces/computes/*/delete",
        "Microsoft.MachineLearningServices/workspaces/computes/listKeys/action",
        "Microsoft.MachineLearningServices/workspaces/listKeys/action",
    ],
}


@pytest.mark.parametrize("backend", ["azureml", "azureml-v2"])
def test_the_app_submits_as_a_data_scientist_of_the_workspace(site: Site, backend: str) -> None:
    site.wish(backend=backend)
    (check,) = check_own_role(place_of(site, {"permissions": [DATA_SCIENTIST]}))
    assert check.outcome is Outcome.OK, check.text
