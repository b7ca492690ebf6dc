"""Turning telemetry on: by the environment only, never while modules are imported, with a bounded end."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.telemetry.ingestion import ingesting

HEAVY = ("azure.monitor", "opentelemetry.sdk", "azure.eventgrid", "av", "numpy")

WORK = """
import logging
from reelbrush.telemetry import *
logging.basicConfig(level=logging.INFO)
start_telemetry("scoring")
start_telemetry("scoring")
with log_fields("clip-0123456789", 3), job_span("reelbrush.run", "", {"reelbrush.job_id": "clip-0123456789"}):
    logging.getLogger("scoring.batch").warning("hello")
    logging.getLogger("reelbrush.events").warning("there")
    logging.getLogger("somebody.else").warning("not ours")
count_event("finished")
stop_telemetry()
"""


def run(code: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "APPLICATIONINSIGHTS_"))}
    # where the exporter keeps what it could not send, for whatever process sends next
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**kept, "TMPDIR": folder, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )


def test_importing_the_app_loads_nothing_heavy() -> None:
    code = f"""
import sys, function_app, json
print(json.dumps([m for m in sys.modules if m.startswith({HEAVY!r})]))
"""
    key = "InstrumentationKey=00000000-0000-0000-0000-000000000001"
    done = run(code, {"REELBRUSH_STORE": "folder:/nowhere", "APPLICATIONINSIGHTS_CONNECTION_STRING": key})
    assert json.loads(done.stdout) == []


def test_azure_monitor_gets_spans_metrics_and_logs_of_the_job() -> None:
    with ingesting() as ingestion:
        run(WORK, {"APPLICATIONINSIGHTS_CONNECTION_STRING": ingestion.connection_string})
    [span] = ingestion.of_kind("RemoteDependencyData")
    assert span["data"]["baseData"]["name"] == "reelbrush.run"
    assert span["data"]["baseData"]["properties"]["reelbrush.job_id"] == "clip-0123456789"
    assert span["tags"]["ai.cloud.role"] == "reelbrush-scoring"
    assert ingestion.values("reelbrush.jobs") == [1]
    logs = [envelope["data"]["baseData"] for envelope in ingestion.of_kind("MessageData")]
    assert sorted(log["message"] for log in logs) == ["hello", "there"]
    for log in logs:
        assert (log["properties"]["job_id"], log["properties"]["batch"]) == ("clip-0123456789", "3")
    operations = {e["tags"]["ai.operation.id"] for e in [span, *ingestion.of_kind("MessageData")]}
    assert len(operations) == 1


@pytest.mark.parametrize(("told", "messages"), [("", 0), ("true", 2)])
def test_on_functions_logs_are_sent_by_the_host_or_by_us_never_by_both(told: str, messages: int) -> None:
    with ingesting() as ingestion:
        environment = {
            "APPLICATIONINSIGHTS_CONNECTION_STRING": ingestion.connection_string,
            "FUNCTIONS_WORKER_RUNTIME": "python",
            "PYTHON_ENABLE_OPENTELEMETRY": told,
            "WEBSITE_SITE_NAME": "my-app",
        }
        run(WORK.replace('"scoring")', '"app")'), environment)
    assert len(ingestion.of_kind("MessageData")) == messages
    [span] = ingestion.of_kind("RemoteDependencyData")
    assert span["tags"]["ai.cloud.role"] == "my-app"


def test_who_has_an_identity_signs_in_and_so_do_nodes_by_their_own(tmp_path: Path) -> None:
    nodes = "import json\nfrom reelbrush.telemetry import node_environment as told\n"
    nodes += "print(json.dumps(told('node')))"
    with ingesting(tmp_path) as ingestion:
        environment = {
            **ingestion.environment,
            "APPLICATIONINSIGHTS_CONNECTION_STRING": ingestion.connection_string,
            "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": "ClientId=app;Authorization=AAD",
        }
        run(WORK, environment)
        run(WORK, {**ingestion.environment, **json.loads(run(nodes, environment).stdout)})
        alone = json.loads(run(nodes.replace("'node'", ""), environment).stdout)
        run(WORK, {**ingestion.environment, **alone, "DEFAULT_IDENTITY_CLIENT_ID": "only"})
    assert set(ingestion.identities) == {"app", "node", "only"}
    assert {
        f"Bearer token of {who} for https://monitor.azure.com/" for who in ("app", "node", "only")
    } <= ingestion.tokens
    assert len(ingestion.of_kind("RemoteDependencyData")) == 3


def test_nodes_are_told_nothing_with_which_anybody_could_send() -> None:
    code = "from reelbrush.telemetry import node_environment\nprint(node_environment('node'))"
    key = {"APPLICATIONINSIGHTS_CONNECTION_STRING": "InstrumentationKey=00000000-0000-0000-0000-000000000001"}
    assert run(code, {}).stdout == run(code, key).stdout == "{}\n"


def test_a_service_that_does_not_answer_costs_a_bounded_time() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=20) as silent:
        connection = (
            "InstrumentationKey=00000000-0000-0000-0000-000000000001;"
            f"IngestionEndpoint=http://127.0.0.1:{silent.getsockname()[1]}/"
        )
        began = time.monotonic()
        run(
            WORK.replace("stop_telemetry()", "stop_telemetry(1.0)"),
            {"APPLICATIONINSIGHTS_CONNECTION_STRING": connection},
        )
    assert time.monotonic() - began < 15  # without a limit it is 40


@pytest.mark.parametrize(
    "environment",
    [
        {"OTEL_METRICS_EXPORTER": "missing"},
        {"OTEL_TRACES_EXPORTER": "missing"},
        {"APPLICATIONINSIGHTS_CONNECTION_STRING": "nonsense"},
    ],
)
def test_what_cannot_be_set_up_stays_off_with_a_warning(environment: dict[str, str]) -> None:
    done = run(WORK, environment)
    assert done.stderr.count("telemetry stays off") == 1
    assert "hello" in done.stderr


def test_without_an_exporter_nothing_is_loaded() -> None:
    code = WORK + "import sys\nprint(any(m.startswith('opentelemetry.sdk') for m in sys.modules))\n"
    assert run(code, {"OTEL_TRACES_EXPORTER": "none"}).stdout == "False\n"
