"""The subscription of uploads: made once all is there, tried again meanwhile, never telling the key."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from reelbrush.deploy.subscribe import Patience, subscribe
from reelbrush.deploy.values import Values
from tests.conftest import ROOT
from tests.deploy.running import deploy
from tests.deploy.world import OUTPUTS, SITE, VALUES, World, error, forbidden

SECRET = "s3cret-key-of-the-webhook=="
FUNCTIONS = f"rest get {SITE}/functions"
KEYS = f"rest post {SITE}/host/default/listkeys"
DEPLOYMENT = "deployment group create"
QUICK = Patience(total=20.0, pause=0.01, longest_pause=0.02)
READY = {"value": [{"name": "func-dev/start_on_upload"}, {"name": "func-dev/health"}]}
WITH_KEY = {"masterKey": SECRET, "systemKeys": {"blobs_extension": SECRET, "durable": SECRET}}
WITHOUT_KEY = {"masterKey": SECRET, "systemKeys": {"durable": SECRET}}
HANDSHAKE = error(
    '{"status":"Failed","error":{"code":"DeploymentFailed","details":[{"code":"Url validation","message":'
    '"Webhook '
    "validation handshake failed for https://func-dev.azurewebsites.net/runtime/webhooks/blobs?functionName="
    f"Host.Functions.start_on_upload&code={SECRET}. Http POST request failed with response code Unknown."
    '"}]}}'
)


@pytest.fixture
def ready(world: World) -> World:
    """A deployed app that is up and has its key."""
    world.says(FUNCTIONS, READY)
    world.says(KEYS, WITH_KEY)
    world.says(DEPLOYMENT, "Succeeded")
    return world


def run(
    world: World, capsys: pytest.CaptureFixture[str], patience: Patience = QUICK, **values: str
) -> tuple[int, str]:
    """Subscribe, and return the exit code and what was said; no secret may be anywhere."""
    code = subscribe(Values({**VALUES, **OUTPUTS, **values}, "a test"), world.az(), patience)
    said = capsys.readouterr()
    assert SECRET not in said.out + said.err + world.arguments
    return code, said.out


def test_all_is_there(ready: World, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(ready, capsys)
    assert code == 0
    assert [line.split(":")[0] for line in said.splitlines()] == [
        "ok    function start_on_upload",
        "ok    key of the webhook",
        "ok    subscription video-uploaded",
    ]


def test_it_deploys_the_template_with_its_parameters(
    ready: World, capsys: pytest.CaptureFixture[str]
) -> None:
    run(ready, capsys)
    template = ROOT / "infra" / "bicep" / "webhook.bicep"
    assert f'"--template-file", "{template}"' in ready.arguments
    told = ("functionAppName=func-dev", "topicName=evgt-dev", "opsAccountName=stopsdev")
    for pair in told:
        assert f'"{pair}"' in ready.arguments
        assert f"param {pair.partition('=')[0]} string" in template.read_text()


def test_twice_is_once(ready: World, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = run(ready, capsys), run(ready, capsys)
    assert first == second and first[0] == 0
    deployments = [line for line in ready.arguments.splitlines() if '"group", "create"' in line]
    assert len(deployments) == 2 and deployments[0] == deployments[1]


def test_the_key_appears_at_the_third_look(ready: World, capsys: pytest.CaptureFixture[str]) -> None:
    ready.says(FUNCTIONS, {"value": []}, READY)
    ready.says(KEYS, WITHOUT_KEY, {"systemKeys": {}}, WITH_KEY)
    code, said = run(ready, capsys)
    assert code == 0 and said.count("wait  key of the webhook") == 2
    assert "wait  function start_on_upload: the app shows no such function yet, but none" in said


def test_the_handshake_fails_twice(ready: World, capsys: pytest.CaptureFixture[str]) -> None:
    ready.says(DEPLOYMENT, HANDSHAKE, HANDSHAKE, "Succeeded")
    code, said = run(ready, capsys)
    assert code == 0 and said.count("wait  subscription video-uploaded") == 2
    assert "handshake failed for https://func-dev" in said


def test_the_handshake_never_succeeds(ready: World, capsys: pytest.CaptureFixture[str]) -> None:
    ready.says(DEPLOYMENT, HANDSHAKE)
    code, said = run(ready, capsys, Patience(total=1.0, pause=0.2))
    assert code == 1 and "FAIL  subscription video-uploaded" in said
    assert "REELBRUSH_UPLOAD_EVENTS queue" in said and "python -m reelbrush.deploy subscribe" in said


def test_a_function_that_never_comes(ready: World, capsys: pytest.CaptureFixture[str]) -> None:
    ready.says(FUNCTIONS, {"value": [{"name": "func-dev/other"}]})
    code, said = run(ready, capsys, Patience(total=0.5, pause=0.1))
    assert code == 1 and "but other" in said and "fix: azd deploy" in said
    assert KEYS not in ready.calls


def test_a_key_that_never_comes(ready: World, capsys: pytest.CaptureFixture[str]) -> None:
    ready.says(KEYS, WITHOUT_KEY)
    code, said = run(ready, capsys, Patience(total=0.5, pause=0.1))
    assert code == 1 and "az functionapp restart --name func-dev --resource-group rg-dev" in said


@pytest.mark.parametrize(
    "answer",
    [
        forbidden("listkeys"),
        error("Please run 'az login' to setup account."),
        error("InvalidTemplate: a word is missing"),
        error("RequestDisallowedByPolicy"),
        error("webhook.bicep(7,3) : Error BCP037: The property is not allowed"),
    ],
)
def test_what_waiting_cannot_help_is_told_at_once(
    ready: World, capsys: pytest.CaptureFixture[str], answer: Any
) -> None:
    ready.says(DEPLOYMENT, answer)
    code, said = run(ready, capsys, Patience(total=600, pause=60))
    assert code == 1 and "wait" not in said


def test_a_handshake_that_is_forbidden_may_be_repeated(
    ready: World, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = error(
        "Webhook validation handshake failed: Http POST request failed with response code Forbidden."
    )
    ready.says(DEPLOYMENT, refused, "Succeeded")
    assert run(ready, capsys)[0] == 0


def test_a_missing_bicep_has_its_own_fix(ready: World, capsys: pytest.CaptureFixture[str]) -> None:
    ready.says(DEPLOYMENT, error("Error while attempting to retrieve the latest Bicep version: timed out"))
    code, said = run(ready, capsys)
    assert code == 1 and "fix: az bicep install; then" in said


def test_a_deployment_that_ends_otherwise(ready: World, capsys: pytest.CaptureFixture[str]) -> None:
    ready.says(DEPLOYMENT, "Canceled", "Succeeded")
    code, said = run(ready, capsys)
    assert code == 0 and "the deployment ended as Canceled" in said


@pytest.mark.parametrize("values", [{"REELBRUSH_UPLOAD_EVENTS_MODE": "queue"}])
def test_with_the_queue_there_is_nothing_to_do(
    world: World, capsys: pytest.CaptureFixture[str], values: dict[str, str]
) -> None:
    assert subscribe(Values({**VALUES, **OUTPUTS, **values}, ""), world.az(), QUICK) == 0
    assert "queue" in capsys.readouterr().out and world.calls == []


def test_before_the_resources_are_made(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert subscribe(Values(VALUES, "azd's environment dev"), world.az(), QUICK) == 1
    said = capsys.readouterr().out
    assert "AZURE_FUNCTION_APP_NAME" in said and "fix: azd provision" in said and world.calls == []


@pytest.fixture
def app() -> Iterator[tuple[str, list[str]]]:
    """An app that answers its health, and what it was asked."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(503)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_app_is_woken_before_each_step(
    ready: World, capsys: pytest.CaptureFixture[str], app: tuple[str, list[str]]
) -> None:
    url, asked = app
    assert run(ready, capsys, REELBRUSH_URL=url + "/")[0] == 0
    assert asked == ["/api/health"] * 3


def test_as_a_process(ready: World) -> None:
    done = deploy(ready, "subscribe", "--seconds", "5", **VALUES, **OUTPUTS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert SECRET not in done.stdout + done.stderr + ready.arguments
