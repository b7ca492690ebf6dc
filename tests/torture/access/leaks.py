"""Looks for secrets in what is written, sent and shown: known ones in all their forms, others by shape."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from tests.azurite_account import KEY

SHAPES = {
    "account key": re.compile(rb"AccountKey=[A-Za-z0-9+/]{60,}={0,2}"),
    "64 bytes in base64": re.compile(rb"(?<![A-Za-z0-9+/=-])[A-Za-z0-9+/]{86}==(?![A-Za-z0-9+/=])"),
    "signature of an address": re.compile(rb"[?&]sig=[A-Za-z0-9%+/_-]{40,}"),
    "private key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s*[A-Za-z0-9+/=]{20}"),
    "token": re.compile(rb"\b(?:gh[pousr]_[A-Za-z0-9]{36}|xox[abp]-[A-Za-z0-9-]{20,}|AKIA[0-9A-Z]{16})\b"),
    "signed token": re.compile(rb"\beyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}"),
    "client secret of Entra": re.compile(rb"\b[A-Za-z0-9_~.-]{3}8Q~[A-Za-z0-9_~.-]{34}\b"),
    "function key": re.compile(rb"\b[A-Za-z0-9_-]{44}AzFu[A-Za-z0-9_-]{4,8}=="),
}
PUBLIC = (KEY.encode(),)
"""What looks like a secret and is none: the key that every emulator has, as its documentation shows it."""


def shaped(data: bytes) -> list[str]:
    """Return the kinds of secrets whose shape is found in `data`."""
    for known in PUBLIC:
        data = data.replace(known, b"")
    return [kind for kind, shape in SHAPES.items() if shape.search(data)]


def forms(secret: str) -> set[bytes]:
    """Return a secret as it is, and as it would be inside addresses, headers and base64."""
    plain = secret.encode()
    packed = [base64.b64encode(b"\0" * shift + plain)[4:-4] for shift in range(3)]
    return {plain, quote(secret, safe="").encode(), *packed}


def known_in(data: bytes, secrets: Iterable[str]) -> list[str]:
    """Return those of the secrets that `data` holds in any form."""
    return [secret for secret in secrets if any(form in data for form in forms(secret))]


def files_with(folder: Path, secrets: Iterable[str]) -> list[str]:
    """Return the files below `folder` that hold one of the secrets, with its first letters."""
    found: list[str] = []
    for path in folder.rglob("*"):
        if path.is_file():
            found += [
                f"{path.relative_to(folder)}: {one[:9]}…" for one in known_in(path.read_bytes(), secrets)
            ]
    return found
