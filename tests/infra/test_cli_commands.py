"""Commands of the Azure CLI that pages and workflows name are its own, with options that it takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

GROUP, NAME = "--resource-group", "--name"
ALL = {"--query", "--output", "--subscription"}  # any command takes these
# From the help of az 2.91.0; those of the extensions ml and k8s-extension from their reference.
KNOWN: dict[str, set[str]] = {
    "account show": set(),
    "ad signed-in-user show": set(),
    "aks command invoke": {GROUP, NAME, "--command", "--file"},
    "aks enable-addons": {GROUP, NAME, "--addons", "--workspace-resource-id"},
    "aks nodepool add": {
        *(GROUP, NAME, "--cluster-name", "--labels", "--node-count", "--node-taints", "--node-vm-size"),
        *("--enable-cluster-autoscaler", "--min-count", "--max-count"),
    },
    "aks nodepool update": {
        *(GROUP, NAME, "--cluster-name", "--update-cluster-autoscaler", "--min-count", "--max-count"),
    },
    "bicep build": {"--file", "--stdout"},
    "bicep build-params": {"--file", "--stdout"},
    "bicep install": set(),
    "bicep lint": {"--file"},
    "deployment group create": {GROUP, NAME, "--template-file", "--parameters"},
    "deployment group show": {GROUP, NAME},
    "deployment group what-if": {GROUP, NAME, "--template-file", "--parameters"},
    "feature register": {"--namespace", NAME},
    "functionapp deployment source config-zip": {GROUP, NAME, "--src", "--build-remote"},
    "functionapp keys list": {GROUP, NAME},
    "k8s-extension create": {
        *(GROUP, NAME, "--cluster-name", "--cluster-type", "--config", "--extension-type", "--scope"),
    },
    "k8s-extension update": {GROUP, NAME, "--cluster-name", "--cluster-type", "--config"},
    "login": {"--tenant"},
    "ml compute attach": {GROUP, NAME, "--workspace-name", "--type", "--resource-id", "--namespace"},
    "ml compute delete": {GROUP, NAME, "--workspace-name"},
    "ml workspace update": {GROUP, NAME},
    "provider register": {"--namespace", "--wait"},
    "storage blob download": {"--auth-mode", "--account-name", "--container-name", NAME, "--file"},
    "storage blob upload": {"--auth-mode", "--account-name", "--container-name", NAME, "--file"},
    "version": set(),
}
PAGES = [*(ROOT / "docs").glob("*.md"), ROOT / "README.md", *(ROOT / ".github" / "workflows").glob("*.yml")]


def commands(page: Path) -> list[tuple[str, set[str]]]:
    """Return the commands of a page and their options, those of several lines too, without comments."""
    text = re.sub(r" +# .*", "", page.read_text(encoding="utf-8").replace("\\\n", " "))
    found: list[tuple[str, set[str]]] = []
    for words, rest in re.findall(r"(?:^|[`(\s])az ((?:[a-z][\w-]* ?)+)([^`\n|;)]*)", text, re.MULTILINE):
        found.append((words.strip(), set(re.findall(r"(?<=\s)--[a-z-]+", f" {rest}"))))
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_az_exist(page: Path) -> None:
    for words, options in commands(page):
        known = max((name for name in KNOWN if f"{words} ".startswith(f"{name} ")), key=len, default="")
        assert known, f"az {words}"
        assert options <= KNOWN[known] | ALL, f"az {words}: {options - KNOWN[known]}"
