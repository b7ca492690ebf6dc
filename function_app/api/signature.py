"""Links that carry their own right: a token in the path, since players cannot send headers.

A token is `<expiry>-<signature>`: seconds since 1970, and an HMAC-SHA256 over job and expiry.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import time
from enum import Enum
from weakref import WeakKeyDictionary

from reelbrush.job.names import WORK
from reelbrush.store import Store

KEY = ".keys/watch"  # blob in work/; made by whoever needs it first

_STEP = 60  # seconds; links made within one minute are equal, so that caches and ETags hold
_TOKEN = re.compile(r"([1-9][0-9]{0,11})-([A-Za-z0-9_-]{43})")

_keys: WeakKeyDictionary[Store, bytes] = WeakKeyDictionary()


class Verdict(Enum):
    """What a token is worth."""

    GOOD = "good"
    EXPIRED = "expired"
    FORGED = "forged"


def watch_path(store: Store, job: str, seconds: int) -> str:
    """Return the path of the job's HLS playlist, good for at least `seconds` from now."""
    return f"/api/jobs/{job}/watch/{watch_token(store, job, seconds, time.time())}/index.m3u8"


def watch_token(store: Store, job: str, seconds: int, now: float) -> str:
    """Return a token for everything below the job's watch path, good for at least `seconds` after `now`.

    The expiry is rounded up to a whole minute. Raises StoreError when the key can be neither read nor made.
    """
    expiry = -(-int(now + seconds) // _STEP) * _STEP
    return f"{expiry}-{_signature(_key(store), job, expiry)}"


def check_token(store: Store, job: str, token: str, now: float) -> Verdict:
    """Tell whether `token` was made for `job` and has not expired. Raises StoreError like `watch_token`."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        return Verdict.FORGED
    expiry = int(match[1])
    if not hmac.compare_digest(_signature(_key(store), job, expiry), match[2]):
        return Verdict.FORGED
    return Verdict.GOOD if now < expiry else Verdict.EXPIRED


def _signature(key: bytes, job: str, expiry: int) -> str:
    digest = hmac.new(key, f"watch\n{job}\n{expiry}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _key(store: Store) -> bytes:
    known = _keys.get(store)
    if known is None:
        if store.stat(WORK, KEY) is None:
            store.put_new_bytes(WORK, KEY, secrets.token_bytes(32))
        known = _keys[store] = store.read_bytes(WORK, KEY)
    return known
