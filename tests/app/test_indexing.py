"""Workers find the functions that there are: with the SDK, and with the production library of Python 3.13."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reelbrush.host.function_rules import check_function
from tests.absent import absent
from tests.app.indexed import functions_of_the_app
from tests.conftest import ROOT
from tests.infra.package import unpack

RUNTIME = ROOT / ".venv313" / "bin" / "python"  # made by .ci/run
HEAVY = (
    "av", "numpy", "cv2", "onnx", "onnxruntime", "torch", "azureml", "azure.eventgrid", "azure.monitor",
    "opentelemetry.sdk", "starlette", "uvicorn", "click", "rich",
)  # fmt: skip
SECONDS, MEGABYTES = 1.5, 120  # of a cold import, at most

# name: what calls it
FUNCTIONS = {
    "start_on_upload": "blob input/{name} EventGrid, client",
    "upkeep": "timer 0 * * * * *, client",
    "stylize_video": "orchestration",
    "admit_job": "activity",
    "cancel_runs": "activity",
    "close_job": "activity",
    "finish_job": "activity",
    "plan_job": "activity",
    "ask_compute": "activity",
    "await_approval": "activity",
    "poll_runs": "activity",
    "split_video": "activity",
    "stitch_video": "activity",
    "submit_run": "activity",
    "tell_event": "activity",
    "list_jobs": "GET api/jobs FUNCTION, client",
    "post_job": "POST api/jobs FUNCTION, client",
    "get_job": "GET api/jobs/{id} FUNCTION, client",
    "put_job": "PUT api/jobs/{id} FUNCTION, client",
    "get_batches": "GET api/jobs/{id}/batches FUNCTION, client",
    "get_log": "GET api/jobs/{id}/logs FUNCTION, client",
    "get_media": "GET api/jobs/{id}/media FUNCTION, client",
    "get_watch_file": "GET api/jobs/{id}/watch/{token}/{file} ANONYMOUS, client",
    "cancel_job": "POST api/jobs/{id}/cancel FUNCTION, client",
    "retry_job": "POST api/jobs/{id}/retry FUNCTION, client",
    "approve_job": "POST api/jobs/{id}/approve FUNCTION, client",
    "post_quote": "POST api/quotes FUNCTION, client",
    "post_upload": "POST api/uploads FUNCTION, client",
    "get_styles": "GET api/styles FUNCTION, client",
    "get_style_picture": "GET api/styles/{name}/{picture} ANONYMOUS, client",
    "get_health": "GET api/health ANONYMOUS, client",
    "get_description": "GET api/openapi.yaml ANONYMOUS",
    "get_page": "GET / ANONYMOUS, client",
}
# what comes with REELBRUSH_UPLOADS_QUEUE
QUEUED = {"start_on_queued_upload": "queue %REELBRUSH_UPLOADS_QUEUE% AzureWebJobsStorage, client"}


def summary(bindings: list[dict[str, Any]]) -> str:
    """Return what FUNCTIONS says of a function with these bindings, strange ones by their type."""
    triggers: list[str] = []
    rest: list[str] = []
    for binding in bindings:
        kind = binding["type"]
        if kind == "httpTrigger":
            verbs = " ".join(map(str, binding["methods"]))
            triggers.append(f"{verbs} {binding['route']} {binding['authLevel']}")
        elif kind == "blobTrigger":
            triggers.append(f"blob {binding['path']} {binding['source']}")
        elif kind == "timerTrigger":
            triggers.append(f"timer {binding['schedule']}")
        elif kind == "queueTrigger":
            triggers.append(f"queue {binding['queueName']} {binding['connection']}")
        elif kind.endswith("Trigger"):
            triggers.append(kind.removesuffix("Trigger"))
        elif kind != "http" or binding["direction"] != "OUT":
            rest.append("client" if kind == "durableClient" else kind)
    return ", ".join([*triggers, *rest])


def test_the_functions_are_exactly_these() -> None:
    assert {f["name"]: summary(f["bindings"]) for f in functions_of_the_app()} == FUNCTIONS
    queued = {f["name"]: summary(f["bindings"]) for f in functions_of_the_app("video-uploaded")}
    assert queued == FUNCTIONS | QUEUED


def work_as_in_production(app: Path, *calls: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Index an app folder with the production library, call functions, and return what became of it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("REELBRUSH_")}
    command = [str(RUNTIME), str(Path(__file__).parent / "runtime_index.py"), str(app), *calls]
    return subprocess.run(command, env=environment | settings, capture_output=True, text=True)


def test_a_production_worker_finds_and_serves_the_same(tmp_path: Path) -> None:
    if not RUNTIME.exists():
        absent("there is no .venv313 with azure-functions-runtime (.ci/run makes it where Python 3.13 is)")
    calls = ("get_description=http://app/api/openapi.yaml", "get_health=http://app/api/health")
    calls += ("get_page=http://app/", "get_styles=http://app/api/styles")
    app = unpack(tmp_path / "wwwroot")
    assert not (app / "tests").exists() and (app / "scoring" / "environment" / "Dockerfile").exists()
    done = work_as_in_production(app, *calls, REELBRUSH_STORE=f"folder:{tmp_path}/store")
    assert done.returncode == 0, done.stderr[-3000:]
    document = json.loads(done.stdout.splitlines()[-1])
    found = document["functions"]
    assert {f["name"]: summary(f["bindings"]) for f in found} == FUNCTIONS
    upload = next(f for f in found if f["name"] == "start_on_upload")
    trigger = next(b for b in upload["bindings"] if b["type"] == "blobTrigger")
    assert trigger["properties"]["SupportsDeferredBinding"], "else the blob travels through the worker"
    queue = {"REELBRUSH_STORE": f"folder:{tmp_path}/store", "REELBRUSH_UPLOADS_QUEUE": "video-uploaded"}
    done = work_as_in_production(app, **queue)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])["functions"]
    assert {f["name"]: summary(f["bindings"]) for f in found} == FUNCTIONS | QUEUED
    answers = document["answers"]
    assert answers["get_description"][:2] == [200, "application/yaml"]
    assert answers["get_health"][:2] == [200, "application/json"] and '"healthy"' in answers["get_health"][2]
    assert answers["get_page"][:2] == [200, "text/html; charset=utf-8"]
    assert "after.jpg" in answers["get_styles"][2]


def test_a_production_worker_finds_nothing_in_a_broken_app(tmp_path: Path) -> None:
    if not RUNTIME.exists():
        absent("there is no .venv313 with azure-functions-runtime (.ci/run makes it where Python 3.13 is)")
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    (tmp_path / "function_app.py").write_text(
        "import azure.durable_functions as df\n"
        "app = df.DFApp()\n"
        "@app.activity_trigger(input_name='request')\n"
        "def good(request: dict): return 1\n"
        "@app.activity_trigger(input_name='request')\n"
        "def bad(request: dict[str, str]): return 1\n"
    )
    done = work_as_in_production(tmp_path)
    assert done.returncode != 0 and "bad" in done.stderr


def test_no_function_breaks_a_rule_of_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    from reelbrush.host.loader import load_app

    monkeypatch.setenv("REELBRUSH_STORE", "folder:/nowhere")
    assert {function.name for function in load_app(ROOT).functions} == set(FUNCTIONS)


@pytest.mark.parametrize(
    ("annotation", "problem"),
    [
        ("dict[str, str]", "only plain types"),
        ("str | None", "only plain types"),
        ("dict, more: int = 1", "without a binding"),
    ],
)
def test_the_traps_are_known(annotation: str, problem: str) -> None:
    import azure.durable_functions as df

    code = f"async def step(request: {annotation}):\n    return 1"
    names: dict[str, Any] = {}
    exec(code, names)
    app = df.DFApp()
    app.activity_trigger(input_name="request")(names["step"])
    (function,) = app.get_functions()
    assert any(problem in text for text in check_function(function))


def cold_import() -> tuple[float, float, list[str]]:
    """Return seconds, megabytes and heavy modules of importing the app in a fresh process."""
    code = f"""
import json, re, sys, time
began = time.perf_counter()
import function_app
seconds = time.perf_counter() - began
# ru_maxrss would begin with what the process that started this one had
status = open("/proc/self/status").read()
megabytes = int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) / 1024
print(json.dumps([seconds, megabytes, [name for name in {HEAVY!r} if name in sys.modules]]))
"""
    environment = {**os.environ, "REELBRUSH_STORE": "folder:/nowhere"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return tuple(json.loads(done.stdout))


def test_the_app_starts_fast_and_small() -> None:
    best = SECONDS + 1
    for _ in range(5):  # on a busy machine only the best counts
        seconds, megabytes, heavy = cold_import()
        assert heavy == []
        assert megabytes < MEGABYTES
        best = min(best, seconds)
        if best < SECONDS:
            break
    assert best < SECONDS
