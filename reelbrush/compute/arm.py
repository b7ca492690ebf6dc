"""Reading from Azure Resource Manager, where neither SDK of Azure Machine Learning is needed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from reelbrush.compute.causes import cause_of
from reelbrush.compute.credential import MANAGEMENT_SCOPE
from reelbrush.compute.workspace import Workspace
from reelbrush.errors import ComputeError

if TYPE_CHECKING:
    from azure.core import PipelineClient
    from azure.core.credentials import TokenCredential

HOST = "https://management.azure.com"
CONNECT, READ = 10, 20  # seconds
RETRIES, PAUSE = 2, 5.0  # of one request; longest time between two tries, whatever the service asks for


class Arm:
    """Reads resources of one subscription with the app's identity. Nothing is called before it is used.

    A path that begins with a slash is a resource id, any other is below the workspace; "" is the workspace
    itself. Safe for many threads.
    """

    def __init__(self, workspace: Workspace, credential: TokenCredential | None = None) -> None:
        self.workspace, self._credential = workspace, credential
        self._opening = threading.Lock()
        self._client: PipelineClient[Any, Any] | None = None

    def token(self) -> str:
        """Return a token for Azure Resource Manager. Raises ComputeError when nobody is signed in."""
        from azure.core.exceptions import AzureError

        try:
            return self._signed_in().get_token(MANAGEMENT_SCOPE).token
        except AzureError as error:
            raise _error(error) from None

    def get(self, path: str, api_version: str) -> dict[str, Any]:
        """Return a resource. Raises ComputeError."""
        return self._read(self._url(path), {"api-version": api_version})

    def find(self, path: str, api_version: str) -> dict[str, Any] | None:
        """Return a resource, or None for status 404. Raises ComputeError for other trouble."""
        try:
            return self.get(path, api_version)
        except _Missing:
            return None

    def list(self, path: str, api_version: str, **query: str) -> Iterator[dict[str, Any]]:
        """Yield the resources of a list, page by page; `filter` becomes `$filter`. Raises ComputeError."""
        wished = {f"${name}" if name == "filter" else name: value for name, value in query.items()}
        page = self._read(self._url(path), {"api-version": api_version, **wished})
        while True:
            yield from page.get("value", [])
            following = page.get("nextLink")
            if not following:
                return
            if not str(following).startswith(HOST + "/"):  # our token is for nobody else
                raise ComputeError("a list goes on at another host", retryable=False)
            page = self._read(str(following), {})

    def _url(self, path: str) -> str:
        whole = path if path.startswith("/") else f"{self.workspace.arm_id}/{path}".rstrip("/")
        return HOST + whole

    def _read(self, url: str, query: dict[str, str]) -> dict[str, Any]:
        from azure.core.exceptions import AzureError
        from azure.core.rest import HttpRequest

        try:
            answer = self._open().send_request(HttpRequest("GET", url, params=query))
            text = answer.text()
        except AzureError as error:
            raise _error(error) from None
        document = _document(text)
        if answer.status_code == 200:
            if document is None:
                raise ComputeError(
                    f"{HOST} answers something that is not JSON",
                    advice="See what stands between the app and Azure: some proxies send a page of their own",
                    code="unavailable",
                )
            return document
        told: Any = (document or {}).get("error", document)
        told = told if isinstance(told, dict) else {}
        cause = cause_of(
            str(told.get("message", "")) or f"status {answer.status_code}",
            str(told.get("code", "")),
            answer.status_code,
        )
        kind = _Missing if answer.status_code == 404 else ComputeError
        raise kind(cause.message, advice=cause.advice, retryable=cause.retryable, code=cause.code)

    def _signed_in(self) -> TokenCredential:
        if self._credential is None:
            from reelbrush.compute.credential import app_credential

            self._credential = app_credential()
        return self._credential

    def _open(self) -> PipelineClient[Any, Any]:
        with self._opening:
            if self._client is None:
                self._client = _client(self._signed_in())
            return self._client


class _Missing(ComputeError):
    """Status 404."""


def _client(credential: TokenCredential) -> PipelineClient[Any, Any]:
    from azure.core import PipelineClient
    from azure.core.pipeline import policies

    base: Any = policies.RetryPolicy

    class ShortRetries(base):
        """Tries again, and never pauses for long."""

        def get_retry_after(self, response: Any) -> float | None:
            wished: float | None = super().get_retry_after(response)
            return None if wished is None else min(wished, PAUSE)

    return PipelineClient(
        HOST,
        policies=[
            policies.HeadersPolicy({"Accept": "application/json"}),
            ShortRetries(retry_total=RETRIES, retry_backoff_max=int(PAUSE), timeout=3 * READ),
            policies.BearerTokenCredentialPolicy(credential, MANAGEMENT_SCOPE),
        ],
        connection_timeout=CONNECT,
        read_timeout=READ,
    )


def _document(text: str) -> dict[str, Any] | None:
    """Return a JSON object, None for anything else, such as a proxy's page."""
    try:
        found: Any = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _error(error: Exception) -> ComputeError:
    status = getattr(getattr(error, "response", None), "status_code", None)
    return cause_of(str(error), type(error).__name__, status).error()
