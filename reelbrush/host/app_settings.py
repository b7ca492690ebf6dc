"""The parts of an app's host.json that this host honours, and `%NAME%` expressions of bindings."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from reelbrush.errors import HostError

_TIMEOUT = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """How queue triggers take messages. `retry_seconds` pass before the next try of one; `longest_rest`, in
    seconds too, before the next look at an empty queue.
    """

    batch_size: int
    new_batch_threshold: int
    max_tries: int
    retry_seconds: int
    longest_rest: float
    is_base64: bool


@dataclass(frozen=True, slots=True)
class AppSettings:
    """Settings of one app. `function_timeout` is in seconds, None without a limit."""

    route_prefix: str
    function_timeout: float | None
    max_activities: int
    max_blob_tries: int
    max_blobs_at_once: int
    queues: QueueSettings


def read_app_settings(folder: Path) -> AppSettings:
    """Read `folder`/host.json; what it does not say has the value that it has in Azure.

    Raises:
        HostError: the file is missing or says something that cannot be understood.
    """
    path = folder / "host.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise HostError(
            f"{path} cannot be read: {error}", advice="an app folder needs a host.json beside function_app.py"
        ) from error
    cores = os.cpu_count() or 1

    def get(path: str, default: Any) -> Any:
        value: Any = document
        for key in path.split("."):
            fields = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
            value = fields.get(key)
        return default if value is None else value

    def whole(path: str, default: int) -> int:
        return _positive(get, path, default)

    return AppSettings(
        route_prefix=str(get("extensions.http.routePrefix", "api")).strip("/"),
        function_timeout=_seconds(str(get("functionTimeout", "00:30:00"))),
        max_activities=whole("extensions.durableTask.maxConcurrentActivityFunctions", 10 * cores),
        max_blob_tries=whole("extensions.blobs.poisonBlobThreshold", 5),
        max_blobs_at_once=whole("extensions.blobs.maxDegreeOfParallelism", 8 * cores),
        queues=_queues(get),
    )


def _queues(get: Callable[[str, Any], Any]) -> QueueSettings:
    batch = _positive(get, "extensions.queues.batchSize", 16)
    encoding = str(get("extensions.queues.messageEncoding", "base64")).lower()
    if encoding not in ("base64", "none"):
        raise HostError(f"extensions.queues.messageEncoding in host.json is base64 or none, not '{encoding}'")
    return QueueSettings(
        batch_size=min(batch, 32),
        new_batch_threshold=_positive(get, "extensions.queues.newBatchThreshold", max(1, batch // 2)),
        max_tries=_positive(get, "extensions.queues.maxDequeueCount", 5),
        retry_seconds=round(_seconds(str(get("extensions.queues.visibilityTimeout", "00:00:00"))) or 0),
        longest_rest=_seconds(str(get("extensions.queues.maxPollingInterval", "00:01:00"))) or 60,
        is_base64=encoding == "base64",
    )


def resolve(text: str) -> str:
    """Replace every `%NAME%` by the environment variable NAME.

    Raises:
        HostError: a variable is not set.
    """

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in os.environ:
            raise HostError(f"'%{name}%' in a binding names an app setting that does not exist")
        return os.environ[name]

    return re.sub(r"%([^%]+)%", value, text)


def _seconds(text: str) -> float | None:
    if text == "-1":
        return None
    match = _TIMEOUT.fullmatch(text)
    if match is None:
        raise HostError(f"'{text}' in host.json is neither '-1' nor a time like '00:10:00'")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)


def _positive(get: Callable[[str, Any], Any], path: str, default: int) -> int:
    value = get(path, default)
    if not isinstance(value, int) or value < 1:
        raise HostError(f"{path} in host.json must be a whole number above 0, not {value!r}")
    return value
