"""What Event Grid lets through, by webhook and by queue, is what the app takes for an upload."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reelbrush.job import starts_job
from reelbrush.job.names import INPUT, OTHER_SUFFIXES
from tests.app.indexed import functions_of_the_app
from tests.infra.stack import BICEP, Resource, evaluator
from tests.uploads.events import cloud_event, grid_event

SUBSCRIPTION = "Microsoft.EventGrid/systemTopics/eventSubscriptions"
PARAMS = {"functionAppName": "func-x", "topicName": "evgt-x", "opsAccountName": "stopsx"}


@pytest.fixture(scope="module")
def webhook() -> Resource:
    """The subscription that is deployed after the app."""
    (found,) = evaluator().evaluate(BICEP / "webhook.bicep", PARAMS)[0]
    assert found["type"] == SUBSCRIPTION
    return found


@pytest.fixture(scope="module")
def queued() -> Resource:
    """The subscription of a private deployment."""
    resources, _ = evaluator().evaluate(BICEP / "prod.bicepparam", {})
    (found,) = (resource for resource in resources if resource["type"] == SUBSCRIPTION)
    return found


def lets_through(filters: dict[str, Any], event: dict[str, Any]) -> bool:
    """Judge an event as Event Grid would (learn.microsoft.com/azure/event-grid/event-filtering)."""
    kind = event.get("type") or event.get("eventType")
    subject = event["subject"].lower()
    if kind not in filters["includedEventTypes"] or not subject.startswith(
        filters["subjectBeginsWith"].lower()
    ):
        return False
    for advanced in filters["advancedFilters"]:
        value: Any = event
        for part in advanced["key"].split("."):
            value = value[part]
        wanted = tuple(text.lower() for text in advanced["values"])
        judged = {
            "StringIn": value.lower() in wanted,
            "StringNotEndsWith": not value.lower().endswith(wanted),
        }
        if not judged[advanced["operatorType"]]:
            return False
    return True


def test_both_ways_tell_of_the_same_events(webhook: Resource, queued: Resource) -> None:
    filters, other = webhook["properties"]["filter"], queued["properties"]["filter"]
    assert filters == other
    assert webhook["name"].split("/")[1] == queued["name"].split("/")[1] == "video-uploaded"
    assert sum(len(advanced["values"]) for advanced in filters["advancedFilters"]) <= 25, "Event Grid's limit"
    suffixes = next(a["values"] for a in filters["advancedFilters"] if a["key"] == "subject")
    assert tuple(suffixes) == OTHER_SUFFIXES


@given(st.text(min_size=1, max_size=30))
@example("wave/CLIP.MP4")
@example("no extension")
@example("clip.mp4.json")
@example("clip.JSON")
@example("clip.mp4.crDownload")
@example("x.mxf")
@example(".hidden.mp4")
def test_no_upload_is_kept_from_the_app(webhook: Resource, name: str) -> None:
    filters = webhook["properties"]["filter"]
    for write in (grid_event, cloud_event):
        passes = lets_through(filters, write(name, container=INPUT))
        assert passes or not starts_job(name)
        assert passes or name.lower().endswith(OTHER_SUFFIXES), "only by its end is a name known as no upload"
        assert not lets_through(filters, write(name, container="output"))
        assert not lets_through(filters, write(name, container=f"{INPUT}-2"))


def test_blobs_under_way_and_other_changes_are_not_told(webhook: Resource) -> None:
    filters = webhook["properties"]["filter"]
    for call, passes in {
        "PutBlob": True,
        "PutBlockList": True,
        "CopyBlob": True,
        "FlushWithClose": True,
        "CreateFile": False,
        "SftpCreate": False,
    }.items():
        event = grid_event("a.mp4")
        event["data"]["api"] = call
        assert lets_through(filters, event) is passes, call
    assert not lets_through(filters, grid_event("a.mp4") | {"eventType": "Microsoft.Storage.BlobDeleted"})


def test_the_webhook_is_the_blob_trigger_with_its_key(webhook: Resource) -> None:
    properties = webhook["properties"]
    assert properties["destination"]["endpointType"] == "WebHook"
    url = properties["destination"]["properties"]["endpointUrl"]
    functions = [
        function["name"]
        for function in functions_of_the_app()
        for binding in function["bindings"]
        if binding["type"] == "blobTrigger" and binding["path"].partition("/")[0] == INPUT
    ]
    assert f"/runtime/webhooks/blobs?functionName=Host.Functions.{functions[0]}&code=" in url
    assert len(functions) == 1
    assert url.endswith(".systemKeys.blobs_extension>") and "/host/default)" in url
    assert properties["eventDeliverySchema"] == "EventGridSchema", (
        "the handshake that the Functions host answers"
    )


def test_one_way_can_follow_the_other(webhook: Resource, queued: Resource) -> None:
    """Both write the same subscription, whose form of events Azure refuses to change."""
    forms = {subscription["properties"]["eventDeliverySchema"] for subscription in (webhook, queued)}
    assert len(forms) == 1
    assert webhook["name"].split("/")[1] == queued["name"].split("/")[1]


def test_what_cannot_be_delivered_is_kept(webhook: Resource, queued: Resource) -> None:
    for subscription in (webhook, queued):
        kept = subscription["properties"]["deadLetterWithResourceIdentity"]
        assert kept["identity"] == {"type": "SystemAssigned"}
        assert kept["deadLetterDestination"]["properties"]["blobContainerName"] == "dead-letters"
        assert subscription["properties"]["retryPolicy"]["eventTimeToLiveInMinutes"] == 1440
