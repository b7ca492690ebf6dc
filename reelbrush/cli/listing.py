"""`reelbrush list`: the app's jobs as a table."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from reelbrush.cli.api import Api
from reelbrush.cli.calling import calling
from reelbrush.cli.exits import OK
from reelbrush.cli.progress import clock

PAGE = 100  # jobs asked for at a time, at most
_HEAD = ("ID", "STATUS", "DONE", "STYLE", "CREATED", "TIME")


def list_jobs(top: int, status: str | None, as_json: bool, url: str, key_file: Path | None) -> int:
    """Print the newest `top` jobs, of one status if it is given, and return the exit code."""

    def show(api: Api) -> int:
        views = _newest(api, top, status)
        if as_json:
            print(json.dumps({"value": views}, ensure_ascii=False))
        elif views:
            print(table([_HEAD, *map(_row, views)]))
        else:
            print("there are no jobs", file=sys.stderr)
        return OK

    return calling(url, key_file, show)


def table(rows: list[tuple[str, ...]]) -> str:
    """Return rows of texts in columns that are as wide as they must be."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def _newest(api: Api, top: int, status: str | None) -> list[dict[str, Any]]:
    query = {"top": str(min(top, PAGE)), **({"status": status} if status else {})}
    page = api.jobs(query)
    views: list[dict[str, Any]] = list(page["value"])
    while len(views) < top and page.get("nextLink"):
        page = api.jobs(link=page["nextLink"])
        views += page["value"]
    return views[:top]


def _row(view: dict[str, Any]) -> tuple[str, ...]:
    progress = view.get("progress")
    return (
        str(view["id"]),
        str(view["status"]) if view["status"] != "Running" else str(view["phase"]),
        f"{progress['percent']}%" if progress else "",
        str(view.get("style", "")),
        str(view.get("createdAt", "")),
        clock(view["elapsedSeconds"]) if "elapsedSeconds" in view else "",
    )
