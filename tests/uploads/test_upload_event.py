"""What a message tells of an upload: formats, names, nonsense."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from function_app.queued_uploads import find_upload
from function_app.upload_event import BLOB_CREATED, BlobEvent, read_message
from reelbrush.job import BlobRef
from tests.uploads.events import cloud_event, grid_event, in_base64

NAMES = st.text(st.sampled_from("aé世+%#?&= 2/0~.'\"[]\\💎"), min_size=1, max_size=12)


def etag_of(name: str) -> str:
    return f"0x{name.encode().hex()}"


class Blobs:
    """A store in which blobs can only be looked at."""

    def __init__(self, *names: str) -> None:
        self._blobs = {n: BlobRef("input", n, etag_of(n), 9) for n in names}

    def stat(self, container: str, name: str) -> BlobRef | None:
        assert container == "input"
        return self._blobs.get(name)


@pytest.mark.parametrize("write", [grid_event, cloud_event])
def test_all_that_event_grid_writes_is_read(write: Any) -> None:
    event = write("wave/clip.mp4", etag='"0x8D"')
    wanted = BlobEvent(BLOB_CREATED, "devstoreaccount1", "input", ("wave/clip.mp4",), "0x8D")
    for message in (in_base64(event), in_base64([event]), json.dumps(event), f" {json.dumps([event])}\n"):
        assert read_message(message.encode()) == [wanted]
    two = [event, write("b.mp4")]
    assert [found.names[0] for found in read_message(json.dumps(two).encode())] == ["wave/clip.mp4", "b.mp4"]


def test_other_events_are_told_apart() -> None:
    for event in (
        {"eventType": "Microsoft.Storage.BlobDeleted", "data": {}},
        {"specversion": "1.0", "type": "Microsoft.Storage.BlobDeleted"},
    ):
        (found,) = read_message(in_base64(event).encode())
        assert found.kind == "Microsoft.Storage.BlobDeleted"


@pytest.mark.parametrize(
    "message",
    [
        "",
        "hello",
        in_base64("text"),
        in_base64([1]),
        in_base64({}),
        in_base64({"eventType": BLOB_CREATED}),
        in_base64({"eventType": BLOB_CREATED, "data": {"url": "https://x/input/a"}}),
        in_base64({"eventType": BLOB_CREATED, "subject": "/elsewhere", "data": {"url": "https://x/input/a"}}),
        "{" * 50_000,
        "[" * 50_000,
        "\xff\xfe",
    ],
)
def test_a_message_that_is_no_event_is_an_error(message: str) -> None:
    with pytest.raises(ValueError):
        read_message(message.encode("latin-1"))


@settings(max_examples=300, deadline=None)
@given(NAMES, st.booleans(), st.booleans(), st.booleans())
def test_a_blob_is_found_whichever_part_of_its_event_is_escaped(
    name: str, subject_escaped: bool, url_escaped: bool, emulator: bool
) -> None:
    origin = "http://127.0.0.1:10000/devstoreaccount1" if emulator else "https://data.blob.core.windows.net"
    url = f"{origin}/input/{quote(name) if url_escaped else name}"
    told = cloud_event(quote(name) if subject_escaped else name, url=url, etag=etag_of(name))
    (event,) = read_message(in_base64(told).encode())
    found = find_upload(event, Blobs(name))  # type: ignore[arg-type]
    assert found is not None and found.name == name
    others = {quote(name), unquote(name), unquote(unquote(name))} - {name}
    found = find_upload(event, Blobs(*others, name))  # type: ignore[arg-type]
    assert found is not None and found.name == name, "its ETag tells it from others"


def test_a_name_that_the_subject_mangled_is_read_from_the_address() -> None:
    url = f"https://data.blob.core.windows.net/input/{quote('a💎.mp4')}"
    told = grid_event("a\ufffd\ufffd.mp4", url=url, etag=etag_of("a💎.mp4"))
    (event,) = read_message(in_base64(told).encode())
    found = find_upload(event, Blobs("a💎.mp4"))  # type: ignore[arg-type]
    assert found is not None and found.name == "a💎.mp4"


def test_a_blob_that_is_gone_is_not_taken_for_another() -> None:
    (event,) = read_message(in_base64(grid_event("a%201.mp4")).encode())
    assert find_upload(event, Blobs("a 1.mp4")) is None  # type: ignore[arg-type]


def test_a_blob_that_was_replaced_is_found_as_it_is_now() -> None:
    (event,) = read_message(in_base64(grid_event("a.mp4", etag="old")).encode())
    found = find_upload(event, Blobs("a.mp4"))  # type: ignore[arg-type]
    assert found is not None and found.etag == etag_of("a.mp4")
    assert find_upload(event, Blobs("b.mp4")) is None  # type: ignore[arg-type]
