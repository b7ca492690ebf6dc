"""Roles as commands for an administrator, and what is removed behind a deployment."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from reelbrush.deploy.purge import Patience, purge
from reelbrush.deploy.roles import command
from reelbrush.deploy.values import Values
from tests.deploy.running import deploy
from tests.deploy.test_checks import vault, workspace
from tests.deploy.world import (
    LOGS,
    ML,
    SCOPE,
    SUBSCRIPTION,
    VALUES,
    VAULTS,
    WORKSPACES,
    World,
    error,
    forbidden,
    not_found,
)

ROLE_ID = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
ROLE = {
    "principalId": "p-1",
    "principalType": "ServicePrincipal",
    "roleId": f"{SCOPE}/providers/Microsoft.Authorization/roleDefinitions/{ROLE_ID}",
    "role": "Storage Blob Data Contributor",
    "scope": f"{SCOPE}/resourceGroups/rg-dev/providers/Microsoft.Storage/storageAccounts/stdev",
    "why": "nodes write\nsegments",
}
CONDITION = "((!(ActionMatches{'x'})) OR (@Resource[a] StringEquals 'work'))"
OURS = f"{ML.replace(SCOPE, f'{SCOPE}/resourceGroups/rg-dev')}/workspaces/"
PURGED = f"rest delete {OURS}"
GONE = not_found("Unable to find workspace")


def test_an_assignment_is_a_command_that_a_shell_reads() -> None:
    comment, line = command({**ROLE, "condition": CONDITION}).splitlines()
    assert comment == "# Storage Blob Data Contributor: nodes write segments"
    words = shlex.split(line)
    assert words[:4] == ["az", "role", "assignment", "create"]
    options = dict(zip(words[4::2], words[5::2], strict=True))
    assert options == {
        "--assignee-object-id": "p-1",
        "--assignee-principal-type": "ServicePrincipal",
        "--role": ROLE_ID,
        "--scope": ROLE["scope"],
        "--condition": CONDITION,
        "--condition-version": "2.0",
    }


def test_roles_of_azd_s_environment(world: World) -> None:
    done = deploy(world, "roles", **VALUES, REELBRUSH_ROLES=json.dumps([ROLE, ROLE]))
    assert done.returncode == 0 and done.stdout.count("az role assignment create") == 2
    assert world.calls == []


def test_roles_of_the_last_deployment(world: World) -> None:
    def row(name: str, at: str, environment: str, state: str = "Succeeded") -> dict[str, Any]:
        return {"name": name, "tags": {"azd-env-name": environment}, "at": at, "state": state}

    rows = [
        row("dev-1", "2026-11-01", "dev"),
        row("dev-2", "2026-11-02", "dev"),
        row("dev-3", "2026-11-03", "dev", "Failed"),
        row("prod-1", "2026-11-09", "prod"),
        {"name": "other", "tags": None, "at": "2026-11-10", "state": "Succeeded"},
    ]
    world.says("deployment sub list", rows)
    world.says("deployment sub show", [ROLE])
    done = deploy(world, "roles", **VALUES)
    assert done.returncode == 0 and "az role assignment create" in done.stdout
    assert '"--name", "dev-2"' in world.arguments


@pytest.mark.parametrize("roles", ["[]", "no JSON", '[{"principalId": "p"}]'])
def test_no_roles(world: World, roles: str) -> None:
    done = deploy(world, "roles", **VALUES, REELBRUSH_ROLES=roles)
    assert done.returncode == 1 and "fix: azd provision" in done.stdout and not done.stderr


def test_no_deployment(world: World) -> None:
    world.says("deployment sub list", [])
    done = deploy(world, "roles", **VALUES)
    assert done.returncode == 1 and "no deployment of the environment dev" in done.stdout


@pytest.fixture
def behind(world: World) -> World:
    """A subscription after `azd down`, and beside it what must not be touched."""
    kept = {"azd-env-name": "prod"}
    world.says(VAULTS, {"value": [vault("kv-dev", "rg-dev", {}), vault("kv-prod", "rg-prod", kept)]})
    rows = [workspace("mlw-dev", "SoftDeleted"), workspace("mlw-prod", "SoftDeleted", "rg-prod")]
    world.says(WORKSPACES, {"value": rows})
    logs = f"{SCOPE}/resourcegroups/rg-dev/providers/Microsoft.OperationalInsights/workspaces/log-dev"
    world.says(LOGS, {"value": [{"name": "log-dev", "id": logs, "location": "westeurope"}]})
    world.says("keyvault purge", None)
    world.says(f"{PURGED}mlw-dev forceToPurge=true", None)
    world.says(f"rest get {OURS}mlw-dev", GONE)
    return world


def run(
    world: World, capsys: pytest.CaptureFixture[str], really: bool, living: bool = False
) -> tuple[int, str]:
    """Purge, and return the exit code and what was said."""
    code = purge(Values(VALUES, "a test"), world.az(), really, living, Patience(total=1, pause=0.01))
    return code, capsys.readouterr().out


def test_purge_first_lists(behind: World, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(behind, capsys, really=False)
    assert code == 0 and "keyvault purge" not in behind.calls and "nothing was removed" in said
    assert "key vault kv-dev: az keyvault purge --name kv-dev --location westeurope" in said
    assert "mlw-dev: az rest --method delete" in said and "log-dev: Azure removes it within 14 days" in said
    assert "prod" not in said


def test_purge_removes_what_is_ours(behind: World, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(behind, capsys, really=True)
    assert code == 0 and said.count("removed for good") == 2
    changes = [call for call in behind.calls if "purge" in call.lower()]
    assert changes == ["keyvault purge", f"{PURGED}mlw-dev forceToPurge=true"]
    assert f'"--subscription", "{SUBSCRIPTION}"' in behind.arguments


def test_what_cannot_be_removed_is_told(behind: World, capsys: pytest.CaptureFixture[str]) -> None:
    behind.says(f"{PURGED}mlw-dev forceToPurge=true", GONE)
    behind.says("keyvault purge", error("Conflict"))
    code, said = run(behind, capsys, really=True)
    assert code == 1 and said.count("FAIL") == 2
    assert "Recently deleted, Permanently delete" in said


def test_a_protected_vault_is_left_to_azure(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.says(VAULTS, {"value": [vault("kv-dev", "rg-dev", {}, protected=True)]})
    code, said = run(world, capsys, really=True)
    assert code == 0 and "protected from purging" in said and "keyvault purge" not in world.calls


def test_nothing_is_left(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(world, capsys, really=True)
    assert code == 0 and "ok    nothing of dev is listed as deleted and kept" in said


def test_a_living_workspace_is_taken_only_when_wished(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [workspace("mlw-dev", "Succeeded"), workspace("mlw-p", "Succeeded", "x")]
    world.says(WORKSPACES, {"value": rows})
    purged = f"{PURGED}mlw-dev forceToPurge=true"
    world.says(purged, None)
    deleting = workspace("mlw-dev", "Deleting")
    world.says(f"rest get {OURS}mlw-dev", deleting, error("Internal Server Error"), GONE)
    run(world, capsys, really=True)
    run(world, capsys, really=False, living=True)
    assert not any("delete" in call.split() for call in world.calls)
    world.says(WORKSPACES, {"value": [*rows, workspace("mlw-old", "Deleted")]})
    code, said = run(world, capsys, really=True, living=True)
    assert code == 0 and "workspace mlw-dev: removed for good" in said
    assert said.count("wait  ") == 2
    assert [call for call in world.calls if "delete" in call.split()] == [purged]


def test_a_removal_that_does_not_end_is_told(behind: World, capsys: pytest.CaptureFixture[str]) -> None:
    behind.says(f"rest get {OURS}mlw-dev", workspace("mlw-dev", "Deleting"))
    code, said = run(behind, capsys, really=True)
    assert code == 1 and "mlw-dev: still being removed" in said and "mlw-dev: removed for good" not in said
    behind.says(f"rest get {OURS}mlw-dev", error("Please run 'az login' to setup account."))
    code, said = run(behind, capsys, really=True)
    assert code == 1 and "still being removed" not in said and "Permanently delete" in said


def test_what_cannot_be_listed_is_not_said_to_be_gone(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.says(WORKSPACES, forbidden("list"))
    code, said = run(world, capsys, really=True, living=True)
    assert code == 1 and "skip  living workspaces" in said and "ok    nothing" not in said
    assert run(world, capsys, really=False)[0] == 0


def test_purge_needs_an_environment_and_a_sign_in(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert purge(Values({}, ""), world.az(), True, False) == 1
    world.says("account show", error("Please run 'az login' to setup account."))
    assert run(world, capsys, really=True)[0] == 1
    assert "fix: az login" in run(world, capsys, really=True)[1]
    assert VAULTS not in world.calls
