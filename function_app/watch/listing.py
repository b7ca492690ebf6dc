"""What of a stream is there by now: as an HLS playlist, and as JSON for scripts that feed a player."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from function_app.api.bodies import query_number
from function_app.api.conditional import conditional, tag_of
from function_app.api.messages import Reply, Request
from function_app.api.problems import problem
from function_app.api.surface import Surface
from function_app.start import ACTIVE
from function_app.watch.film import Film
from function_app.watch.films import find_film, whole_film
from function_app.watch.pieces import INIT, NOT_YET, packaging
from reelbrush.hls.playlist import media_playlist
from reelbrush.job import WorkNames
from reelbrush.job.names import WORK
from reelbrush.store import Store

PLAYLIST, MEDIA = "index.m3u8", "media.json"


@dataclass(frozen=True)
class _Look:
    """A film as it is now. When the job has `ended`, no more than `count` segments will be published."""

    film: Film | None
    count: int
    ended: bool


async def get_playlist(to: Surface, job: str, request: Request) -> Reply:
    """Return the EVENT playlist of what is published without a gap; 404 until the first segment is."""
    look = await _look(to, job)
    film = look.film
    if film is None or look.count == 0:
        return await _nothing(to, job, look)
    text = media_playlist(
        film.entries[: look.count], film.scale, film.target_duration, film.uri(INIT), ended=look.ended
    )
    reply = Reply(200, text, media_type="application/vnd.apple.mpegurl")
    return conditional(request, reply, tag_of(text.encode()))


def first_wanted(request: Request) -> int:
    """Return the N of `?from=N`, 0 without. Raises Refused (400) for anything else."""
    return query_number(request, "from", 0, 0, 999_999)


async def get_media(to: Surface, job: str, request: Request) -> Reply:
    """Return the same as JSON, with `?from=N` only segments N and later; empty until there is something."""
    first = first_wanted(request)
    look = await _look(to, job)
    film = look.film
    if film is None and look.ended and await asyncio.to_thread(_is_removed, to.services.store, job):
        return await _nothing(to, job, look)
    document: dict[str, Any] = {"ended": look.ended, "segments": []}
    if film is not None:
        document |= await _described(film, first, look.count)
    reply = Reply(200, document)
    return conditional(request, reply, tag_of(reply.content()))


async def _described(film: Film, first: int, count: int) -> dict[str, Any]:
    encode = film.manifest.encode
    known: dict[str, Any] = {
        "generation": film.generation,
        "timescale": film.scale,
        "width": encode.width,
        "height": encode.height,
        "segmentsTotal": len(film.manifest.segments),
    }
    if count:
        codecs = await packaging(film.codecs)
        known |= {"codecs": codecs, "mimeType": f'video/mp4; codecs="{codecs}"', "init": film.uri(INIT)}
    segments = [
        {"file": each.uri, "start": each.start, "duration": each.duration}
        for each in film.entries[min(first, count) : count]
    ]
    return {**known, "segments": segments}


async def _look(to: Surface, job: str) -> _Look:
    store = to.services.store
    # asked before the store: what is published by a job that has ended then is all there will be
    whole = whole_film(store, job)
    ended = whole is not None or await _has_ended(to, job)
    film = await asyncio.to_thread(find_film, store, job)
    if whole is not None and film is not whole:
        return await _look(to, job)  # removed or split anew since
    if film is None:
        return _Look(None, 0, ended)
    count = await asyncio.to_thread(film.published)
    return _Look(film, count, ended or film.is_whole)


async def _has_ended(to: Surface, job: str) -> bool:
    status = await to.client.get_status(job, show_input=False)
    return not status or status.runtime_status is None or status.runtime_status.name not in ACTIVE


async def _nothing(to: Surface, job: str, look: _Look) -> Reply:
    """Tell why there is nothing to be watched: not yet, not any more, or never."""
    if not look.ended:
        return problem(404, "NotYetPublished", "Nothing of this video is painted yet.", headers=NOT_YET)
    if look.film is None and await asyncio.to_thread(_is_removed, to.services.store, job):
        hours = to.services.settings.work_hours
        return problem(
            404,
            "WorkRemoved",
            f"Parts of a video are kept for {hours:g} hours after its end; these are gone.",
        )
    return problem(404, "NothingToWatch", "The job has ended, and nothing of its video is kept.")


def _is_removed(store: Store, job: str) -> bool:
    return store.stat(WORK, WorkNames(job).receipt) is not None
