"""Who does what to blobs: what each identity asked of the account while a job ran is what is documented."""

from __future__ import annotations

import base64
import json
import re
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.cluster.conftest import Cloud
from tests.conftest import ROOT
from tests.fakes.azureml.cluster import SCORING_CLIENT, SCORING_PRINCIPAL
from tests.fakes.azureml.tokens import APP_PRINCIPAL

DOCUMENT = ROOT / "docs" / "deploy-permissions.md"
WHO = {APP_PRINCIPAL: "app", SCORING_PRINCIPAL: "nodes"}

Doings = dict[tuple[str, str], set[str]]  # (who, container) to what; no container stands for the account

_REQUEST = re.compile(r" RequestMethod=(\w+) RequestURL=(\S+) RequestHeaders:(\{.*\}) ClientIP=")
_ROW = re.compile(r"\| (app|nodes) \| (\S+) \| ([^|]+) \|")
_OF_CONTAINERS = {("GET", "list"): "list", ("PUT", ""): "make", ("POST", "batch"): "delete"}
_OF_BLOBS = {"GET": "read", "HEAD": "read", "PUT": "write", "DELETE": "delete"}


@pytest.fixture
def account_log(tmp_path: Path) -> Path:
    """Where the account writes every request to."""
    return tmp_path / "requests.log"


def requests(log: Path) -> Iterator[tuple[str, str, str]]:
    """Yield who did what to which container, from the log of Azurite with --debug."""
    for line in log.read_text(errors="replace").splitlines():
        found = _REQUEST.search(line)
        bearer = json.loads(found[3]).get("authorization", "") if found else ""
        if found is None or not bearer.startswith("Bearer "):
            continue
        claims = json.loads(base64.urlsafe_b64decode(bearer.split(".")[1] + "=="))
        if claims["oid"] not in WHO:  # whoever uploads
            continue
        where = urlsplit(found[2])
        _, _account, container, *blob = where.path.split("/", 3)
        comp = parse_qs(where.query).get("comp", [""])[0]
        if not container:
            yield WHO[claims["oid"]], "account", comp
        elif not blob:
            yield WHO[claims["oid"]], container, _OF_CONTAINERS[found[1], comp]
        else:
            yield WHO[claims["oid"]], container, _OF_BLOBS[found[1]]


def seen(log: Path) -> Doings:
    """Return what each identity did."""
    doings: Doings = defaultdict(set)
    for who, container, what in requests(log):
        doings[who, container].add(what)
    return dict(doings)


def documented() -> Doings:
    """Return the second table of docs/deploy-permissions.md."""
    text = DOCUMENT.read_text().partition("## What is done with blobs")[2]
    return {
        (who, container): {word.strip() for word in words.split(",")}
        for who, container, words in _ROW.findall(text)
    }


@pytest.mark.slow
def test_each_identity_does_what_is_documented_and_no_more(
    cloud: Cloud, film: Path, account_log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REELBRUSH_BACKEND", "azureml-v2")
    monkeypatch.setenv("REELBRUSH_SCORING_IDENTITY", SCORING_CLIENT)
    monkeypatch.setenv("REELBRUSH_WORK_HOURS", "0")  # what the app deletes, too
    job = cloud.upload(film, "starry-night")
    cloud.output(cloud.finish(job))
    cloud.azure_ml.wait_ended()
    cloud.store.signed_url("input", "next.mp4", write=True, seconds=60)  # as the API does for whoever uploads
    end = time.monotonic() + 60  # a request is written down some time after its answer
    while seen(account_log) != documented() and time.monotonic() < end:
        time.sleep(0.1)
    assert seen(account_log) == documented()
