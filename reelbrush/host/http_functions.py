"""Serves the app's HTTP-triggered functions: routes, methods, keys, and the SDK's requests and responses."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Iterable
from http.cookies import SimpleCookie
from typing import Any

from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from reelbrush.errors import HostError
from reelbrush.host.access import Access
from reelbrush.host.bodies import BODY_BYTES
from reelbrush.host.functions import AppFunction
from reelbrush.host.invoker import FunctionTimeout, Invoker

logger = logging.getLogger(__name__)

_METHODS = ("GET", "POST", "DELETE", "HEAD", "PATCH", "PUT", "OPTIONS")
_PARAMETER = re.compile(r"\{(\*{0,2})([A-Za-z_]\w*)(?::([a-z]+(?:\([^)]*\))?))?(\?)?\}")
_NOTHING = "maxlength(0)"  # `{name:maxlength(0)?}` matches the root alone
_CONSTRAINTS = {None: "segment", "int": "digits", "long": "digits", "alpha": "letters", "guid": "guid"}


class _Text(Convertor[str]):
    """A part of a path that stays text, as route parameters of functions do."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


class _Digits(_Text):
    regex = "-?[0-9]+"


class _Letters(_Text):
    regex = "[A-Za-z]+"


class _Guid(_Text):
    regex = "[0-9A-Fa-f-]{32,36}"


class _Rest(_Text):
    regex = ".*"


for _name, _convertor in {
    "segment": _Text(),
    "digits": _Digits(),
    "letters": _Letters(),
    "guid": _Guid(),
    "rest": _Rest(),
}.items():
    register_url_convertor(_name, _convertor)


def http_routes(
    functions: Iterable[AppFunction], prefix: str, invoker: Invoker, access: Access
) -> list[Route]:
    """Return the routes of HTTP functions below `/prefix`, those with fewer parameters first.

    Raises:
        HostError: a route template cannot be understood.
    """
    by_path: dict[str, dict[str, _Endpoint]] = {}
    for function in functions:
        methods = [str(method).upper() for method in function.settings.get("methods") or _METHODS]
        endpoint = _Endpoint(function, invoker, access)
        for path in route_paths(str(function.settings.get("route") or function.name)):
            full = "/" + "/".join(part for part in (prefix, path) if part)
            for method in methods:
                by_path.setdefault(full, {}).setdefault(method, endpoint)
    ordered = sorted(by_path.items(), key=lambda pair: _precedence(pair[0]))
    return [Route(path, _by_method(endpoints), methods=list(endpoints)) for path, endpoints in ordered]


def _by_method(endpoints: dict[str, _Endpoint]) -> Callable[[Request], Awaitable[Response]]:
    # one route per path, so that the answer to another method names all that there are
    async def answer(request: Request) -> Response:
        return await endpoints[request.method if request.method in endpoints else "GET"].answer(request)

    return answer


def route_paths(template: str) -> list[str]:
    """Return the Starlette paths of a route template such as `jobs/{id:int}/{part?}` or `files/{*path}`.

    Raises:
        HostError: a brace or a constraint in the template is not understood.
    """
    template = template.strip("/")
    if re.search(r"[{}]", _PARAMETER.sub("", template)):
        raise HostError(f"the route '{template}' cannot be understood")

    def convert(match: re.Match[str]) -> str:
        star, name, constraint, _ = match.groups()
        if constraint not in _CONSTRAINTS:
            raise HostError(f"the constraint '{constraint}' of the route '{template}' is not supported")
        return f"{{{name}:{'rest' if star else _CONSTRAINTS[constraint]}}}"

    # Only a last parameter can be left out, with the slash before it.
    rest, _, end = template.rpartition("/")
    last = _PARAMETER.fullmatch(end)
    shorter = [_PARAMETER.sub(convert, rest)] if last and (last.group(4) or last.group(1)) else []
    if last and last.group(3) == _NOTHING and shorter:
        return shorter
    return [_PARAMETER.sub(convert, template), *shorter]


def _precedence(path: str) -> tuple[int, ...]:
    ranks = {"segment": 2, "rest": 3}
    segments = [re.search(r"\{\w+:(\w+)\}", part) for part in path.split("/")]
    return tuple(0 if match is None else ranks.get(match.group(1), 1) for match in segments)


class _Endpoint:
    def __init__(self, function: AppFunction, invoker: Invoker, access: Access) -> None:
        self._function = function
        self._invoker = invoker
        self._access = access
        self._level = str(function.settings.get("authLevel") or "FUNCTION").upper()

    async def answer(self, request: Request) -> Response:
        """Call the function for one request."""
        if self._level != "ANONYMOUS" and not self._access.has_key(request):
            return Response(status_code=401)
        try:
            body = await _body(request)
            if body is None:
                return Response(status_code=413)
            argument = _decoded(request, body)
            result = await self._invoker.call(self._function, argument)
            return _encoded(result)
        except FunctionTimeout as error:
            logger.warning("%s", error)
            return Response(status_code=504)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception:
            logger.exception("HTTP function '%s' failed", self._function.name)
            return Response(status_code=500)


async def _body(request: Request) -> bytes | None:
    """Return the body, None when it is larger than a function app in Azure would accept."""
    if int(request.headers.get("content-length") or 0) > BODY_BYTES:
        return None
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_BYTES:
            return None
    return bytes(body)


def _decoded(request: Request, body: bytes) -> Any:
    from azure.functions.http import HttpRequestConverter
    from azure.functions.meta import Datum

    def texts(items: Iterable[tuple[str, str]]) -> dict[str, Datum]:
        return {name: Datum(value, "string") for name, value in items}

    value = {
        "method": Datum(request.method, "string"),
        "url": Datum(str(request.url), "string"),
        "headers": texts(request.headers.items()),
        "query": texts(request.query_params.items()),
        "params": texts(request.path_params.items()),
        "body": Datum(body, "bytes"),
    }
    return HttpRequestConverter.decode(Datum(value, "http"), trigger_metadata=None)


def _encoded(result: Any) -> Response:
    from azure.functions.http import HttpResponseConverter

    if result is None:
        return Response(status_code=204)
    datum = HttpResponseConverter.encode(result, expected_type=None)
    if datum.type == "string":
        return Response(datum.value, media_type="text/plain")
    parts = datum.value
    response = Response(parts["body"].value, status_code=int(parts["status_code"].value))
    for name, value in parts["headers"].items():
        response.headers[name] = value.value
    cookies: list[SimpleCookie] = parts["cookies"] or []
    for cookie in cookies:
        for morsel in cookie.values():
            response.headers.append("set-cookie", morsel.OutputString())
    return response
