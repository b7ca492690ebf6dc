"""azure.yaml, and its hooks run as azd runs them: in a copy of the checkout, with nothing installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT
from tests.deploy.world import OUTPUTS, SITE, SUBSCRIPTION, VALUES, World

PROJECT: dict[str, Any] = yaml.safe_load((ROOT / "azure.yaml").read_text())
HOOKS: dict[str, Any] = PROJECT["hooks"]
COMMANDS = {"preprovision": "preflight", "postdeploy": "subscribe", "postdown": "purge"}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a hook may need of the repository, and nothing else."""
    folder = tmp_path_factory.mktemp("check out")  # a folder with a space
    shutil.copy(ROOT / "azure.yaml", folder)
    shutil.copytree(ROOT / "infra", folder / "infra")
    nothing = shutil.ignore_patterns("__pycache__")
    for part in ("deploy", "pricing"):
        shutil.copytree(ROOT / "reelbrush" / part, folder / "reelbrush" / part, ignore=nothing)
    shutil.copy(ROOT / "reelbrush" / "__init__.py", folder / "reelbrush")
    return folder


def run_hook(name: str, checkout: Path, world: World, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a hook's line as azd does: by its shell, in the project's folder, with its values as variables."""
    hook = HOOKS[name]["posix"]
    bare = world.bin / "python3"
    if not bare.exists():  # a Python that has no packages
        bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
        bare.chmod(0o755)
    environment = {**world.environment, **VALUES, **OUTPUTS, **variables}
    return subprocess.run(
        [hook["shell"], "-c", hook["run"]],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_preprovision_lets_a_good_deployment_through(checkout: Path, world: World) -> None:
    done = run_hook("preprovision", checkout, world)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok    deleted twins: none of dev is listed" in done.stdout
    named = re.findall(r"/subscriptions/([^/\"]+)", world.arguments)
    assert named and set(named) == {SUBSCRIPTION}


def test_preprovision_stops_a_bad_one(checkout: Path, world: World) -> None:
    world.says("provider list", [])
    done = run_hook("preprovision", checkout, world)
    assert done.returncode == 1 and "az provider register" in done.stdout


def test_postdeploy_subscribes(checkout: Path, world: World) -> None:
    world.says(f"rest get {SITE}/functions", {"value": [{"name": "func-dev/start_on_upload"}]})
    world.says(f"rest post {SITE}/host/default/listkeys", {"systemKeys": {"blobs_extension": "s3cret"}})
    world.says("deployment group create", "Succeeded")
    done = run_hook("postdeploy", checkout, world)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "s3cret" not in done.stdout + done.stderr + world.arguments
    found = re.search(r'"--template-file", "([^"]+)"', world.arguments)
    assert found and Path(found[1]).resolve() == (checkout / "infra/bicep/webhook.bicep").resolve()


def test_postdown_removes_nothing_by_itself(checkout: Path, world: World) -> None:
    done = run_hook("postdown", checkout, world)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing of dev is listed" in done.stdout


def test_a_hook_can_be_left_out(checkout: Path, world: World) -> None:
    done = run_hook("preprovision", checkout, world, REELBRUSH_SKIP_HOOKS="preflight")
    assert done.returncode == 0 and "left out" in done.stdout and world.calls == []
    done = run_hook("postdown", checkout, world, REELBRUSH_SKIP_HOOKS="all")
    assert done.returncode == 0 and world.calls == []
    assert run_hook("postdown", checkout, world, REELBRUSH_SKIP_HOOKS="preflight").returncode == 0
    assert world.calls != []


def test_an_old_python_is_refused_and_another_taken(checkout: Path, world: World) -> None:
    old = world.bin / "old"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = run_hook("preprovision", checkout, world, REELBRUSH_PYTHON=str(old))
    assert done.returncode == 0, done.stdout + done.stderr
    only = checkout / "nowhere"
    only.mkdir(exist_ok=True)
    for tool in ("dirname", "sh"):
        (only / tool).unlink(missing_ok=True)
        (only / tool).symlink_to(shutil.which(tool) or "")
    done = run_hook("preprovision", checkout, world, PATH=str(only))
    assert done.returncode == 1 and "fix: install it, or set REELBRUSH_PYTHON" in done.stderr


def test_a_hook_s_script_runs_from_any_folder(checkout: Path, world: World, tmp_path: Path) -> None:
    script = checkout / "infra/hooks/deploy.sh"
    environment = {**world.environment, "REELBRUSH_PYTHON": sys.executable}
    done = subprocess.run(
        ["sh", script, "--help"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0 and "preflight" in done.stdout


def test_every_hook_is_there_for_both_kinds_of_systems() -> None:
    assert set(HOOKS) == set(COMMANDS)
    script = (ROOT / "infra/hooks/deploy.ps1").read_text()
    for name, command in COMMANDS.items():
        assert HOOKS[name]["posix"]["run"] == f"sh infra/hooks/deploy.sh {command}"
        assert HOOKS[name]["windows"]["run"] == f"./infra/hooks/deploy.ps1 {command}; exit $LASTEXITCODE"
        assert HOOKS[name]["posix"]["shell"] == "sh" and HOOKS[name]["windows"]["shell"] == "pwsh"
        for system in HOOKS[name].values():
            assert system.get("continueOnError", False) == (name == "postdown")
    assert "-m reelbrush.deploy @args" in script and "REELBRUSH_SKIP_HOOKS" in script


def test_azure_yaml_leads_to_templates_and_code() -> None:
    infra = PROJECT["infra"]
    assert infra["provider"] == "bicep"
    assert (ROOT / infra["path"] / f"{infra['module']}.bicep").is_file()
    assert (ROOT / infra["path"] / f"{infra['module']}.parameters.json").is_file()
    service = PROJECT["services"]["functions"]
    assert service == {"project": ".", "language": "python", "host": "function", "remoteBuild": True}
    assert PROJECT["requiredVersions"] == {"azd": ">= 1.18.0"}  # reads .funcignore
    assert (ROOT / "host.json").is_file() and (ROOT / "requirements.txt").is_file()
