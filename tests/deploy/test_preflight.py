"""The whole preflight, as a process, and the same from the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT
from tests.deploy.running import deploy
from tests.deploy.world import SUBSCRIPTION, USAGES, VALUES, World, error, text


def test_all_is_well_and_doctor_tells_the_same(world: World) -> None:
    done = deploy(world, "preflight", **VALUES)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAIL" not in done.stdout and "skip" not in done.stdout
    lines = done.stdout.splitlines()
    assert lines[0] == "note  values: from the environment dev of azd, as variables"
    assert lines[1] == "ok    Azure CLI: 2.91.0"
    assert f"ok    subscription: Films ({SUBSCRIPTION}), as user ada@example.com" in lines
    assert done.stderr == ""
    command = [str(Path(sys.executable).with_name("reelbrush")), "doctor", "--deploy"]
    doctor = subprocess.run(
        command, cwd=ROOT, env={**world.environment, **VALUES}, capture_output=True, text=True, timeout=60
    )
    assert doctor.stdout == done.stdout and doctor.returncode == 0


def test_a_name_that_the_terminal_cannot_show_ends_nothing(world: World) -> None:
    world.says("account show", {"id": SUBSCRIPTION, "name": "Фильм", "state": "Enabled", "user": {}})
    done = deploy(world, "preflight", **VALUES, PYTHONIOENCODING="cp1252")  # a pipe on Windows
    assert done.returncode == 0, done.stderr
    assert SUBSCRIPTION in done.stdout and "deleted twins" in done.stdout


def test_every_failure_is_told_at_once_with_its_fix(world: World) -> None:
    world.says("rest get " + world_usages(), {"value": [row | {"limit": 0} for row in USAGES]})
    world.says("provider list", [])
    done = deploy(world, "preflight", **{**VALUES, "REELBRUSH_ALERT_EMAIL": "nobody"})
    lines = done.stdout.splitlines()
    failures = [number for number, line in enumerate(lines) if line.startswith("FAIL")]
    assert done.returncode == 1 and len(failures) > 5
    assert all(lines[number + 1].startswith("      fix: ") for number in failures)
    assert lines[-1] == f"{len(failures)} to put right before the deployment can work"


def world_usages() -> str:
    """Return the path of the region's quotas."""
    scope = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.MachineLearningServices"
    return f"{scope}/locations/westeurope/usages"


def test_no_cli_and_no_azd(world: World) -> None:
    (world.bin / "az").unlink()
    done = deploy(world, "preflight", "--environment", "dev", "--location", "westeurope")
    assert done.returncode == 1
    assert "FAIL  Azure CLI: az was not found on PATH\n      fix: install it: https://" in done.stdout
    assert "azd is not installed" in done.stdout and "Traceback" not in done.stderr


def test_without_a_sign_in_nothing_more_is_asked(world: World) -> None:
    world.says("account show", error("Please run 'az login' to setup account."))
    done = deploy(world, "preflight", **VALUES)
    assert done.returncode == 1 and "fix: az login" in done.stdout
    assert world.calls == ["version", "bicep version", "account show"]


def test_without_a_region_the_rest_is_checked(world: World) -> None:
    done = deploy(world, "preflight", **{**VALUES, "AZURE_LOCATION": ""})
    assert done.returncode == 0
    assert "skip  region: not checked: no AZURE_LOCATION is set yet" in done.stdout
    assert "ok    deleted twins" in done.stdout


def test_options_and_azd_s_environment(tmp_path: Path) -> None:
    world = World(tmp_path / "with-azd", azd=True).healthy()
    world.says("azd env get-values", text("\n".join(f'{name}="{value}"' for name, value in VALUES.items())))
    done = deploy(world, "preflight", "--location", "atlantis")
    assert "azd's environment dev" in done.stdout
    assert done.returncode == 1 and "atlantis is no region" in done.stdout


def test_wrong_usage(world: World) -> None:
    assert deploy(world).returncode == 2
    assert deploy(world, "preflight", "--yes").returncode == 2
    assert deploy(world, "--help").returncode == 0
