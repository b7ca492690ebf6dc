"""What the README promises is there, and what is there is in the README."""

from __future__ import annotations

import ast
import dataclasses
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from reelbrush.cli.main import main
from reelbrush.settings import Settings
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def undocumented(path: Path) -> list[str]:
    """Return the public classes, functions and methods of a file that have no docstring."""
    found: list[str] = []

    def walk(node: ast.Module | ast.ClassDef) -> None:
        for child in node.body:
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                if child.name.startswith("_"):
                    continue
                if ast.get_docstring(child) is None:
                    found.append(f"{path.name}:{child.lineno} {child.name}")
                if isinstance(child, ast.ClassDef):
                    walk(child)

    walk(ast.parse(path.read_text(encoding="utf-8")))
    return found


@pytest.mark.parametrize(
    "package", ["reelbrush", "function_app", "orchestrators", "activities", "scoring", "training"]
)
def test_everything_public_has_a_docstring(package: str) -> None:
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    assert [name for path in files for name in undocumented(path)] == []


@pytest.mark.parametrize("package", ["reelbrush", "function_app", "orchestrators", "activities", "scoring"])
def test_no_module_is_longer_than_350_lines(package: str) -> None:
    lengths = {p: len(p.read_text(encoding="utf-8").splitlines()) for p in (ROOT / package).rglob("*.py")}
    assert [str(path) for path, lines in lengths.items() if lines > 350] == []


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Settings)])
def test_every_setting_is_documented(field: str) -> None:
    name = field.upper()
    assert f"`REELBRUSH_{name}`" in README or f"`_{name}`" in README


def test_every_command_and_option_is_documented() -> None:
    for name in main.commands:
        assert f"`reelbrush {name}" in README, name
    options = [o for p in main.commands["run"].params for o in p.opts if o.startswith("--")]
    for option in options:
        if option not in ("--output", "--style"):
            assert f"`{option}`" in README, option


def test_every_route_is_documented() -> None:
    code = """
import json, os
os.environ["REELBRUSH_STORE"] = "folder:/nowhere"
import function_app
found = []
for function in function_app.app.get_functions():
    trigger = function.get_trigger()
    if trigger.type == "httpTrigger":
        found += [f"{method.value} /{trigger.route.lstrip('/')}" for method in trigger.methods]
print(json.dumps(found))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, env={**os.environ}
    )
    routes = json.loads(done.stdout)
    assert routes
    for route in routes:
        assert f"`{route}`" in README, route


def test_the_ci_script_finds_the_test_command() -> None:
    found = re.search(r"^.*poe check$", README, re.MULTILINE)
    assert found is not None and "'.[dev]'" in found[0]


def test_links_in_the_readme_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
