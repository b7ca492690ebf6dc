"""Checkov has nothing to say of the reviewed stacks that is not answered in checkov-skips.yaml."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.absent import absent
from tests.conftest import ROOT
from tests.infra.stack import SETS, golden

PROGRAM = (
    ROOT / ".venv-checkov" / "bin" / "checkov"
)  # made by .ci/run; its dependencies are at odds with ours
SKIPS = Path(__file__).parent / "checkov-skips.yaml"
JUDGED = {  # types of which checkov has rules; a file that it could not read would lack them, without a word
    "Microsoft.Storage/storageAccounts",
    "Microsoft.KeyVault/vaults",
    "Microsoft.ContainerRegistry/registries",
    "Microsoft.MachineLearningServices/workspaces",
    "Microsoft.Web/serverfarms",
    "Microsoft.Web/sites",
}
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run checkov once on all golden lists, each as one flat template."""
    if not PROGRAM.exists():
        absent("there is no .venv-checkov (.ci/run makes it)")
    folder = tmp_path_factory.mktemp("flat")
    for wanted in SETS:
        resources = [{k: v for k, v in r.items() if k != "id"} for r in golden(wanted).resources]
        document = {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": resources}
        (folder / f"{wanted.name}.json").write_text(json.dumps(document, indent=1))
    command = [
        str(PROGRAM),
        "--directory",
        str(folder),
        "--framework",
        "arm",
        "--output",
        "json",
        "--compact",
    ]
    done = subprocess.run([*command, "--skip-download"], capture_output=True, text=True, check=False)
    return json.loads(done.stdout)


def failures(results: dict[str, Any]) -> set[tuple[str, str, str]]:
    """Return stack, check and resource of everything that checkov holds against a stack."""
    found = results["results"]["failed_checks"]
    return {(Path(f["file_path"]).stem, f["check_id"], f["resource"]) for f in found}


@pytest.mark.slow
def test_every_file_was_really_read(results: dict[str, Any]) -> None:
    assert results["summary"]["parsing_errors"] == 0
    judged = results["results"]["passed_checks"] + results["results"]["failed_checks"]
    for wanted in SETS:
        mine = [f for f in judged if Path(f["file_path"]).stem == wanted.name]
        assert len(mine) > 40
        kinds = {".".join(f["resource"].split(".")[:2]) for f in mine}
        assert kinds >= JUDGED | (
            {"Microsoft.ContainerService/managedClusters"} if "aks" in wanted.name else set()
        )


@pytest.mark.slow
def test_every_failure_is_answered_and_every_answer_needed(results: dict[str, Any]) -> None:
    skips = yaml.safe_load(SKIPS.read_text())
    answers = {(name, s["check"], s["resource"]) for s in skips for name in s["in"]}
    found = failures(results)
    unanswered = {f for f in found if not any(f[:2] == a[:2] and f[2].startswith(a[2]) for a in answers)}
    needless = {a for a in answers if not any(f[:2] == a[:2] and f[2].startswith(a[2]) for f in found)}
    assert unanswered == set()
    assert needless == set()
    assert all(len(s["reason"]) > 20 for s in skips)
