"""What is told of a stream while it grows, when it ends, and when it cannot be had."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from function_app.api.messages import Reply
from reelbrush.errors import StoreError
from reelbrush.job import WorkNames, to_json
from reelbrush.job.names import WORK
from reelbrush.store import BlobStore
from tests.media_out.making import packets
from tests.watch.making import NOW, Screening, code, piece, screening

END = "#EXT-X-ENDLIST"


def document(reply: Reply) -> dict[str, object]:
    assert reply.status == 200 and isinstance(reply.body, dict), reply.body
    return reply.body


def count(film: Screening) -> int:
    reply = film.get("index.m3u8")
    if reply.status == 404:
        assert code(reply) == "NotYetPublished" and reply.headers["Retry-After"]
        return 0
    return str(reply.body).count("#EXTINF")


def test_the_stream_is_what_is_finished_without_a_gap(film: Screening) -> None:
    seen: list[int] = []
    targets: set[str] = set()
    for index in (2, 0, 4, 1, 5, 3):
        film.publish(index)
        seen.append(count(film))
        if seen[-1]:
            text = film.playlist()
            targets |= {line for line in text.splitlines() if "TARGETDURATION" in line}
            assert (END in text) == (index == 3)
    assert seen == [0, 1, 1, 3, 3, 6]
    assert targets == {"#EXT-X-TARGETDURATION:2"}


def test_a_later_playlist_begins_with_the_earlier_one(film: Screening) -> None:
    film.publish(0)
    earlier = film.playlist()
    film.publish_all()
    assert film.playlist().startswith(earlier)


def test_many_new_segments_are_found_at_once(film: Screening, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("function_app.watch.film._STEPS", 2)
    film.publish(0)
    assert count(film) == 1
    film.publish(1, 2, 3, 5)
    assert count(film) == 4
    film.publish(4)
    assert count(film) == 6


@pytest.mark.parametrize("status", ["Failed", "Terminated", "Canceled", ""])
def test_a_job_that_ended_early_closes_its_stream(film: Screening, status: str) -> None:
    film.publish(0, 1, 3)
    assert END not in film.playlist()
    film.instances.runs = status
    text = film.playlist()
    assert text.count("#EXTINF") == 2 and text.endswith(f"{END}\n")
    film.instances.runs = "Running"
    film.publish(2)
    again = film.playlist()
    assert again.count("#EXTINF") == 4 and END not in again, "a retried job goes on"


def test_what_ends_while_it_is_looked_at_is_told_whole(film: Screening) -> None:
    film.publish(0)

    class LastMoment:
        """The job ends, with all published, as soon as its status is asked for."""

        async def get_status(self, job: str, *, show_input: bool = True) -> object:
            status = await instances.get_status(job)
            film.publish_all()
            status.runtime_status.name = "Completed"
            return status

    instances, film.instances = film.instances, LastMoment()  # type: ignore[assignment]
    assert film.playlist().count("#EXTINF") == 6
    film.instances = instances
    assert film.playlist().endswith(f"{END}\n")
    assert instances.asked == 1, "once all is published nobody needs to be asked"


def test_scripts_are_told_the_same(film: Screening) -> None:
    assert document(film.get("media.json"))["segments"] == []
    film.publish(0, 1, 2, 4)
    media = document(film.get("media.json"))
    assert media["codecs"] == "avc1.64000a" and media["mimeType"] == 'video/mp4; codecs="avc1.64000a"'
    assert (media["timescale"], media["width"], media["height"]) == (30000, 64, 48)
    assert (media["segmentsTotal"], media["ended"]) == (6, False)
    assert [each["file"] for each in media["segments"]] == film.uris()  # type: ignore[attr-defined, index]
    assert media["segments"][1] == {  # type: ignore[index]
        "file": film.uris()[1], "start": 48048, "duration": 48048,
    }  # fmt: skip
    later = document(film.get("media.json?from=2"))
    assert [each["file"] for each in later["segments"]] == film.uris()[2:]  # type: ignore[attr-defined, index]
    assert document(film.get("media.json?from=99"))["segments"] == []
    assert code(film.get("media.json?from=-1")) == "InvalidRequest"


def test_what_is_known_already_is_not_sent_again(film: Screening) -> None:
    film.publish(0)
    for file in ("index.m3u8", "media.json"):
        first = film.get(file)
        assert film.get(file, if_none_match=first.headers["ETag"]).status == 304
    first = film.get("index.m3u8")
    film.publish(1)
    assert film.get("index.m3u8", if_none_match=first.headers["ETag"]).status == 200


def test_types_and_caching(film: Screening) -> None:
    film.publish(0)
    assert film.get("index.m3u8").media_type == "application/vnd.apple.mpegurl"
    for uri in (film.uris()[0], f"init.mp4?v={film.manifest.generation}"):
        reply = film.get(uri)
        assert reply.media_type == "video/mp4" and "immutable" in reply.headers["Cache-Control"]
    assert "Cache-Control" not in film.get("init.mp4").headers, "without its version it may become another"


@pytest.mark.parametrize("file", ["00001.m4s", "00006.m4s", "99999.m4s"])
def test_what_is_not_published_is_not_found(film: Screening, file: str) -> None:
    film.publish(0)
    assert code(film.get(file)) == "SegmentNotFound"


@pytest.mark.parametrize("file", ["0.m4s", "index.html", "..", "manifest.json", "00000.mp4", "٠٠٠٠٠.m4s"])
def test_nothing_else_is_found(film: Screening, file: str) -> None:
    film.publish(0)
    assert code(film.get(file)) == "FileNotFound"


def test_a_segment_beyond_a_gap_can_be_had(film: Screening) -> None:
    film.publish(0, 3)
    assert film.get("00003.m4s").status == 200


def test_bad_links_are_refused(film: Screening) -> None:
    film.publish_all()
    good = film.token(600)
    assert film.get("index.m3u8", token=good).status == 200
    assert code(film.get("index.m3u8", token=good, now=NOW + timedelta(seconds=661))) == "LinkExpired"
    assert code(film.get("index.m3u8", token=good[:-1])) == "LinkInvalid"
    other = replace(film, job=replace(film.job, id="clip-0123456789"))
    assert code(other.get("00000.m4s", token=good)) == "LinkInvalid"


def test_why_there_is_nothing(film: Screening) -> None:
    assert code(film.get("index.m3u8")) == "NotYetPublished"
    film.instances.runs = "Failed"
    assert code(film.get("index.m3u8")) == "NothingToWatch"
    film.publish_all()
    film.instances.runs = "Completed"
    uris = film.uris()
    film.store.put_bytes(WORK, WorkNames(film.job.id).receipt, b"{}")
    film.store.delete(WORK, WorkNames(film.job.id).manifest)
    film.store.delete_prefix(WORK, f"{film.job.id}/{film.manifest.generation}/")
    assert code(film.get("index.m3u8")) == "WorkRemoved"
    assert code(film.get("media.json")) == "WorkRemoved"
    assert code(film.get(uris[0])) == "SegmentNotFound"


def test_before_the_split_there_is_nothing_yet(film: Screening) -> None:
    film.store.delete(WORK, WorkNames(film.job.id).manifest)
    assert code(film.get("index.m3u8")) == "NotYetPublished"
    assert document(film.get("media.json")) == {"ended": False, "segments": []}


def test_a_video_that_was_split_anew_is_another_stream(film: Screening) -> None:
    film.publish_all()
    before = film.uris()
    other = replace(film.manifest, generation="careful-1")
    film.store.put_bytes(WORK, WorkNames(film.job.id).manifest, json.dumps(to_json(other)).encode())
    assert code(film.get("index.m3u8")) == "NotYetPublished"
    assert code(film.get(before[0])) == "SegmentNotFound"
    film.manifest = other
    film.publish(0)
    assert film.uris() == ["00000.m4s?v=careful-1"]


def test_a_damaged_segment_is_refused_until_it_is_painted_again(film: Screening) -> None:
    film.publish_all()
    name = WorkNames(film.job.id).segment(film.manifest.generation, 2)
    whole = film.store.read_bytes(WORK, name)
    film.store.put_bytes(WORK, name, whole[: len(whole) // 2])
    reply = film.get("00002.m4s")
    assert (reply.status, code(reply)) == (503, "SegmentUnreadable") and reply.headers["Retry-After"]
    film.store.put_bytes(WORK, name, whole)
    assert film.get("00002.m4s").status == 200


def test_a_damaged_beginning_is_told_by_every_list(film: Screening) -> None:
    film.publish(0)
    name = WorkNames(film.job.id).segment(film.manifest.generation, 0)
    film.store.put_bytes(WORK, name, b"no video")
    assert code(film.get("media.json")) == "SegmentUnreadable"
    film.publish(0)
    assert document(film.get("media.json"))["codecs"]


def test_a_store_that_fails_is_no_missing_segment(film: Screening, monkeypatch: pytest.MonkeyPatch) -> None:
    film.publish_all()
    assert film.get("00000.m4s").status == 200

    def fails(container: str, name: str) -> bytes:
        raise StoreError("the store does not answer")

    monkeypatch.setattr(film.store, "read_bytes", fails)
    with pytest.raises(StoreError):
        film.get("00000.m4s")


def test_streams_come_from_a_storage_account_too(
    account: str, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REELBRUSH_TEST_ACCOUNT", account)
    made = screening(tmp_path, source, BlobStore("env:REELBRUSH_TEST_ACCOUNT"))
    assert [count(made)] + [(made.publish(index), count(made))[1] for index in (1, 0, 2)] == [0, 0, 2, 3]
    made.instances.runs = "Failed"
    assert made.playlist().endswith(f"{END}\n")
    (tmp_path / "stream.mp4").write_bytes(made.film())
    assert len(packets(tmp_path / "stream.mp4", "video")) == 144
    assert code(made.get("00003.m4s")) == "SegmentNotFound"
    made.store.delete(WORK, WorkNames(made.job.id).manifest)
    assert code(made.get("index.m3u8")) == "NothingToWatch"


def test_many_viewers_at_once_get_the_same(film: Screening) -> None:
    film.publish_all()
    alone = [piece(film.get(uri)) for uri in film.uris()]

    async def viewer() -> list[bytes]:
        return [piece(await film.ask(f"{index:05d}.m4s")) for index in range(6)]

    async def audience() -> list[list[bytes]]:
        return await asyncio.gather(*(viewer() for _ in range(10)))

    assert all(seen == alone for seen in asyncio.run(audience()))
