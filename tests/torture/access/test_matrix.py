"""Every endpoint that there is, by every kind of caller: who is let in is exactly what the table says."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any

import httpx2 as httpx
import pytest

from function_app.api.signature import watch_token
from reelbrush.host.access import Access
from tests.api.serving import KEY
from tests.app.indexed import routes_of_the_app
from tests.torture.access.conftest import Guarded
from tests.torture.access.judge import held
from tests.torture.access.matrix import APP, ENDPOINTS, LEVELS, OPENS, REFUSAL, Caller, Door
from tests.torture.toll import FULL, Toll

NO_JOB = "clip-0123456789"
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE")


@dataclass(frozen=True)
class Hand:
    """What a caller sends along, and what stands for `{key}` in a path."""

    headers: dict[str, str]
    query: dict[str, str]
    path_key: str = "x"


def hands(guarded: Guarded) -> dict[Caller, Hand]:
    """Return what each kind of caller has."""
    store = guarded.served.store
    token = watch_token(store, guarded.job, 600, time.time())
    address = store.signed_url("input", "identity/mine.mp4", write=False, seconds=600)
    signature = address.partition("sig=")[2]
    header, durable_key = "x-functions-key", guarded.durable_key
    return {
        Caller.NOBODY: Hand({}, {}, ""),
        Caller.EMPTY_KEY: Hand({header: ""}, {"code": ""}),
        Caller.WRONG_KEY: Hand({header: "wrong"}, {}, "wrong"),
        Caller.WRONG_KEY_IN_QUERY: Hand({}, {"code": "wrong"}),
        Caller.PREFIX: Hand({header: KEY[:-1]}, {}, durable_key[:-1]),
        Caller.UPPER_CASE: Hand({header: KEY.upper()}, {}, durable_key.swapcase()),
        Caller.OTHER_HEADER: Hand({"authorization": f"Bearer {KEY}"}, {}),
        Caller.COOKIE: Hand({"cookie": f"code={KEY}; x-functions-key={KEY}"}, {}),
        Caller.WRONG_HEADER_RIGHT_QUERY: Hand({header: "wrong"}, {"code": KEY}),
        Caller.TOKEN_OF_A_JOB: Hand({header: token}, {"code": token}, token),
        Caller.SIGNATURE_OF_A_BLOB: Hand({header: signature}, {"code": signature}, "x"),
        Caller.OTHER_HOST: Hand({header: Access([KEY]).durable_key}, {}, Access([KEY]).durable_key),
        Caller.DURABLE_KEY: Hand({}, {"code": durable_key}, durable_key),
        Caller.KEY: Hand({header: KEY}, {}),
        Caller.KEY_IN_QUERY: Hand({}, {"code": KEY}),
    }


def filled(template: str, guarded: Guarded, method: str, hand: Hand) -> str:
    """Return a real path: what must not be shown where it can only be looked at, what is not there else."""
    values = {
        "id": guarded.job if method in ("GET", "HEAD") else NO_JOB,
        "container": "input",
        "name": "identity/mine.mp4" if template.startswith("/blobs/") else "none",
        "picture": "after.jpg",
        "token": "1-" + "A" * 43,
        "file": "index.m3u8",
        "event": "canceled",
        "operation": "terminate",
        "key": hand.path_key or "-",
    }
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], template)


def template_of(row: str) -> str:
    """Return a row of the server's routes as the table writes it."""
    return re.sub(r":\w+\}", "}", row)


@pytest.mark.torture("every endpoint, every kind of caller", full=1500, slice=700)
def test_only_who_may_is_let_in(toll: Toll, guarded: Guarded) -> None:
    served = {template_of(row) for row in guarded.routes} - {"HEAD " + row[4:] for row in ENDPOINTS}
    assert served == set(ENDPOINTS), "each endpoint has its row in the table, and no row is without one"
    known = hands(guarded)
    secret = (guarded.job, guarded.other, guarded.durable_key, "mine.mp4")
    with httpx.Client(base_url=guarded.served.base, timeout=60) as client:
        for row in ENDPOINTS:
            declared, _, template = row.partition(" ")
            heads = ["HEAD"] if declared == "GET" else []
            for method in dict.fromkeys([declared, *heads, *(METHODS if FULL else ())]):
                for caller, hand in known.items():
                    path = filled(template, guarded, method, hand)
                    answer = client.request(method, path, params=hand.query, headers=hand.headers)
                    what = f"{method} {template} by {caller.value}: {answer.status_code}"
                    other = ENDPOINTS.get(f"{'GET' if method == 'HEAD' else method} {template}")
                    if other is None:
                        refused = answer.status_code in (401, 403, 404, 405) and not answer.content[100:]
                        held(toll, refused, what)
                        continue
                    untold = tuple(one for one in secret if one not in path)
                    check(toll, what, other, caller, answer, untold)
    toll.figure("endpoints and methods", f"{len(ENDPOINTS)} rows, {len(Caller)} kinds of callers")


def check(toll: Toll, what: str, door: Door, caller: Caller, answer: Any, secret: tuple[str, ...]) -> None:
    """Compare one answer with the table."""
    let_in = answer.status_code not in (401, 403)
    if caller in OPENS[door]:
        if let_in:
            toll.survived()
        else:
            toll.lost(what)
    elif let_in or answer.status_code != REFUSAL[door]:
        toll.leaked(what)
    elif any(one in answer.text for one in secret) or len(answer.content) > 400:
        toll.leaked(f"{what} tells {answer.text[:200]}")
    else:
        toll.survived()


@pytest.mark.torture("authLevel of every function, as Azure reads it", full=18, slice=18)
def test_azure_asks_for_the_same(toll: Toll) -> None:
    levels = routes_of_the_app()
    assert set(levels) == set(APP)
    for row, door in APP.items():
        held(toll, levels[row] == LEVELS[door], f"{row}: {levels[row]}")
