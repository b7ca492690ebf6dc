"""What GitHub and azd read is of the right form, and names things that exist."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT
from tests.infra.stack import BICEP

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / ".github" / "actions").glob("*/action.yml"))
HOOKS = {
    "shell",
    "run",
    "interactive",
    "continueOnError",
}  # of those that azd knows, the ones that are used here
EVENTS = {"preprovision", "postprovision", "predeploy", "postdeploy", "predown", "postdown"}


def read(path: Path) -> dict[str, Any]:
    """Return a workflow; YAML 1.1 takes its `on` for a truth."""
    document = yaml.safe_load(path.read_text())
    return {("on" if key is True else str(key)): value for key, value in document.items()}


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the file and each step of every job and action."""
    for path in WORKFLOWS:
        for job in read(path)["jobs"].values():
            yield from ((path.name, step) for step in job["steps"])
    for path in ACTIONS:
        yield from ((path.name, step) for step in read(path)["runs"]["steps"])


@pytest.mark.parametrize(
    ("schema", "files"),
    [("github-workflows", WORKFLOWS), ("github-actions", ACTIONS)],
    ids=["workflows", "actions"],
)
def test_github_understands_them(schema: str, files: list[Path]) -> None:
    program = Path(sys.executable).parent / "check-jsonschema"
    done = subprocess.run(
        [program, "--builtin-schema", f"vendor.{schema}", *files], capture_output=True, text=True, check=False
    )
    assert files and done.returncode == 0, done.stdout + done.stderr


def test_actions_are_pinned_and_local_ones_exist() -> None:
    for file, step in steps():
        used = step.get("uses")
        if used is None:
            continue
        if used.startswith("./"):
            assert (ROOT / used / "action.yml").is_file(), f"{file}: {used}"
        else:
            assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+(\.\d+)*", used), f"{file}: {used} has no version"
        if used.startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] is False, f"{file}: the token stays in the folder"


def test_jobs_have_the_least_rights_and_an_end() -> None:
    for path in WORKFLOWS:
        workflow = read(path)
        assert workflow["permissions"] == {"contents": "read"}
        for name, job in workflow["jobs"].items():
            rights = job.get("permissions", workflow["permissions"])
            signs_in = any(step.get("uses") == "./.github/actions/azure" for step in job["steps"])
            assert rights == {"contents": "read"} | ({"id-token": "write"} if signs_in else {}), name
            assert 0 < job["timeout-minutes"] <= 90
            assert job.get("concurrency") or workflow.get("concurrency"), f"{name} runs twice at once"
            if signs_in:
                assert "vars.AZURE_CLIENT_ID != ''" in job["if"], "forks without Azure fail"


def test_only_main_is_deployed_and_never_cut_off() -> None:
    jobs = read(ROOT / ".github" / "workflows" / "azure-dev.yml")["jobs"]
    deploying = {
        name for name, job in jobs.items() if any("azd deploy" in s.get("run", "") for s in job["steps"])
    }
    assert deploying == {"deploy"}
    assert "github.ref == 'refs/heads/main'" in jobs["deploy"]["if"]
    assert "github.event_name != 'pull_request'" in jobs["deploy"]["if"]
    assert jobs["deploy"]["concurrency"]["cancel-in-progress"] is False
    assert "head.repo.full_name == github.repository" in jobs["what-if"]["if"]
    for step in jobs["what-if"]["steps"]:
        assert not re.search(r"azd (up|deploy|down)|azd provision(?! --preview)", step.get("run", ""))


def test_there_is_no_secret_and_no_text_of_strangers_in_a_shell() -> None:
    for path in [*WORKFLOWS, *ACTIONS]:
        assert "secrets." not in path.read_text(), "identities are federated"
    for file, step in steps():
        assert "${{" not in step.get("run", ""), f"{file}: a title of a pull request could be a command"


def shell(name: str, program_folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the step of this name as a runner does, with the programs in `program_folder` first."""
    (step,) = [step for _, step in steps() if step.get("name") == name]
    path = f"{program_folder}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=ROOT, env={"PATH": path, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_variables_of_others_do_not_reach_the_job(tmp_path: Path) -> None:
    if shutil.which("jq") is None:
        pytest.skip("there is no jq, which GitHub's machines have")
    variables = {
        "AZURE_CLIENT_ID": "x",
        "REELBRUSH_GPU_SIZE": "S",
        "PATH": "/evil",
        "REELBRUSH_A": "1\nPATH=/evil",
    }
    target = tmp_path / "env"
    done = shell(
        "Variables of the repository", tmp_path, VARIABLES=json.dumps(variables), GITHUB_ENV=str(target)
    )
    assert done.returncode == 0, done.stderr
    assert target.read_text() == "AZURE_CLIENT_ID=x\nREELBRUSH_GPU_SIZE=S\n"


def test_azd_has_an_environment_before_it_is_told_to_do_anything(tmp_path: Path) -> None:
    """On a fresh machine there is none, and then azd leaves out the hooks: no checks, no subscription."""
    azd = tmp_path / "azd"
    azd.write_text('#!/bin/sh\nfor each; do echo "$each"; done\n')
    azd.chmod(0o755)
    given = {"AZURE_ENV_NAME": "film", "AZURE_LOCATION": "westeurope", "AZURE_SUBSCRIPTION_ID": "s"}
    done = shell("The environment, without which azd runs no hook", tmp_path, **given)
    wanted = ["env", "new", "film", "--location", "westeurope", "--subscription", "s", "--no-prompt"]
    assert done.stdout.split() == wanted


@pytest.mark.parametrize(
    ("says", "code", "passes"),
    [
        ("WARNING: A new Bicep release is available: v0.99.1", 0, True),
        ("/a/main.bicep(1,1) : Warning no-unused-params: Parameter x is declared but never used", 0, False),
        ("/a/main.bicep(1,1) : Error BCP057: The name x does not exist", 1, False),
    ],
)
def test_a_warning_of_the_compiler_fails_the_check(
    says: str, code: int, passes: bool, tmp_path: Path
) -> None:
    az = tmp_path / "az"
    az.write_text(f'#!/bin/sh\n[ "$2" = build ] || exit 0\necho "{says}" >&2\nexit {code}\n')
    az.chmod(0o755)
    done = shell("Bicep compiles without a warning", tmp_path, RUNNER_TEMP=str(tmp_path))
    assert (done.returncode == 0) == passes
    assert passes or says in done.stdout


def test_commands_exist() -> None:
    tasks = set(re.findall(r"^(\w+) = ", (ROOT / "pyproject.toml").read_text(), re.MULTILINE))
    known = subprocess.run(
        [sys.executable, "-m", "reelbrush.deploy", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for file, step in steps():
        command = step.get("run", "")
        for task in re.findall(r"poe (\w+)", command):
            assert task in tasks, f"{file}: poe {task}"
        for part in re.findall(r"reelbrush\.deploy (\w+)", command):
            assert part in known, f"{file}: reelbrush.deploy {part}"
        for path in re.findall(r"(?:--prefix |--file )([\w./]+)", command):
            assert (ROOT / path).exists(), f"{file}: {path}"
        for pattern in re.findall(r"for file in ([^;]+);", command):
            assert all(list(ROOT.glob(each)) for each in pattern.split()), f"{file}: {pattern}"


def test_azd_finds_the_infrastructure_and_the_app() -> None:
    document = yaml.safe_load((ROOT / "azure.yaml").read_text())
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", document["name"])
    assert set(document) <= {"name", "metadata", "infra", "services", "hooks", "requiredVersions", "pipeline"}
    infra = document["infra"]
    assert infra["provider"] == "bicep" and ROOT / infra["path"] == BICEP
    assert (BICEP / f"{infra['module']}.bicep").is_file()
    assert (BICEP / f"{infra['module']}.parameters.json").is_file()
    (service,) = document["services"].values()
    assert list(document["services"]) == ["functions"]
    assert (service["host"], service["language"], service["project"]) == ("function", "python", ".")
    for event, systems in document["hooks"].items():
        assert event in EVENTS and set(systems) == {"posix", "windows"}
        for system, hook in systems.items():
            assert set(hook) <= HOOKS and hook["shell"] == ("sh" if system == "posix" else "pwsh")
            script = re.search(r"[\w./]+\.(sh|ps1)", hook["run"])
            assert script and (ROOT / script.group()).is_file(), f"{event}: {hook['run']}"


def test_azd_finds_the_workflow_and_hands_it_every_setting() -> None:
    """`azd pipeline config` looks for this one name, and writes a workflow of its own beside any other."""
    assert [path.name for path in WORKFLOWS if "azd deploy" in path.read_text()] == ["azure-dev.yml"]
    settings = re.findall(r"\$\{(REELBRUSH_[A-Z_]+)", (BICEP / "main.parameters.json").read_text())
    pipeline = yaml.safe_load((ROOT / "azure.yaml").read_text())["pipeline"]
    assert settings and pipeline == {"provider": "github", "variables": settings}


def test_every_parameter_of_azd_is_one_of_the_template_and_written_down() -> None:
    """What azd substitutes are parameters of main.bicep, by names that the workflow takes."""
    file = BICEP / "main.parameters.json"
    values = {name: value["value"] for name, value in json.loads(file.read_text())["parameters"].items()}
    declared = set(re.findall(r"^param (\w+)", (BICEP / "main.bicep").read_text(), re.MULTILINE))
    assert set(values) <= declared
    guide = (ROOT / "docs" / "deploy.md").read_text()
    for name, value in values.items():
        variable = re.fullmatch(r"\$\{([A-Z_]+)(?:=[^}]*)?\}", str(value))
        assert variable, f"{name} is {value}"
        assert re.fullmatch(r"(AZURE|REELBRUSH)_[A-Z_]+", variable.group(1)), "the workflow takes no others"
        assert variable.group(1) in guide, f"{variable.group(1)} is not in docs/deploy.md"
