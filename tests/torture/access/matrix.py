"""Who may call what: every endpoint of the served app, and every kind of caller, as data."""

from __future__ import annotations

from enum import Enum


class Door(Enum):
    """What opens an endpoint."""

    OPEN = "nothing is needed"
    KEY = "a key of the host"
    DURABLE = "a key of the host, or the system key of the durable endpoints"
    DURABLE_PATH = "the system key of the durable endpoints, in the path"
    SIGNED = "a signed address of this very blob"
    WATCH = "a token for watching this very job"


_APP = {
    "GET /": Door.OPEN,
    "GET /api/health": Door.OPEN,
    "GET /api/openapi.yaml": Door.OPEN,
    "GET /api/styles/{name}/{picture}": Door.OPEN,
    "GET /api/jobs/{id}/watch/{token}/{file}": Door.WATCH,
    "GET /api/jobs": Door.KEY,
    "GET /api/jobs/{id}": Door.KEY,
    "GET /api/jobs/{id}/batches": Door.KEY,
    "GET /api/jobs/{id}/logs": Door.KEY,
    "GET /api/jobs/{id}/media": Door.KEY,
    "GET /api/styles": Door.KEY,
    "POST /api/jobs": Door.KEY,
    "POST /api/jobs/{id}/approve": Door.KEY,
    "POST /api/jobs/{id}/cancel": Door.KEY,
    "POST /api/jobs/{id}/retry": Door.KEY,
    "POST /api/quotes": Door.KEY,
    "POST /api/uploads": Door.KEY,
    "PUT /api/jobs/{id}": Door.KEY,
}
"""The functions of the app, by what they ask for in Azure as well as here."""

_DURABLE = (
    "GET /instances",
    "GET /instances/",
    "GET /instances/{id}",
    "DELETE /instances",
    "DELETE /instances/",
    "DELETE /instances/{id}",
    "POST /instances/{id}/raiseEvent/{event}",
    "POST /instances/{id}/restart",
    "POST /instances/{id}/{operation}",
    "POST /orchestrators/{name}",
    "POST /orchestrators/{name}/{id}",
)


def _below(prefix: str) -> list[str]:
    return [row.replace(" ", f" {prefix}", 1) for row in _DURABLE]


_HOST = {
    "GET /admin/functions": Door.KEY,
    "GET /admin/host/status": Door.KEY,
    "POST /admin/functions/{name}": Door.KEY,
    "POST /runtime/webhooks/blobs": Door.KEY,
    "OPTIONS /runtime/webhooks/blobs": Door.KEY,
    "GET /blobs/{container}/{name}": Door.SIGNED,
    "PUT /blobs/{container}/{name}": Door.SIGNED,
    **dict.fromkeys(_below("/runtime/webhooks/durabletask"), Door.DURABLE),
    **dict.fromkeys(_below("/durabletask/{key}"), Door.DURABLE_PATH),
}

APP = _APP
ENDPOINTS = {**_APP, **_HOST}
"""All that is served; HEAD stands wherever GET does."""

LEVELS = {Door.OPEN: "ANONYMOUS", Door.WATCH: "ANONYMOUS", Door.KEY: "FUNCTION"}
"""The authLevel by which the Functions host in Azure guards a function."""


class Caller(Enum):
    """Who calls, and with what in hand. Signed addresses and tokens are tried one by one elsewhere."""

    NOBODY = "nobody"
    EMPTY_KEY = "an empty key"
    WRONG_KEY = "a wrong key"
    WRONG_KEY_IN_QUERY = "a wrong key in the query"
    PREFIX = "the beginning of the key"
    UPPER_CASE = "the key in upper case"
    OTHER_HEADER = "the key as a bearer token"
    COOKIE = "the key in a cookie"
    WRONG_HEADER_RIGHT_QUERY = "a wrong key in the header, the right one in the query"
    TOKEN_OF_A_JOB = "the token of a job as a key"
    SIGNATURE_OF_A_BLOB = "the signature of a blob as a key"
    OTHER_HOST = "the key of another host"
    DURABLE_KEY = "the system key of the durable endpoints"
    KEY = "the key"
    KEY_IN_QUERY = "the key in the query"


OPENS: dict[Door, frozenset[Caller]] = {
    Door.OPEN: frozenset(Caller),
    Door.KEY: frozenset({Caller.KEY, Caller.KEY_IN_QUERY}),
    # the right key of the durable endpoints is looked for in the query on its own
    Door.DURABLE: frozenset({Caller.KEY, Caller.KEY_IN_QUERY, Caller.DURABLE_KEY}),
    Door.DURABLE_PATH: frozenset({Caller.KEY, Caller.KEY_IN_QUERY, Caller.DURABLE_KEY}),
    Door.SIGNED: frozenset(),
    Door.WATCH: frozenset(),
}
REFUSAL = {Door.KEY: 401, Door.DURABLE: 401, Door.DURABLE_PATH: 401, Door.SIGNED: 403, Door.WATCH: 403}
