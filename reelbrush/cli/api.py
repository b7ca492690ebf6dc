"""A client of the app's HTTP API."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from reelbrush.errors import HostError


class Api:
    """Calls the API at `base_url`, an http address of this machine. Calls block for at most 30 seconds."""

    def __init__(self, base_url: str) -> None:
        self._base = base_url.rstrip("/")
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({})
        )  # this machine needs no proxy

    def job(self, job: str) -> dict[str, Any] | None:
        """Return the job, or None when it is not known. Raises HostError when the app does not answer."""
        return self._call("GET", f"/api/jobs/{job}")

    def retry(self, job: str) -> dict[str, Any] | None:
        """Start a failed job again and return it, or None when it is not known."""
        return self._call("POST", f"/api/jobs/{job}/retry")

    def _call(self, method: str, path: str) -> dict[str, Any] | None:
        request = urllib.request.Request(self._base + path, method=method)  # noqa: S310 - http to this machine
        try:
            with self._opener.open(request, timeout=30) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise HostError(
                f"{method} {path} answered {error.code}: {error.read()[:500].decode(errors='replace')}"
            ) from None
        except (urllib.error.URLError, OSError) as error:
            raise HostError(f"{method} {path} got no answer: {error}") from None
