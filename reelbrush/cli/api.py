"""A client of the app's HTTP API."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException, HTTPMessage
from typing import IO, Any, NoReturn
from urllib.parse import quote, urlencode, urljoin, urlsplit

from reelbrush.errors import ApiError

CALL_SECONDS = 30  # longest wait for an answer
ANSWER_BYTES = 16 << 20  # longest answer that is read, exclusive
_HERE = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Answer:
    """What a call was answered: `status` 200..304, `body` decoded if it is JSON, else text; None for 304."""

    status: int
    body: Any
    headers: Message


class Api:
    """Calls the API below `base_url`. Calls block for at most `CALL_SECONDS`.

    The key goes out in a header, over https or to this machine only, and never to where a redirect leads.
    """

    def __init__(self, base_url: str, key: str = "") -> None:
        """Raise ApiError (400) when the address is no http(s) one, or a key would go over plain http."""
        try:
            parts = urlsplit(base_url)
        except ValueError as error:
            raise ApiError(f"{base_url!r} is no address: {error}", status=400) from None
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ApiError(
                f"{base_url!r} is no address of an app",
                status=400,
                advice="it looks like https://NAME.azurewebsites.net",
            )
        if key and parts.scheme == "http" and parts.hostname not in _HERE:
            raise ApiError("the key is not sent over plain http", status=400, advice="use https")
        self.base_url = base_url.rstrip("/")
        self._key = key
        self._opener = opener(base_url)

    def job(self, job: str) -> dict[str, Any] | None:
        """Return the job, or None when it is not known. Raises ApiError for every other answer."""
        return self._found("GET", _path(job))

    def look(self, job: str, etag: str = "") -> Answer | None:
        """Return the job's state, or None when it is unknown; 304 without body while it is that of `etag`."""
        try:
            return self.call("GET", _path(job), headers={"If-None-Match": etag} if etag else {})
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def retry(self, job: str) -> dict[str, Any] | None:
        """Start a failed job again and return it, or None when it is not known."""
        return self._found("POST", f"{_path(job)}/retry")

    def cancel(self, job: str) -> dict[str, Any] | None:
        """Stop a job and return it, or None when it is not known."""
        return self._found("POST", f"{_path(job)}/cancel")

    def approve(self, job: str, most: float | None) -> dict[str, Any] | None:
        """Agree to what a job costs, up to `most` if given, and return it, or None when it is not known."""
        return self._found("POST", f"{_path(job)}/approve", {} if most is None else {"maxCost": most})

    def quote(self, video: Mapping[str, Any]) -> dict[str, Any]:
        """Return what painting a described video would take: the body and answer of `POST /api/quotes`."""
        return self.call("POST", "/api/quotes", dict(video)).body

    def jobs(self, query: Mapping[str, str] | None = None, link: str = "") -> dict[str, Any]:
        """Return a page of jobs, {"value", "nextLink"?}; `link` is an earlier page's nextLink."""
        return self.call("GET", link or f"/api/jobs?{urlencode(query or {})}").body

    def log(self, job: str, batch: int | None, lines: int) -> str | None:
        """Return the last lines of a batch's log, or None when job or batch is not known."""
        query = {"lines": str(lines), **({} if batch is None else {"batch": str(batch)})}
        found = self._found("GET", f"{_path(job)}/logs?{urlencode(query)}")
        return found if found is None else str(found)

    def upload(self, name: str, size: int, style: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """Ask for a place for a video of `size` bytes: {"blob", "uploadUrl" (absolute), "headers", ...}."""
        wanted = {"name": name, "sizeBytes": size, "style": style, "options": dict(options)}
        ticket = self.call("POST", "/api/uploads", wanted).body
        return {**ticket, "uploadUrl": self.absolute(ticket["uploadUrl"])}

    def start(self, blob: str, style: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """Ask for the job of an upload and return it; asked for again it is the same job."""
        return self.call("POST", "/api/jobs", {"blob": blob, "style": style, "options": dict(options)}).body

    def tell_again(self, function: str, blob: str) -> None:
        """Have the embedded host call a trigger for `blob` (container/name), even one that it gave up."""
        self.call("POST", f"/admin/functions/{quote(function, safe='')}", {"input": blob})

    def absolute(self, link: str) -> str:
        """Return a link of an answer as an absolute URL. Raises ApiError where it gives up https."""
        url = urljoin(self.base_url + "/", link)
        if self.base_url.startswith("https:") and not url.startswith("https:"):
            raise ApiError("the app's link leads away from https")
        return url

    def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Make one call. `path` begins with "/", or is an absolute URL of the same app.

        Raises ApiError for no answer and for every status from 400 on, with the problem's own words.
        """
        url = path if path.startswith(self.base_url + "/") else self.base_url + path
        if not path.startswith(("/", self.base_url + "/")):
            raise ApiError(f"the app's link {path!r} leads elsewhere")
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data=data, method=method, headers=dict(headers or {}))  # noqa: S310
        if data is not None:
            request.add_header("Content-Type", "application/json")
        if self._key:
            request.add_unredirected_header("x-functions-key", self._key)
        try:
            with self._opener.open(request, timeout=CALL_SECONDS) as answer:
                return Answer(answer.status, _decoded(answer, path), answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                if error.code == 304:
                    return Answer(304, None, error.headers)
                raise _refused(error, f"{method} {path.partition('?')[0]}") from None
        except (OSError, HTTPException, ValueError) as error:
            raise unreachable(self.base_url, error) from None

    def _found(self, method: str, path: str, body: Any = None) -> Any:
        try:
            return self.call(method, path, body).body
        except ApiError as error:
            if error.status == 404:
                return None
            raise


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> NoReturn:
        """An API and a store answer themselves."""
        raise ApiError(
            f"{urlsplit(req.full_url).netloc} sends elsewhere, to {urlsplit(newurl).netloc}", status=code
        )


def opener(url: str) -> urllib.request.OpenerDirector:
    """Return what opens `url` and its like: certificates are verified, redirects refused, and this machine is
    reached without a proxy. Raises ApiError unless it is http or https.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise ApiError(f"an address that begins with {parts.scheme[:20]!r} is not opened")
    handlers: list[urllib.request.BaseHandler] = [
        _NoRedirect(),
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
    ]
    if parts.hostname in _HERE:
        handlers.append(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener(*handlers)


def unreachable(place: str, error: BaseException) -> ApiError:
    """Return the error for a call that got no answer."""
    reason = getattr(error, "reason", None) or error
    advice = "is the app running? `reelbrush serve` serves one here, --url names another"
    if isinstance(reason, ssl.SSLError):
        advice = "its certificate could not be verified"
    parts = urlsplit(place)
    return ApiError(f"{parts.scheme}://{parts.netloc} gave no answer: {reason}", advice=advice)


def _path(job: str) -> str:
    return f"/api/jobs/{quote(job, safe='', errors='replace')}"


def _decoded(answer: Any, path: str) -> Any:
    data = answer.read(ANSWER_BYTES)
    if len(data) >= ANSWER_BYTES:
        raise ApiError(f"the answer to {path.partition('?')[0]} is too long")
    if "json" not in (answer.headers.get("Content-Type") or ""):
        return data.decode("utf-8", "replace")
    return json.loads(data)


def _refused(error: urllib.error.HTTPError, what: str) -> ApiError:
    try:
        problem = json.loads(error.read(65536))
        text, code = str(problem["detail"]), str(problem["code"])
    except (ValueError, KeyError, TypeError, OSError, HTTPException):
        text, code = f"{what} was answered {error.code}", "api"
    advice = ""
    if error.code in (401, 403):
        text = "the app wants a valid key"
        advice = "set REELBRUSH_KEY or name a file with --key-file; `az functionapp keys list` shows the keys"
    return ApiError(text, status=error.code, code=code, advice=advice)
