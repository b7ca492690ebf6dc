"""A world of fakes for every test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deploy.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A subscription in which everything is well."""
    return World(tmp_path / "world").healthy()


@pytest.fixture(autouse=True)
def no_azd_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep this machine's deployment out of the tests."""
    for name in ("AZURE_ENV_NAME", "AZURE_LOCATION", "AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP"):
        monkeypatch.delenv(name, raising=False)
