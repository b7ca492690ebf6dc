"""The signature of a webhook call, after the Standard Webhooks convention."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac


def signed_headers(secret: str, event: str, seconds: int, body: bytes) -> dict[str, str]:
    """Return the headers webhook-id, webhook-timestamp and webhook-signature.

    The HMAC-SHA256 covers id `event`, the time of sending in `seconds` since 1970, and the body. A secret
    that begins with `whsec_` is base64 after it, any other is taken as it is, in UTF-8.
    """
    content = f"{event}.{seconds}.".encode() + body
    digest = hmac.new(_key(secret), content, hashlib.sha256).digest()
    return {
        "webhook-id": event,
        "webhook-timestamp": str(seconds),
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


def _key(secret: str) -> bytes:
    if secret.startswith("whsec_"):
        try:
            return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            pass
    return secret.encode()
