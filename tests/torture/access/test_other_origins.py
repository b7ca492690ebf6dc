"""The app on a laptop has no keys: pages of other origins, and names that lead here, get nothing."""

from __future__ import annotations

import itertools
import json
import random

import httpx2 as httpx
import pytest

from tests.api.serving import Served
from tests.torture.access.judge import held
from tests.torture.access.matrix import ENDPOINTS
from tests.torture.access.wire import sent
from tests.torture.toll import Toll

ASK = {"name": "evil.mp4", "sizeBytes": 5, "style": "identity"}
SIMPLE = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json", "")


def hosts(base: str) -> dict[str, bool]:
    """Return names under which a browser may be made to call this machine, and whether each is this app's."""
    authority = base.removeprefix("http://")
    port = authority.rpartition(":")[2]
    return {
        authority: True,
        f"localhost:{port}": True,
        f"evil.example:{port}": False,
        f"127.0.0.1.evil.example:{port}": False,
        f"localhost.evil.example:{port}": False,
        f"localhost.:{port}": False,
        f"0.0.0.0:{port}": False,
        f"[::1]:{port}": False,
        f"127.1:{port}": False,
        f"2130706433:{port}": False,
        f"evil.example@127.0.0.1:{port}": False,
        "": False,
    }


def origins(base: str, host: str) -> dict[str, bool]:
    """Return what a browser says of the page that sends, and whether it is the app's own."""
    return {
        "": True,
        f"http://{host}": True,
        "null": False,
        "http://evil.example": False,
        f"https://{host}": False,
        "http://127.0.0.1:1": False,
        f"http://{host}.evil.example": False,
        f"http://evil.example, http://{host}": False,
        "file://": False,
    }


@pytest.mark.torture("pages of other origins and rebound names at an app without keys", full=2000, slice=500)
def test_no_other_page_drives_it(toll: Toll, unguarded: Served) -> None:
    base, store = unguarded.base, unguarded.store
    rows = [row for row in ENDPOINTS if not row.startswith(("GET /durabletask/", "HEAD"))]
    tried = 0
    for seed in toll.seeds():
        draw = random.Random(seed)
        if tried >= toll.tries:
            break
        for host, mine in hosts(base).items():
            for origin, own in origins(base, host).items():
                if mine and own:
                    continue
                method, _, template = draw.choice(rows).partition(" ")
                path = template.replace("{key}/", "").replace("{", "").replace("}", "")
                headers = [("Host", host), ("Content-Type", draw.choice(SIMPLE))]
                headers += [("Origin", origin)] if origin else []
                for verb, target in ((method, path), ("POST", "/api/uploads"), ("OPTIONS", path)):
                    asked = [("Access-Control-Request-Method", "PUT")] if verb == "OPTIONS" else []
                    answer = sent(base, verb, target, [*headers, *asked], json.dumps(ASK).encode())
                    tried += 1
                    what = f"seed {seed}: {verb} {target} of {origin!r} at {host!r}: {answer.status}"
                    if (
                        answer.status not in (400, 403)
                        or "access-control-" in answer.head
                        or answer.body[200:]
                    ):
                        toll.leaked(what)
                    elif list(store.list("input")):
                        toll.leaked(f"{what}, and it was done")
                    else:
                        toll.survived()
    own = {**ASK, "name": "own.mp4"}
    allowed = httpx.post(f"{base}/api/uploads", json=own, headers={"Origin": base}, timeout=60)
    assert allowed.status_code == 201, "its own page may"
    assert [blob.name for blob in store.list("input")] == ["identity/own.mp4.json"]
    store.delete("input", "identity/own.mp4.json")


@pytest.mark.torture("a GET, which any page can cause, changes nothing", full=80, slice=40)
def test_looking_changes_nothing(toll: Toll, unguarded: Served) -> None:
    def state() -> list[tuple[str, str]]:
        found = [(one.name, one.etag) for place in ("input", "output", "work") for one in store.list(place)]
        return [one for one in found if not one[0].startswith((".queue/", ".health"))]

    base, store = unguarded.base, unguarded.store
    gets = [row[4:] for row in ENDPOINTS if row.startswith("GET ")]
    before = state()
    for round_ in itertools.count():
        for template in gets:
            path = template.replace("{key}/", "").replace("{", "").replace("}", "")
            extra = "?code=x&top=1" if round_ else ""
            headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
            httpx.get(f"{base}{path}{extra}", headers=headers, timeout=60)
            held(toll, state() == before, path)
        if toll.tried >= toll.tries:
            break
