"""The media themselves: initialization section and fragments, packaged in few threads of their own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from function_app.api.messages import Reply
from function_app.api.problems import problem
from function_app.api.surface import Surface
from function_app.watch.film import Film
from function_app.watch.films import find_film

INIT = "init.mp4"
FRAGMENT = re.compile(r"([0-9]{5,6})\.m4s")
NOT_YET = {"Retry-After": "2"}

_FOREVER = {"Cache-Control": "private, max-age=86400, immutable"}

# each holds a segment, and packaging takes the time of a core
_threads = ThreadPoolExecutor(4, thread_name_prefix="watch")
_T = TypeVar("_T")


async def packaging(work: Callable[[], _T]) -> _T:
    """Run `work` in one of the threads that package."""
    return await asyncio.get_running_loop().run_in_executor(_threads, work)


def not_published(file: str) -> Reply:
    """Return the answer for a file of a stream that is not there, or not there any more."""
    return problem(404, "SegmentNotFound", f"{file} is not published, or not any more.", headers=NOT_YET)


async def get_piece(to: Surface, job: str, file: str, version: str) -> Reply:
    """Return `init.mp4` or a fragment like `00012.m4s` as it is told by a playlist.

    `version` names the split that the playlist was made of, "" for any. 404 while the piece is not published
    or when the video was split anew. Raises StoreError, StitchError.
    """
    film = await asyncio.to_thread(find_film, to.services.store, job)
    data = await packaging(lambda: _packaged(film, file, version)) if film is not None else None
    if data is None:
        return not_published(file)
    return Reply(200, data, _FOREVER if version else {}, "video/mp4")


def _packaged(film: Film, file: str, version: str) -> bytes | None:
    if version not in ("", film.generation):
        return None
    match = FRAGMENT.fullmatch(file)
    if match is not None:
        return film.fragment(int(match[1]))
    return film.initialization().data
