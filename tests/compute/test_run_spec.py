"""What a run is told, whatever the SDK."""

from __future__ import annotations

import pytest

from reelbrush.compute import RunRequest
from reelbrush.compute.run_spec import run_spec
from reelbrush.settings import Settings

CONNECTION, SIGN_IN = "APPLICATIONINSIGHTS_CONNECTION_STRING", "APPLICATIONINSIGHTS_AUTHENTICATION_STRING"
REQUEST = RunRequest("clip-0123456789", "clip-0123456789-b0-a1", 0, 1)
SENT_TO = "InstrumentationKey=00000000-0000-0000-0000-000000000001"


def told(monkeypatch: pytest.MonkeyPatch, signs_in: str, settings: Settings) -> dict[str, str]:
    """Return the variables of a run of an app that sends telemetry and `signs_in` so."""
    monkeypatch.setenv(CONNECTION, SENT_TO)
    monkeypatch.setenv(SIGN_IN, signs_in)
    return run_spec(settings, REQUEST).environment


def test_nodes_send_telemetry_by_their_own_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(store="https://videos.blob.core.windows.net", scoring_identity="node")
    environment = told(monkeypatch, "ClientId=app;Authorization=AAD", settings)
    assert (environment[CONNECTION], environment[SIGN_IN]) == (SENT_TO, "Authorization=AAD;ClientId=node")
    assert environment["AZURE_CLIENT_ID"] == "node"


def test_nodes_of_kubernetes_have_one_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(store="https://a.example", scoring_identity="node", instance_type="gpu")
    environment = told(monkeypatch, "ClientId=app;Authorization=AAD", settings)
    assert environment[SIGN_IN] == "Authorization=AAD"
    assert "AZURE_CLIENT_ID" not in environment


def test_an_app_that_sends_by_key_tells_no_run_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = told(monkeypatch, "", Settings(store="https://a.example", scoring_identity="node"))
    assert not {CONNECTION, SIGN_IN} & set(environment)


def test_a_custom_image_keeps_its_own_tunables() -> None:
    tunables = "glibc.malloc.hugetlb=1"
    assert run_spec(Settings(store="https://a.example"), REQUEST).environment["GLIBC_TUNABLES"] == tunables
    custom = run_spec(Settings(store="https://a.example", image="registry/scoring:1"), REQUEST)
    assert custom.environment == {"PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"}
