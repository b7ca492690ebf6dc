"""Which handler answers which request.

Operations have the same names in both APIs: workspace, discovery, compute, submit, run (one run's state),
runs (a list of runs), details, tags, cancel, upload (code), blob, environment, logs, experiment, event,
datastore, usages, sizes, roles, permissions, locks, subscriptions, token.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Concatenate, ParamSpec

from tests.fakes.azureml.wire import Reply, Request

if TYPE_CHECKING:
    from tests.fakes.azureml.service import Service

ARM = "management.azure.com"
DATA = "api.azureml.ms"
BLOB = "blob.core.windows.net"
LOCAL = "local"

_WORKSPACE = (
    r"/subscriptions/(?P<w_subscription>[^/]+)/resourceGroups/(?P<w_group>[^/]+)"
    r"/providers/Microsoft\.MachineLearningServices/workspaces/(?P<w_name>[^/]+)"
)
_P = ParamSpec("_P")
Handler = Callable[..., Reply]


@dataclass(frozen=True)
class Route:
    """One entry of the table."""

    operation: str
    method: str
    host: str
    pattern: re.Pattern[str]
    handler: Handler
    open: bool  # needs no token


@dataclass(frozen=True)
class Match:
    """A route and the path's parameters; `workspace` is subscription, group and name if the path has them."""

    route: Route
    values: dict[str, str]
    workspace: tuple[str, str, str] | None


ROUTES: list[Route] = []


def route(
    operation: str, method: str, host: str, path: str, *, open: bool = False
) -> Callable[
    [Callable[Concatenate[Service, Request, _P], Reply]], Callable[Concatenate[Service, Request, _P], Reply]
]:
    """Enter a handler into the table.

    In `path`, {ws} is the workspace's resource id, {name} a parameter without slashes, {name*} one with them;
    the rest is a regular expression that does not mind upper and lower case.
    """
    text = re.sub(r"\{(\w+)\*\}", r"(?P<\1>.+)", path.replace("{ws}", _WORKSPACE))
    pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", text), re.IGNORECASE)

    def enter(
        handler: Callable[Concatenate[Service, Request, _P], Reply],
    ) -> Callable[Concatenate[Service, Request, _P], Reply]:
        ROUTES.append(Route(operation, method, host, pattern, handler, open))
        return handler

    return enter


def find(request: Request) -> Match | None:
    """Return the route of a request."""
    for entry in ROUTES:
        if entry.method == request.method and (
            request.host == entry.host or request.host.endswith("." + entry.host)
        ):
            found = entry.pattern.fullmatch(request.path)
            if found:
                values = {name: value or "" for name, value in found.groupdict().items()}
                named = [values.pop(name, "") for name in ("w_subscription", "w_group", "w_name")]
                return Match(entry, values, (named[0], named[1], named[2]) if named[2] else None)
    return None
