"""Taking secrets out of texts that others wrote, before they are shown or logged."""

from __future__ import annotations

import re

_QUERY = re.compile(r"(https?://[^\s?'\"<>]+)\?[^\s'\"<>)]*")
_SIGNED = re.compile(r"\b(sig|sv|se|sp|skoid|code|token|access_token)=[^&\s'\"]{6,}", re.IGNORECASE)
_KEYS = re.compile(
    r"\b(AccountKey|SharedAccessKey|SharedAccessSignature|InstrumentationKey|password|secret)\s*[=:]\s*[^;\s,'\"]+",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(Bearer\s+|eyJ)[A-Za-z0-9._~+/-]{10,}=*")


def redact(text: str) -> str:
    """Return `text` without query strings of URLs, keys, signatures and tokens."""
    text = _QUERY.sub(r"\1", text)
    text = _KEYS.sub(r"\1=***", text)
    return _BEARER.sub("***", _SIGNED.sub(r"\1=***", text))
