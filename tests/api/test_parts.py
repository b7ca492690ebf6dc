"""Parts of the API by themselves: names, tokens, policy, links, views, what a failing handler says."""

from __future__ import annotations

import asyncio
import gzip
import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

import azure.functions as func
import pytest
from azure.durable_functions.models.DurableOrchestrationStatus import DurableOrchestrationStatus
from azure.durable_functions.models.OrchestrationRuntimeStatus import OrchestrationRuntimeStatus
from hypothesis import given
from hypothesis import strategies as st

from activities.services import Services
from function_app.api.asking import post_job
from function_app.api.bind import answer_plain
from function_app.api.bodies import read_body
from function_app.api.conditional import conditional, tag_of
from function_app.api.documents import policy
from function_app.api.finding import view_of
from function_app.api.links import portal_link
from function_app.api.messages import Reply, Request
from function_app.api.problems import Refused
from function_app.api.surface import Surface
from function_app.api.uploads import NAME_BYTES, clean_name
from function_app.job_view import job_view, receipt_view
from reelbrush.errors import ReelbrushError, SettingsError, StoreError
from reelbrush.job import BlobRef, Job, to_json
from reelbrush.settings import Settings
from reelbrush.store import FolderStore
from reelbrush.telemetry import names

JOB = to_json(Job("a-0123456789", BlobRef("input", "a.mp4", "0", 7), "starry-night"))


@given(st.text(min_size=1, max_size=300))
def test_clean_names_are_safe(name: str) -> None:
    try:
        clean = clean_name(name.encode("utf-8", "replace").decode())
    except Refused as refused:
        assert refused.reply.status == 422
        return
    assert len(clean.encode()) <= NAME_BYTES and clean == clean.strip(" ")
    assert (not set(clean) & set('/\\:*?"<>|#%') and clean.isprintable()) or any(ord(c) > 127 for c in clean)
    assert clean not in (".", "..") and not clean.startswith(".")


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("clip.mp4", "clip.mp4"),
        ("/home/me/été 2.MOV", "été 2.MOV"),
        ("..\\..\\a.mp4", "a.mp4"),
        (".hidden.mp4", "hidden.mp4"),
        ("x" * 400 + ".mp4", "x" * (NAME_BYTES - 4) + ".mp4"),
        ("evil\u202e4pm.mp4", "evil_4pm.mp4"),
    ],
)
def test_names_stay_readable(name: str, clean: str) -> None:
    assert clean_name(name) == clean


def test_the_policy_allows_only_the_pages_own_code() -> None:
    page = b"<style>a{}</style><script>go()</script><script type=module>more()</script>"
    found = policy(page, "https://account.blob.core.windows.net")
    rules = dict(rule.split(" ", 1) for rule in found.split("; "))
    hashes = [f"'sha256-{b64encode(sha256(text).digest()).decode()}'" for text in (b"go()", b"more()")]
    assert rules["script-src"] == " ".join(hashes) and "style-src" in rules
    assert rules["connect-src"] == "'self' https://account.blob.core.windows.net"
    assert policy(b"", "").count("'none'") == 6


def test_the_portal_link_holds_the_query() -> None:
    link = portal_link("/subscriptions/s/resourceGroups/g/providers/microsoft.insights/components/c", "a-1")
    assert "/resourceId/%2Fsubscriptions%2Fs" in link
    query = gzip.decompress(b64decode(unquote(link.rsplit("/q/", 1)[1]))).decode()
    spans, logs = f'customDimensions["{names.JOB}"]) == "a-1"', f'customDimensions.{names.LOG_JOB}) == "a-1"'
    assert spans in query and logs in query and 'message contains "a-1"' in query


def test_an_etag_is_compared_weakly() -> None:
    reply = Reply(200, b"text", {"Cache-Control": "public"}, "text/plain")
    tag = tag_of(b"text")
    for known in (tag, f"W/{tag}", f'"a", {tag}', "*"):
        found = conditional(Request("GET", "http://a/", {"if-none-match": known}), reply, tag)
        assert (found.status, found.body, found.headers["ETag"]) == (304, b"", tag)
        assert found.headers["Cache-Control"] == "public"
    assert conditional(Request("GET", "http://a/", {"if-none-match": '"b"'}), reply, tag).status == 200


def test_every_problem_of_a_body_is_told_at_once() -> None:
    body = json.dumps({"name": 5, "more": 1, "sizeBytes": "x"}).encode()
    fields: dict[str, type] = {"name": str, "sizeBytes": int, "style": str}
    with pytest.raises(Refused) as refused:
        read_body(Request("POST", "http://a/", body=body), fields, ("style",))
    answer = refused.value.reply.body
    assert isinstance(answer, dict) and len(answer["errors"]) == 4


@pytest.mark.logs_errors
@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (RuntimeError("secret=1"), 500, "InternalError"),
        (SettingsError("secret=1"), 500, "SettingsUnusable"),
        (StoreError("secret=1"), 503, "StoreUnavailable"),
        (StoreError("secret=1", retryable=False), 500, "StoreFailed"),
        (ReelbrushError("secret=1", retryable=True), 503, "Unavailable"),
        (ReelbrushError("secret=1"), 500, "InternalError"),
    ],
)
def test_a_failure_tells_nothing_of_the_inside(failure: Exception, status: int, code: str) -> None:
    async def handler(request: Request) -> Reply:
        raise failure

    request = func.HttpRequest("GET", "http://app/api/jobs?code=key", body=b"", headers={}, params={})
    answer = asyncio.run(answer_plain(handler, request))
    assert answer.status_code == status and answer.headers["x-ms-error-code"] == code
    assert b"secret" not in answer.get_body() and b"key" not in answer.get_body()
    assert json.loads(answer.get_body())["instance"] == "/api/jobs"


def status(state: str, custom: dict[str, Any], **request: Any) -> DurableOrchestrationStatus:
    return DurableOrchestrationStatus(
        name="stylize_video",
        instanceId="a-0123456789",
        runtimeStatus=OrchestrationRuntimeStatus[state],
        createdTime="2026-01-01T12:00:30Z",
        lastUpdatedTime="2026-01-01T12:01:00Z",
        input=json.dumps({"job": JOB, "createdAt": "2026-01-01T12:00:00.000+00:00", **request}),
        customStatus=custom,
    )


SCORING = {
    "phase": "scoring", "summary": "half", "framesDone": 5, "framesTotal": 10, "batchStates": "DQ",
    "retries": 1, "rate": {"fps": 2.5}, "etaSeconds": 2, "nodeSeconds": 3600,
    "updatedAt": "2026-01-01T12:00:59.5+00:00",
}  # fmt: skip


def test_a_running_job_tells_rate_rest_and_cost() -> None:
    view = job_view(status("Running", SCORING), datetime(2026, 1, 1, 12, 1, 30, tzinfo=UTC), 2.0, "EUR")
    assert (view["createdAt"], view["updatedAt"]) == ("2026-01-01T12:00:00Z", "2026-01-01T12:00:59Z")
    assert view["elapsedSeconds"] == 90
    assert view["progress"]["framesPerSecond"] == 2.5 and view["progress"]["percent"] == 50
    assert view["cost"] == {"nodeSeconds": 3600, "estimate": 2.0, "currency": "EUR"}
    assert "cost" not in job_view(status("Running", SCORING)) and "endedAt" not in view


def test_the_time_left_passes_between_two_looks_at_the_runs() -> None:
    running = status("Running", {**SCORING, "etaSeconds": 14})
    moments = (
        datetime(2026, 1, 1, 12, 0, 59, 500_000, tzinfo=UTC) + timedelta(seconds=s) for s in (0, 9, 60)
    )
    assert [job_view(running, now)["etaSeconds"] for now in moments] == [14, 5, 0]
    assert job_view(running)["etaSeconds"] == 14, "the clock of the status may be ahead of ours"


def test_a_retried_job_counts_its_time_anew() -> None:
    retried = status("Completed", {"phase": "done"}, startedAt="2026-01-01T12:00:50.000+00:00")
    assert job_view(retried)["elapsedSeconds"] == 10
    assert job_view(status("Completed", {"phase": "done"}))["elapsedSeconds"] == 60


def test_an_ended_job_has_no_rest() -> None:
    for state, phase in (("Terminated", "canceled"), ("Failed", "failed")):
        view = job_view(status(state, SCORING), datetime(2026, 2, 1, tzinfo=UTC))
        assert view["phase"] == phase and "etaSeconds" not in view and view["elapsedSeconds"] == 60


def test_a_receipt_is_enough_for_a_view() -> None:
    receipt = {"job": JOB, "frames": 12, "result": {"blob": "output/a/a.mp4"}}
    view = receipt_view("a-0123456789", receipt)
    assert view["status"] == "Succeeded" and view["progress"]["percent"] == 100
    assert view["input"] == {"blob": "input/a.mp4", "sizeBytes": 7}


class Slow:
    """A durable client of which a started instance is not to be seen yet."""

    started: str = ""

    async def get_status(self, job: str, **options: Any) -> None:
        """Know nothing."""

    async def start_new(self, orchestration: str, job: str, request: dict[str, Any]) -> str:
        """Note the start."""
        self.started = job
        return job


def test_a_job_that_cannot_be_seen_yet_is_told_all_the_same(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put_bytes("input", "a.mp4", b"film")
    client: Any = Slow()
    services = Services(Settings(store.uri), store, cast("Any", None))
    to = Surface(client, services, datetime(2026, 1, 1, tzinfo=UTC))
    body = json.dumps({"blob": "input/a.mp4", "style": "identity"}).encode()
    reply = asyncio.run(post_job(to, Request("POST", "http://app/api/jobs", body=body)))
    assert reply.status == 201 and isinstance(reply.body, dict)
    assert (reply.body["status"], reply.body["id"]) == ("NotStarted", client.started)
    assert reply.headers["Location"] == reply.body["links"]["self"]


def test_a_store_that_cannot_be_asked_does_not_make_a_job_unknown(tmp_path: Path) -> None:
    class Silent(FolderStore):
        def read_bytes(self, container: str, name: str) -> bytes:
            raise StoreError("the store does not answer")

    def asked(store: FolderStore) -> Any:
        to = Surface(
            cast("Any", Slow()), Services(Settings(store.uri), store, cast("Any", None)), datetime.now(UTC)
        )
        return asyncio.run(view_of(to, "a-0123456789"))

    with pytest.raises(StoreError):
        asked(Silent(tmp_path))
    with pytest.raises(Refused):
        asked(FolderStore(tmp_path))
