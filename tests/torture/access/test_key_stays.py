"""The command line's key and films go to the app and its store, never where either of them points."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from reelbrush.cli.api import Api
from reelbrush.cli.blocks import send_file
from reelbrush.cli.fetch import fetch_file
from reelbrush.errors import ApiError
from tests.torture.access.canary import canary
from tests.torture.access.judge import held
from tests.torture.toll import Toll

KEY = "the-key-of-the-app"
FILM = b"a film that is nobody else's"


@pytest.mark.torture("redirects and links that would carry the key or the film elsewhere", full=80, slice=40)
def test_nothing_goes_elsewhere(toll: Toll, tmp_path: Path) -> None:
    film = tmp_path / "clip.mp4"
    film.write_bytes(FILM)
    calls: list[Callable[[str], object]] = [
        lambda base: Api(base, KEY).jobs(),
        lambda base: Api(base, KEY).job("clip-0123456789"),
        lambda base: Api(base, KEY).cancel("clip-0123456789"),
        lambda base: Api(base, KEY).upload("clip.mp4", 28, "identity", {}),
        lambda base: send_file(film, len(FILM), f"{base}/input/clip.mp4?sig=x", {}, lambda done: None),
        lambda base: send_file(film, len(FILM), f"{base}/c?sig=x", {}, lambda done: None, block_bytes=9),
        lambda base: fetch_file(f"{base}/output/clip.mp4?sig=x", tmp_path / "out.mp4", 9, lambda done: None),
        lambda base: Api(base, KEY).log("clip-0123456789", None, 9),
    ]
    with canary(200, "", b"{}") as (elsewhere, heard):
        Api(elsewhere, KEY).jobs()
        assert heard and KEY in heard.pop(), "the canary notices a key"
        for status in (301, 302, 303, 307, 308):
            for location in (f"{elsewhere}/x", f"{elsewhere}/api/jobs?code=", elsewhere[5:] + "/y")[
                : toll.tries // 40
            ]:
                for number, call in enumerate(calls):
                    with canary(status, location) as (base, _), pytest.raises(ApiError):
                        call(base)
                    held(toll, not heard, f"call {number}, {status} to {location}: {heard}")
                    heard.clear()


@pytest.mark.torture("links in the app's answers: to other hosts, files and plain http", full=12, slice=12)
def test_links_of_an_answer(toll: Toll) -> None:
    with canary(200, "", b"{}") as (elsewhere, heard):
        for link in (f"{elsewhere}/api/jobs?x", elsewhere[5:] + "/api/jobs", "https://evil.example/", "file:///etc/passwd",
                     "http://127.0.0.1@evil.example/", "\\\\evil\\share"):  # fmt: skip
            page = json.dumps({"value": [], "nextLink": link}).encode()
            with canary(200, "", page) as (base, _):
                api = Api(base, KEY)
                found = api.jobs()
                with suppress(ApiError):
                    api.jobs(link=str(found["nextLink"]))
                held(toll, not heard, f"nextLink {link}: {heard}")
                heard.clear()
        for link in ("http://account.example/input/clip.mp4?sig=x", "ftp://account.example/a", "file:///etc/passwd",
                     "HTTP://account.example/", "//[", "javascript:1"):  # fmt: skip
            try:
                taken = Api("https://app.example", KEY).absolute(link)
            except (ApiError, ValueError):
                taken = ""
            held(toll, not taken, f"https was left for {taken}")
