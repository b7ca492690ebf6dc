"""HTTP functions, keys, manual invocation."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from reelbrush.errors import HostError
from reelbrush.host import Host
from reelbrush.host.http_functions import route_paths

APP = Path(__file__).parent / "apps" / "triggers"


@pytest.fixture(autouse=True)
def app(triggers_app: Any) -> Any:
    return triggers_app


def test_routes_methods_and_responses(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host("triggers") as (h, _), aiohttp.ClientSession(h.base_url) as http:
            async with http.get("/web/jobs/17?q=x%20y") as answer:
                assert (answer.status, await answer.text()) == (203, "GET 17 x y")
                assert answer.headers["x-answer"] == "42"
                assert answer.headers["content-type"] == "text/plain; charset=utf-8"
            for verb, path, status, text in (
                ("GET", "/web/jobs/new", 200, "the form"),
                ("DELETE", "/web/jobs/17", 203, "DELETE 17 None"),
                ("PUT", "/web/jobs/17", 405, None),
                ("GET", "/web/files/a/b%20c.txt", 200, "a/b c.txt"),
                ("GET", "/web/pages", 200, "None"),
                ("GET", "/web/pages/7", 200, "'7'"),
                ("GET", "/web/pages/x", 404, None),
                ("GET", "/api/jobs/17", 404, None),
            ):
                async with http.request(verb, path) as answer:
                    assert answer.status == status, path
                    assert text is None or await answer.text() == text
            async with http.post("/web/echo", data=bytes(range(256))) as answer:
                assert await answer.read() == bytes(range(256))

    run(scenario())


def test_starting_over_http_and_following_the_status_url(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host("triggers") as (h, _), aiohttp.ClientSession() as http:
            async with http.post(h.base_url + "/web/start", json={"name": "n"}) as answer:
                assert answer.status == 202
                urls = await answer.json()
            await h.wait(urls["id"], 60)
            async with http.get(urls["statusQueryGetUri"]) as answer:
                assert answer.status == 200
                assert (await answer.json())["output"] == "n by paint"

    run(scenario())


@pytest.mark.logs_errors
def test_an_exception_is_a_500(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with (
            host("triggers") as (h, _),
            aiohttp.ClientSession(h.base_url) as http,
            http.get("/web/broken") as answer,
        ):
            assert answer.status == 500
            assert await answer.text() == ""

    run(scenario())


def test_keys(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host("triggers", keys=["secret"]) as (h, _), aiohttp.ClientSession(h.base_url) as http:
            for path, key, status in (
                ("/web/jobs/1", None, 401),
                ("/web/jobs/1", "wrong", 401),
                ("/web/jobs/1", "secret", 203),
                ("/web/pages", None, 200),
                ("/admin/functions", None, 401),
                ("/admin/functions", "secret", 200),
            ):
                async with http.get(path, headers={"x-functions-key": key} if key else {}) as answer:
                    assert answer.status == status
            async with http.get("/web/jobs/1?code=secret") as answer:
                assert answer.status == 203

    run(scenario())


def test_pages_of_other_sites_are_refused(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host("triggers") as (h, _), aiohttp.ClientSession(h.base_url) as http:
            own = {"Origin": h.base_url}
            for headers, status in (({"Origin": "http://evil"}, 403), ({"Host": "evil:80"}, 403), (own, 200)):
                async with http.get("/web/pages", headers=headers) as answer:
                    assert answer.status == status

    run(scenario())


def test_manual_invocation(host: Any, run: Any, app: Any, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with host("triggers", poll_seconds=60) as (h, _), aiohttp.ClientSession(h.base_url) as http:
            (tmp_path / "store/input").mkdir()
            (tmp_path / "store/input/a.mp4").write_bytes(b"x")
            for path, given, status in (
                ("/admin/functions/on_upload", {"input": "input/a.mp4"}, 202),
                ("/admin/functions/on_upload", {"input": "input/b.mp4"}, 404),
                ("/admin/functions/on_upload", {"input": "output/a.mp4"}, 400),
                ("/admin/functions/on_upload", [], 400),
                ("/admin/functions/clean_up", {"input": ""}, 202),
                ("/admin/functions/paint", {"input": ""}, 404),
            ):
                async with http.post(path, json=given) as answer:
                    assert answer.status == status, (path, given)
            await h.wait_for_blob("input", "a.mp4", 60)
            while len(app.SEEN) < 2:
                await asyncio.sleep(0.02)
            async with http.get("/admin/host/status") as answer:
                assert await answer.json() == {"state": "Running"}

    run(scenario())


def test_a_taken_port_is_an_error(host: Any, run: Any, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with host("triggers") as (h, _):
            port = int(h.base_url.rpartition(":")[2])
            with pytest.raises(HostError, match="cannot be used"):
                await Host(APP, tmp_path / "other", store_root=tmp_path / "store", port=port).start()

    run(scenario())


def test_route_templates() -> None:
    assert route_paths("jobs/{id}") == ["jobs/{id:segment}"]
    assert route_paths("/pages/{n:int?}") == ["pages/{n:digits}", "pages"]
    assert route_paths("{*rest}") == ["{rest:rest}", ""]
    assert route_paths("{ignored:maxlength(0)?}") == [""]
    for bad in ("jobs/{id", "jobs/{id:length(3)}", "jobs/{id:maxlength(0)}"):
        with pytest.raises(HostError):
            route_paths(bad)


def test_routes_without_a_prefix_reach_the_root(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host("rooted") as (h, _), aiohttp.ClientSession(h.base_url) as http:
            async with http.get("/") as answer:
                assert (answer.status, await answer.read()) == (200, b"\x00<page>\xff")
                assert answer.headers["content-type"].startswith("text/html")
            async with http.head("/") as answer:
                assert (answer.status, answer.headers["content-length"]) == (200, "8")
                assert await answer.read() == b""
            async with http.head("/api/jobs/7") as answer:
                assert (answer.status, answer.headers["x-answer"]) == (200, "42")
            for verb, path, status, text in (
                ("GET", "/api/jobs/7", 200, "GET 7"),
                ("PUT", "/api/jobs/7", 200, "3"),
                ("POST", "/api/jobs/7", 405, None),
                ("POST", "/", 405, None),
                ("GET", "/x", 404, None),
                ("GET", "/api/unchanged", 304, ""),
            ):
                async with http.request(verb, path, data=b"abc" if verb == "PUT" else None) as answer:
                    assert answer.status == status, (verb, path)
                    assert text is None or await answer.text() == text

    run(scenario())


def test_a_body_has_at_most_100_mib(host: Any, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reelbrush.host.http_functions.BODY_BYTES", 1000)

    async def pieces(count: int) -> Any:
        for _ in range(count):
            yield b"x" * 100

    async def scenario() -> None:
        async with host("rooted") as (h, _), aiohttp.ClientSession(h.base_url) as http:
            for data, status in (
                (b"x" * 1000, 200),
                (b"x" * 1001, 413),
                (pieces(10), 200),
                (pieces(11), 413),
            ):
                async with http.put("/api/jobs/7", data=data) as answer:
                    assert answer.status == status

    run(scenario())


@pytest.mark.parametrize("path", ["/durabletask/orchestrators/x", "/admin/functions/x"])
def test_who_goes_away_within_a_body_leaves_no_error(host: Any, run: Any, path: str) -> None:
    async def scenario() -> None:
        async with host() as (started, _):
            address = urlsplit(started.base_url)
            for _ in range(3):
                _, writer = await asyncio.open_connection(address.hostname, address.port)
                head = f"POST {path} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: 100\r\n\r\n{{"
                writer.write(head.encode())
                await writer.drain()
                await asyncio.sleep(0.05)
                writer.close()
            await asyncio.sleep(0.2)

    run(scenario())
