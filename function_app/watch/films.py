"""The films that were asked for last, kept in memory: a manifest and its times are read once."""

from __future__ import annotations

import threading
from collections import OrderedDict

from activities.services import read_work
from function_app.watch.film import Film
from reelbrush.errors import StoreError
from reelbrush.job import Manifest, WorkNames
from reelbrush.job.names import WORK
from reelbrush.store import Store

_KEPT = 8

_films: OrderedDict[tuple[str, str], tuple[str, Film]] = OrderedDict()  # (store, job) -> (ETag, film)
_lock = threading.Lock()


def find_film(store: Store, job: str) -> Film | None:
    """Return the film of a job's present manifest, None where there is no manifest. Raises StoreError."""
    key, name = (store.uri, job), WorkNames(job).manifest
    blob = store.stat(WORK, name)
    if blob is None:
        forget_film(store, job)
        return None
    with _lock:
        etag, film = _films.get(key, ("", None))
        if film is not None and etag == blob.etag:
            _films.move_to_end(key)
            return film
    try:
        film = Film(store, read_work(Manifest, store, name))
    except StoreError as error:
        if error.code != "blob-missing":
            raise
        return None  # removed in this moment
    with _lock:
        _films[key] = (blob.etag, film)
        _films.move_to_end(key)
        while len(_films) > _KEPT:
            _films.popitem(last=False)
    return film


def whole_film(store: Store, job: str) -> Film | None:
    """Return the film if all its segments were published when it was asked for last; looks into no store."""
    with _lock:
        _, film = _films.get((store.uri, job), ("", None))
    return film if film is not None and film.is_whole else None


def forget_film(store: Store, job: str) -> None:
    """Have the film read again when it is asked for next."""
    with _lock:
        _films.pop((store.uri, job), None)
