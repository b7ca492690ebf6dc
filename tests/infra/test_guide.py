"""What docs/deploy.md and its neighbours name is there, and what a deployment can be told is in the guide."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pathspec
import pytest

from reelbrush.cli.main import main
from reelbrush.settings import Settings
from tests.conftest import ROOT
from tests.deploy.running import deploy
from tests.deploy.world import HERE, SCOPE, VALUES, World, not_found, text, usage

GUIDE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted((ROOT / "docs").glob("*.md")) + [ROOT / "README.md"]
TEMPLATE = (ROOT / "infra" / "bicep" / "main.bicep").read_text(encoding="utf-8")
OUTPUTS = set(re.findall(r"^output (\w+) ", TEMPLATE, re.MULTILINE))
COMMANDS = "\n".join(re.findall(r"^```sh\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL))

AZD = {"AZURE_ENV_NAME", "AZURE_LOCATION", "AZURE_SUBSCRIPTION_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_ID"}
CLI = {"REELBRUSH_URL", "REELBRUSH_KEY"}  # of the command line
BUDGET = f"{SCOPE}/resourceGroups/rg-film/providers/Microsoft.Consumption/budgets/reelbrush"
FROM_ELSEWHERE = {"REELBRUSH_CI", "AZURE_BICEP"}


@dataclass(frozen=True)
class Parameter:
    """One line of main.parameters.json: a Bicep parameter that azd fills from a variable."""

    name: str
    variable: str
    default: str


def parameters() -> list[Parameter]:
    """Return the parameters that azd fills. A value that is no plain `${NAME}` or `${NAME=default}` fails."""
    text = (ROOT / "infra" / "bicep" / "main.parameters.json").read_text(encoding="utf-8")
    found: list[Parameter] = []
    for name, entry in json.loads(text)["parameters"].items():
        match = re.fullmatch(r"\$\{(\w+)(?:=(.*))?\}", str(entry["value"]))
        assert match, f"{name} is {entry['value']!r}"
        found.append(Parameter(name, match[1], match[2] or ""))
    return found


def rows(text: str) -> list[list[str]]:
    """Return the cells of all table rows, without the backticks around a whole cell."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip(" `") for cell in line.split("|")[1:-1]] for line in lines]


def settings_rows() -> dict[str, tuple[str, str]]:
    """Return {variable: (parameter, default)} of the guide's table of settings."""
    section = GUIDE.partition("\n## Settings\n")[2].partition("\n## ")[0]
    return {row[0]: (row[1], row[2]) for row in rows(section) if re.fullmatch(r"[A-Z_]+", row[0])}


def test_the_guide_has_every_parameter_with_its_variable_and_its_default() -> None:
    expected = {p.variable: (p.name, p.default) for p in parameters()}
    assert expected
    assert settings_rows() == expected


def test_variables_that_are_set_exist() -> None:
    known = {p.variable for p in parameters()} | AZD | hook_variables() | {"NAME"}
    for page in [*PAGES, *(ROOT / ".github").rglob("*.yml")]:
        for name in re.findall(r"azd env set (\w+)", page.read_text(encoding="utf-8")):
            assert name in known, f"{page.name}: {name}"


def hook_variables() -> set[str]:
    """Return the variables that the hooks of azure.yaml read themselves."""
    return set(
        re.findall(r"\$\{(REELBRUSH_\w+)", (ROOT / "infra/hooks/deploy.sh").read_text(encoding="utf-8"))
    )


def test_the_guide_names_every_output_and_no_other() -> None:
    settings = {f"REELBRUSH_{name.upper()}" for name in Settings.__annotations__}
    known = {p.variable for p in parameters()} | OUTPUTS | settings | AZD | CLI | hook_variables()
    named = set(re.findall(r"\b((?:AZURE|REELBRUSH)_[A-Z_]+)\b", GUIDE)) - FROM_ELSEWHERE
    assert named - known == set()
    assert OUTPUTS - named == set()


def deploy_commands(text: str) -> set[tuple[str, ...]]:
    """Return what is written after `python -m reelbrush.deploy`: the command and its options."""
    found = re.findall(r"python3? -m reelbrush\.deploy ([a-z]+)((?: --[a-z-]+(?: [^-\s`]\S*)?)*)", text)
    return {(command, *re.findall(r"--[a-z-]+", options)) for command, options in found}


@pytest.fixture(scope="module")
def helps() -> dict[str, str]:
    """Return the help of each command of reelbrush.deploy that a page names, "" for one that is none."""
    texts = [page.read_text(encoding="utf-8") for page in PAGES]
    names = {command[0] for text in texts for command in deploy_commands(text)}

    def help_of(name: str) -> str:
        line = [sys.executable, "-m", "reelbrush.deploy", name, "--help"]
        done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, env={**os.environ}, timeout=60)
        return done.stdout if done.returncode == 0 else ""

    return {name: help_of(name) for name in sorted(names)}


def test_commands_of_the_deploy_tool_exist(helps: dict[str, str]) -> None:
    assert {"preflight", "subscribe", "roles", "purge"} <= helps.keys()
    for page in PAGES:
        for command, *options in deploy_commands(page.read_text(encoding="utf-8")):
            assert helps[command], f"{page.name}: {command}"
            for option in options:
                known = re.search(rf"{option}(?![\w-])", helps[command])
                assert known, f"{page.name}: {command} {option}"


def test_the_preflight_prints_what_the_guide_expects(tmp_path: Path) -> None:
    world = World(tmp_path / "world", azd=True).healthy()
    film = {**VALUES, "AZURE_ENV_NAME": "film", "REELBRUSH_ALERT_EMAIL": "you@example.com"}
    world.says("azd env get-values", text("\n".join(f'{name}="{value}"' for name, value in film.items())))
    refused = usage("lowPriorityCores", "Total Cluster LowPriority Regional vCPUs", 0)
    world.says(f"rest get {HERE}/usages", {"value": [refused]})
    world.says(f"rest get {BUDGET}", not_found("no budget"))
    expected = GUIDE.partition("reelbrush.deploy preflight\n")[2].partition("Expected:\n\n```\n")[2]
    lines = [re.escape(line).replace("…", ".*") for line in expected.partition("```")[0].splitlines()]
    printed = deploy(world, "preflight").stdout
    assert len(lines) > 8
    whole = "".join(r"(?:.*\n)*" if line == ".*" else line + "\n" for line in lines)
    assert re.fullmatch(whole, printed), printed


def test_commands_of_the_command_line_exist() -> None:
    text = COMMANDS + "\n".join(re.findall(r"`(reelbrush [^`]+)`", GUIDE))
    found = re.findall(r"\breelbrush ([a-z][a-z-]+)((?: [^\n`|&;]*)?)", text)
    assert {name for name, _ in found} >= {"submit", "status", "doctor"}
    for name, rest in found:
        assert name in main.commands, name
        options = {option for parameter in main.commands[name].params for option in parameter.opts}
        for option in re.findall(r"(?<=\s)--[a-z-]+", rest):
            assert option in options, f"{name} {option}"


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if link.startswith(("https://", "http://")):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name) if name else page
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


def test_files_that_the_guide_names_exist() -> None:
    named = re.findall(r"(?<![\w/.-])((?:infra|docs|\.github|scoring|tests|reelbrush)/[\w./-]*\w)", GUIDE)
    assert "infra/bicep/stack.bicep" in named
    for name in named:
        assert (ROOT / name).exists(), name


def test_the_package_that_is_zipped_by_hand_is_what_azd_sends() -> None:
    left_out = tuple(f"{name}/" for name in re.findall(r"':!([^']+)'", COMMANDS))
    assert left_out
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    zipped = {name for name in tracked.splitlines() if not name.startswith(left_out)}
    ignore = (ROOT / ".funcignore").read_text(encoding="utf-8").splitlines()
    sent = set(tracked.splitlines()) - set(
        pathspec.PathSpec.from_lines("gitwildmatch", ignore).match_files(tracked.splitlines())
    )
    assert sent - zipped == set()
    more = {name for name in zipped - sent if "/" in name}  # single files at the root do no harm
    assert more == {"reelbrush/__main__.py"}  # nor does this one


COUNTED = {  # what the table of idle costs counts, by the beginning of its row
    "container registry": "Microsoft.ContainerRegistry/registries",
    "alerts on logs": "Microsoft.Insights/scheduledQueryRules",
    "alert on a metric": "Microsoft.Insights/metricAlerts",
    "the app's upkeep": "Microsoft.Web/sites",
    "load balancer": "Microsoft.MachineLearningServices/workspaces/computes",
    "private endpoints": "Microsoft.Network/privateEndpoints",
    "private DNS zones": "Microsoft.Network/privateDnsZones",
    "NAT gateway": "Microsoft.Network/natGateways",
    "its public address": "Microsoft.Network/publicIPAddresses",
}
MANAGED = "private endpoints of the managed network"  # by our rules and, by the service's own, to these:
BY_THE_SERVICE = ("vault", "registry", "workspace")


@pytest.mark.parametrize(("stack", "column"), [("dev", 1), ("prod", 2)])
def test_idle_costs_count_what_is_made_and_add_up(stack: str, column: int) -> None:
    section = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8").partition("costs idle\n")[2]
    table = rows(section.partition("\n## ")[0])
    golden = (ROOT / "tests" / "infra" / "golden" / f"{stack}.json").read_text(encoding="utf-8")
    made = [resource["type"] for resource in json.loads(golden)["resources"]]
    counted, total = Counter[str](), 0.0
    for row in table:
        match = re.fullmatch(r"(\d+) x ([\d.]+)", row[column])
        if match is None:
            continue
        count, price = int(match[1]), float(match[2])
        total += count * price
        if row[0].startswith(MANAGED):
            ours = made.count("Microsoft.MachineLearningServices/workspaces/outboundRules")
            assert count == (ours + len(BY_THE_SERVICE) if ours else 0)
            continue
        kind = next(kind for name, kind in COUNTED.items() if row[0].startswith(name))
        counted[kind] += count
    assert {kind: made.count(kind) for kind in COUNTED.values()} == dict(counted)
    assert [row[column].strip("*") for row in table if "in all" in row[0]] == [f"{total:.2f}"]


def test_the_readme_leads_to_the_guide() -> None:
    assert "](docs/deploy.md)" in README
