"""Tokens: what they look like and who is let in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import Any

from tests.fakes.azureml.routing import ARM, BLOB, DATA
from tests.fakes.azureml.wire import Refusal

TENANT = "7e4a47f0-0000-4000-8000-000000000001"
APP_CLIENT = "a99a99a9-0000-4000-8000-000000000001"
APP_PRINCIPAL = "a99a99a9-0000-4000-8000-000000000002"
_AUDIENCES = {
    ARM: ("https://management.azure.com", "https://management.core.windows.net"),
    DATA: ("https://management.azure.com", "https://management.core.windows.net", "https://ml.azure.com"),
    BLOB: ("https://storage.azure.com",),
}


class Tokens:
    """Makes tokens of this service and knows them again."""

    def __init__(self) -> None:
        self.secret = secrets.token_hex(16)  # what a caller of the identity endpoint has to know

    def make(
        self, audience: str, principal: str = APP_PRINCIPAL, seconds: int = 24 * 3600
    ) -> tuple[str, int]:
        """Return a token and the second at which it expires."""
        now = int(time.time())
        claims = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{TENANT}/",
            "iat": now,
            "nbf": now - 60,
            "exp": now + seconds,
            "oid": principal,
            "appid": APP_CLIENT,
            "tid": TENANT,
        }
        head = _encoded({"typ": "JWT", "alg": "HS256"}) + "." + _encoded(claims)
        return f"{head}.{self._signature(head)}", now + seconds

    def check(self, header: str, host: str) -> None:
        """Raise Refusal unless the Authorization header holds a token that is valid for this host."""
        allowed = next((names for name, names in _AUDIENCES.items() if host.endswith(name)), None)
        if allowed is None:
            return
        head, _, signature = header.removeprefix("Bearer ").rpartition(".")
        if not header.startswith("Bearer ") or not hmac.compare_digest(signature, self._signature(head)):
            raise Refusal(
                401, "AuthenticationFailed", "Authentication failed. The token is missing or invalid."
            )
        claims = json.loads(base64.urlsafe_b64decode(head.split(".")[1] + "=="))
        if claims["aud"].rstrip("/") not in allowed:
            raise Refusal(
                401, "InvalidAuthenticationTokenAudience", f"The audience {claims['aud']} is invalid."
            )
        if claims["exp"] < time.time():
            raise Refusal(401, "ExpiredAuthenticationToken", "The access token expiry has passed.")

    def _signature(self, head: str) -> str:
        return hmac.new(self.secret.encode(), head.encode(), hashlib.sha256).hexdigest()


def _encoded(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
