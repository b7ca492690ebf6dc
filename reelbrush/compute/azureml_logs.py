"""The ends of the log files of a run, read by ranges: logs of long runs are large."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from typing import Any

_LOG = re.compile(r"(?:^|/)std_log[^/]*\.txt$")
_BYTES = 8192  # of each file's end
_FILES = 16  # of a run with many processes


def tail(files: Mapping[str, str], lines: int) -> str:
    """Return the last `lines` lines of a run's standard output, of all its processes together.

    `files` are names and signed addresses. Of several files each begins with its name. Raises what requests
    raises; its errors can name signed addresses.
    """
    logs = sorted(name for name in files if _LOG.search(name))[:_FILES]
    share = max(1, lines // len(logs)) if logs else 0
    parts = [(name, _end_of(files[name]).splitlines()[-share:]) for name in logs]
    if len(parts) == 1:
        return "\n".join(parts[0][1])
    return "\n".join(f"{name.rsplit('/', 1)[-1]}: {line}" for name, end in parts for line in end)


def _end_of(address: str) -> str:
    requests: Any = importlib.import_module("requests")
    first: Any = requests.get(address, headers={"x-ms-range": "bytes=0-0", "Range": "bytes=0-0"})
    if first.status_code != 206:  # 416: it is empty; 404: it is not there yet
        return ""
    size = int(first.headers["Content-Range"].rpartition("/")[2])
    part = f"bytes={max(0, size - _BYTES)}-{size - 1}"
    answer: Any = requests.get(address, headers={"x-ms-range": part, "Range": part})
    return bytes(answer.content).decode("utf-8", "replace") if answer.status_code == 206 else ""
