"""Where values come from, and how they are read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelbrush.deploy.az import Az
from reelbrush.deploy.plan import Plan, read_plan
from reelbrush.deploy.values import Values, parse_values, read_values
from tests.deploy.world import World, error, text


@pytest.fixture
def azd(tmp_path: Path) -> World:
    """A world with azd, which has one environment."""
    world = World(tmp_path / "azd", azd=True)
    world.says("azd env get-values", text('AZURE_ENV_NAME="dev"\nAZURE_LOCATION="westeurope"'))
    return world


def client(world: World) -> Az:
    """Return the client of a world's azd."""
    return Az(str(world.bin / "azd"))


def test_options_come_first_then_azd_then_the_process(azd: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_LOCATION", "of the process")
    monkeypatch.setenv("REELBRUSH_GPU_NODES", "7")
    values = read_values({}, client(azd))
    assert values.get("AZURE_LOCATION") == "westeurope"
    assert values.get("REELBRUSH_GPU_NODES") == "7"
    assert "azd" in values.source
    assert read_values({"AZURE_LOCATION": "eastus"}, client(azd)).get("AZURE_LOCATION") == "eastus"


def test_in_a_hook_azd_is_not_asked(azd: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_ENV_NAME", "prod")
    values = read_values({}, client(azd))
    assert values.get("AZURE_ENV_NAME") == "prod" and azd.calls == []


def test_another_environment_than_the_hook_s_is_asked_for(
    azd: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_ENV_NAME", "prod")
    assert read_values({"AZURE_ENV_NAME": "dev"}, client(azd)).get("AZURE_LOCATION") == "westeurope"
    assert '"--environment", "dev"' in azd.arguments


def test_without_azd_the_process_is_all_there_is(azd: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_LOCATION", "eastus")
    values = read_values({"AZURE_ENV_NAME": "dev"}, Az("azd-that-is-nowhere"))
    assert values.get("AZURE_LOCATION") == "eastus" and "azd is not installed" in values.source
    azd.says("azd env get-values", error("no project exists"))
    assert "no project exists" in read_values({}, client(azd)).source


def test_values_are_read_as_azd_prints_them() -> None:
    printed = (
        'A="plain"\nROLES="[{\\"a\\":\\"b c\\"}]"\n\nNOTE: hello\nB=bare\nC=""\nD="back\\\\slash = \\n"\n'
    )
    assert parse_values(printed) == {
        "A": "plain",
        "ROLES": '[{"a":"b c"}]',
        "B": "bare",
        "C": "",
        "D": "back\\slash = \n",
    }


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")))
def test_any_value_comes_back(value: str) -> None:
    escaped = "".join(f"\\{letter}" if letter in '\\"!$`' else letter for letter in value)
    escaped = escaped.replace("\n", "\\n")
    assert parse_values(f'NAME="{escaped}"') == {"NAME": value}


def test_the_defaults_are_the_templates() -> None:
    plan, problems = read_plan(Values({"AZURE_ENV_NAME": "dev", "REELBRUSH_UPLOAD_EVENTS": ""}, ""))
    assert plan == Plan(environment="dev") and problems == [] and plan.group == "rg-dev"
    assert read_plan(Values({"REELBRUSH_PRIVATE": "true"}, ""))[0].upload_events == "queue"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REELBRUSH_PRIVATE", "yes"),
        ("REELBRUSH_UPLOAD_EVENTS", "both"),
        ("REELBRUSH_GPU_PRIORITY", "lowpriority"),
        ("REELBRUSH_GPU_NODES", "0"),
        ("REELBRUSH_GPU_NODES", "many"),
        ("REELBRUSH_GPU_IDLE_SECONDS", "59"),
        ("REELBRUSH_DEDICATED_NODES", "-1"),
        ("REELBRUSH_ML_AUTH", "keys"),
        ("REELBRUSH_DURABLE", "mssql"),
        ("REELBRUSH_DEVELOPER_TYPE", "user"),
        ("REELBRUSH_OVER_COST", "stop"),
        ("REELBRUSH_BUDGET", "9.5"),
    ],
)
def test_a_value_that_cannot_be_is_told(name: str, value: str) -> None:
    _, problems = read_plan(Values({name: value}, ""))
    assert len(problems) == 1 and problems[0].startswith(f"{name}={value}: ")
