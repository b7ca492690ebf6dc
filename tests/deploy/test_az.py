"""What can go wrong between this tool and the Azure CLI, and that no secret is ever told."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from reelbrush.deploy.az import Az, AzError, without_secrets
from tests.conftest import ROOT
from tests.deploy.world import SCOPE, VALUES, World, error, forbidden, not_found, question, silence, text


def code_of(world: World, *arguments: str, seconds: float = 20) -> tuple[str, str]:
    """Return code and message of a call that must fail."""
    with pytest.raises(AzError) as caught:
        world.az(seconds).json(*arguments)
    return caught.value.code, str(caught.value)


def test_no_cli_at_all(world: World) -> None:
    with pytest.raises(AzError) as caught:
        Az("az-that-is-nowhere").json("version")
    assert caught.value.code == "missing"


def test_a_cli_that_hangs_is_stopped_with_all_it_started(world: World) -> None:
    world.says("version", silence(61.5))
    began = time.monotonic()
    code, message = code_of(world, "version", seconds=0.5)
    assert code == "timeout" and "0.5 seconds" in message
    assert time.monotonic() - began < 5
    running = subprocess.run(["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True).stdout
    assert str(world.folder) not in running


def test_nobody_is_ever_asked(world: World) -> None:
    world.says("version", question())
    process = subprocess.Popen(
        [sys.executable, "-m", "reelbrush.deploy", "preflight"],
        cwd=ROOT,
        env={**world.environment, **VALUES},
        stdin=subprocess.PIPE,  # stays open, like a terminal
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        said = process.stdout.read()
    assert process.returncode == 1 and "there is no terminal" in said


def test_an_answer_that_is_not_json(world: World) -> None:
    world.says("account show", text("Upgrade available!"))
    assert code_of(world, "account", "show")[0] == "not-json"


def test_no_answer_is_none(world: World) -> None:
    world.says("account show", None)
    assert world.az().json("account", "show") is None


def test_causes_are_told_apart(world: World) -> None:
    world.says("account show", error("Please run 'az login' to setup account."))
    assert code_of(world, "account", "show")[0] == "signed-out"
    world.says("account show", forbidden("read"))
    assert code_of(world, "account", "show")[0] == "forbidden"
    world.says("account show", not_found("no such thing"))
    assert code_of(world, "account", "show")[0] == "not-found"
    world.says("account show", error("something else\nof two lines"))
    assert code_of(world, "account", "show") == ("failed", "az account show: something else of two lines")


def test_a_misspelt_command_is_refused_by_the_fake(world: World) -> None:
    assert "misspelled" in code_of(world, "account", "shows")[1]
    assert "unrecognized" in code_of(world, "account", "show", "--locaton", "x")[1]
    assert "MissingApiVersion" in code_of(world, "rest", "--method", "get", "--url", SCOPE)[1]


def test_collections_are_read_over_all_pages(world: World) -> None:
    link = f"https://management.azure.com{SCOPE}/locations?api-version=1&%24skiptoken=a%3Db%26c"
    world.says(f"rest get {SCOPE}/locations", {"value": [{"name": "one"}], "nextLink": link})
    world.says(f"rest get {SCOPE}/locations $skiptoken=a=b&c", {"value": [{"name": "two"}]})
    rows = world.az().list(f"{SCOPE}/locations", "2022-12-01")
    assert [row["name"] for row in rows] == ["one", "two"]


def test_errors_are_told_without_their_secrets(world: World) -> None:
    url = "https://func-dev.azurewebsites.net/runtime/webhooks/blobs?functionName=f&code=s3cret=="
    said = f'Webhook validation handshake failed for {url} "blobs_extension": "s3cret", AccountKey=s3cret;'
    world.says("account show", error(said))
    message = code_of(world, "account", "show")[1]
    assert "s3cret" not in message and "handshake failed for https://func-dev" in message


@pytest.mark.parametrize("kept", ['{"code": "AuthorizationFailed"}', "error code 403", "key vault kv-dev"])
def test_what_is_no_secret_is_kept(kept: str) -> None:
    assert without_secrets(kept) == kept
