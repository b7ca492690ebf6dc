"""What the README promises is there, and what is there is in the README."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys

import pytest

from reelbrush.cli.main import main
from reelbrush.settings import Settings
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


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
        found += [f"{method.value} /api/{trigger.route}" for method in trigger.methods]
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
