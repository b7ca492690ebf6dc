"""However a path is written, it leads where it leads, and there a key is asked for."""

from __future__ import annotations

import time

import pytest

from function_app.api.signature import watch_token
from reelbrush.store.folder_links import link_key
from tests.torture.access.conftest import NO_FILM, Guarded
from tests.torture.access.wire import sent
from tests.torture.toll import Toll

TARGETS = (
    "//api/jobs",
    "/api//jobs",
    "/api/./jobs",
    "/api/x/../jobs",
    "/api/health/../jobs",
    "/api/jobs/",
    "/api/jobs//",
    "/API/JOBS",
    "/Api/Jobs",
    "/api/jobs;x=1",
    "/api/jobs%2f",
    "/api%2fjobs",
    "/%61pi/jobs",
    "/api/jobs%00",
    "/api/jobs%20",
    "/api/jobs#x",
    "/api/jobs?code",
    "/api/jobs?code=&code=",
    "/api/jobs?CODE=a-key-of-tests",
    "/api/health%2f..%2fjobs",
    "/api/openapi.yaml/../jobs",
    "/api/openapi.yaml%2f..%2fjobs",
    "/..//api/jobs",
    "\\api\\jobs",
    "/api\\jobs",
    "http://127.0.0.1/api/jobs",
    "//127.0.0.1/api/jobs",
    "/api/jobs/{job}%2fmedia",
    "/api/jobs/./{job}",
    "/api/jobs/x%2f..%2f{job}",
    "/api/jobs/{job}/watch/../media",
    "/api/jobs/{job}/watch/x/../../media",
    "/api/jobs/{job}/watch/..%2f..%2fmedia/x",
    "/api/jobs/{job}/watch/{token}/..%2f..%2fmedia",
    "/api/jobs/{other}/watch/{token}/index.m3u8",
    "/api/jobs/{job}/watch/{token}/..%2f..%2f..%2f{other}%2findex.m3u8",
    "/admin/functions",
    "/admin/host/status/",
    "/admin//functions",
    "/api/../admin/functions",
    "/api/..%2fadmin%2ffunctions",
    "/admin/functions/upkeep",
    "/runtime/webhooks/durabletask/instances",
    "/runtime/webhooks//durabletask/instances",
    "/durabletask/instances",
    "/durabletask//instances",
    "/durabletask/%20/instances",
    "/durabletask/x/instances",
    "/durabletask/../instances",
    "/runtime/webhooks/durabletask/instances/{job}?showInput=true",
    "/durabletask/instances/{job}",
    "/blobs/input/identity/mine.mp4",
    "/blobs/../.keys/url",
    "/blobs/.keys/url",
    "/blobs/input/..%2f..%2f.keys%2furl",
    "/blobs/%2e%2e/%2e%2e/etc/passwd",
    "/blobs/work/.keys/watch",
    "/blobs//etc/passwd",
    "/blobs/input/%2fetc%2fpasswd",
    "/api/styles/..%2f..%2f..%2f..%2fetc/after.jpg",
    "/api/styles/identity/..%2fcard.json",
    "/api/styles/identity/..%2f..%2f..%2fpyproject.toml",
    "/api/styles/identity/model.onnx",
    "/api/styles/..%5c..%5c/after.jpg",
    "/api/styles/%2e%2e/after.jpg",
    "/api/styles/identity/card.json",
    "/../../etc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/function_app/__init__.py",
    "/host.json",
    "/.git/config",
)
METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "get", "GET\t", "X-GET", "PROPFIND")


@pytest.mark.torture(
    "odd paths without a key: doubled, encoded, dotted, in other cases",
    full=len(METHODS) * len(TARGETS),
    slice=4 * len(TARGETS),
)
def test_no_spelling_of_a_path_goes_round_the_key(toll: Toll, guarded: Guarded) -> None:
    served = guarded.served
    token = watch_token(served.store, guarded.job, 600, time.time())
    secrets = [
        link_key(served.store.root),
        served.store.read_bytes("work", ".keys/watch"),
        b"root:",
        NO_FILM[:20],
    ]
    secrets += [
        b"[core]",
        b"inputContract",
        b"extensionBundle",
        b"start_on_upload",
        b"runtimeStatus",
        b"[project]",
    ]
    names = [guarded.job.encode(), guarded.other.encode()]
    for method in METHODS[: toll.tries // len(TARGETS)]:
        for template in TARGETS:
            target = template.format(job=guarded.job, other=guarded.other, token=token)
            answer = sent(served.base, method, target, [("Host", served.base.removeprefix("http://"))])
            told = [one for one in secrets if one and one in answer.body]
            told += [one for one in names if one in answer.body and one.decode() not in target]
            away = "location: " in answer.head and f"location: {served.base}" not in answer.head
            what = f"{method} {target}: {answer.status} {answer.body[:200]!r}"
            refused = answer.status in (301, 307, 308, 400, 401, 403, 404, 405)
            if told or away or not refused:
                toll.leaked(what)
            else:
                toll.survived()
