"""Uploads: a place in the store for a video, and a short-lived address to send it to."""

from __future__ import annotations

import asyncio
import json
import re
import unicodedata
from datetime import timedelta
from typing import Any, cast
from urllib.parse import quote

from function_app.api.asking import check_wishes
from function_app.api.bodies import invalid, read_body, unserved
from function_app.api.messages import Reply, Request
from function_app.api.problems import Refused
from function_app.api.surface import Surface
from reelbrush.job import starts_job
from reelbrush.job.names import INPUT
from reelbrush.store import Store

LARGEST = (1 << 53) - 1  # whole numbers that every JSON parser keeps
TRIES = 100  # names with a number that are tried when a name is taken
SLOWEST = 400_000  # bytes per second of a line that an upload's link waits for
NAME_BYTES = 180  # of UTF-8, so that number, side-car and output fit into what stores allow

_FIELDS: dict[str, type] = {"name": str, "sizeBytes": int, "style": str, "options": dict}
_UNWANTED = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069:*?\"<>|#%]")


async def post_upload(to: Surface, request: Request) -> Reply:
    """Reserve a name by writing the video's side-car, and return where to send the video itself."""
    body = read_body(request, _FIELDS, ("name", "sizeBytes"))
    settings = to.services.settings
    size, style = int(body["sizeBytes"]), body.get("style", settings.default_style)
    options = cast("dict[str, Any]", body.get("options", {}))
    await check_wishes(to, body.get("style"), options)
    if not 1 <= size <= LARGEST or not 1 <= len(body["name"]) <= 1024:
        raise invalid(
            "The body cannot be used", [f"sizeBytes is 1..{LARGEST}, name has 1 to 1024 characters"]
        )
    if size > settings.max_bytes:
        raise Refused(413, "VideoTooLarge", f"The video has {size} bytes; {settings.max_bytes} are allowed.")
    name = clean_name(body["name"])
    if not starts_job(name):
        raise Refused(415, "NoVideoName", f"A file named {name!r} is not taken for a video.")
    seconds = link_seconds(size, settings.url_minutes)
    wishes = json.dumps({"style": style, "options": options}, ensure_ascii=False).encode()

    def reserve() -> tuple[str, str]:
        store = to.services.store
        blob = free_name(store, f"{style}/{name}", wishes)
        return blob, store.signed_url(INPUT, blob, write=True, seconds=seconds, size=size)

    blob, url = await asyncio.to_thread(reserve)
    answer = {
        "blob": f"{INPUT}/{blob}",
        "uploadUrl": request.absolute(url),
        "method": "PUT",
        "headers": {"x-ms-blob-type": "BlockBlob"},
        "jobsUrl": request.absolute(f"/api/jobs?blob={quote(f'{INPUT}/{blob}', safe='/')}"),
        "expiresAt": (to.now + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return Reply(201, answer)


def link_seconds(size: int, url_minutes: int) -> int:
    """Return how long the link of an upload lives: as long as `size` bytes take at worst, at most 7 days."""
    return min(max(url_minutes * 60, size // SLOWEST), 7 * 24 * 3600)


def clean_name(name: str) -> str:
    """Return the last part of a path as a blob's name: printable, without what shells or stores stumble over.

    Raises Refused (422) when nothing is left of it.
    """
    base = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    base = re.sub(r"\s+", " ", _UNWANTED.sub("_", base)).strip(" .")
    stem, dot, extension = base.rpartition(".")
    if not dot or len(extension) > 16:
        stem, dot, extension = base, "", ""
    room = NAME_BYTES - len((dot + extension).encode())
    stem = stem.encode()[:room].decode("utf-8", "ignore").strip(" .")
    if not stem:
        raise unserved("The body cannot be used", ["name is the name of a file"])
    return stem + dot + extension


def free_name(store: Store, wish: str, wishes: bytes) -> str:
    """Return `wish`, or with " (2)" and so on before its extension, after writing its side-car.

    Of callers at the same time each gets another name. Raises Refused (409) when too many are taken.
    """
    stem, dot, extension = wish.rpartition(".")
    if not dot or "/" in extension:
        stem, dot, extension = wish, "", ""
    for number in range(1, TRIES + 1):
        name = wish if number == 1 else f"{stem} ({number}){dot}{extension}"
        if store.stat(INPUT, name) is None and store.put_new_bytes(INPUT, f"{name}.json", wishes):
            return name
    raise Refused(409, "NameTaken", f"Too many uploads are named {wish!r}; choose another name.")
