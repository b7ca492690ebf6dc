"""`reelbrush status`: a job's state, once or until it has ended."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reelbrush.cli.api import Api
from reelbrush.cli.calling import calling, unknown
from reelbrush.cli.progress import clock
from reelbrush.cli.quote_table import cost_text
from reelbrush.cli.watching import outcome, watch


@dataclass(frozen=True)
class Watching:
    """How to look at a job: until its end or once, for how many seconds (None: no limit), how shown."""

    until_end: bool
    seconds: float | None
    as_json: bool
    quiet: bool


def tell_status(job: str, how: Watching, url: str, key_file: Path | None) -> int:
    """Print the job's state and return the exit code."""
    return calling(url, key_file, lambda api: _tell(api, job, how))


def _tell(api: Api, job: str, how: Watching) -> int:
    if how.until_end:
        code, view = watch(api, job, how.quiet, how.seconds, lines=how.as_json)
        if view is not None and not how.as_json:
            print(status_block(view))
        return code
    view = api.job(job)
    if view is None:
        return unknown(job)
    print(json.dumps(view, ensure_ascii=False) if how.as_json else status_block(view))
    return outcome(view)


def status_block(view: dict[str, Any]) -> str:
    """Return a few aligned lines that tell all of a job that people ask for."""
    seen = view.get("input", {})
    size = f"  {seen['width']}x{seen['height']} {seen.get('codec', '')}" if "width" in seen else ""
    rows = [
        ("job", view["id"]),
        ("status", f"{view['status']}  {view['summary']}"),
        ("input", f"{seen.get('blob', '')}{size}".rstrip()),
        ("style", view.get("style", "")),
        *_progress(view),
        ("time", clock(view["elapsedSeconds"]) if "elapsedSeconds" in view else ""),
        ("left", clock(view["etaSeconds"]) if "etaSeconds" in view else ""),
        ("cost", _cost(view.get("cost"), quoted_cost(view))),
        ("lost", evictions_text(view.get("evictions", view.get("result", {}).get("evictions")))),
        ("waiting", view.get("waiting", "")),
        ("approve", _approval(view)),
        ("output", view.get("result", {}).get("blob", "")),
        ("error", view.get("error", {}).get("message", "")),
    ]
    return "\n".join(f"{name:<8} {text}" for name, text in rows if text)


def _progress(view: dict[str, Any]) -> list[tuple[str, str]]:
    progress = view.get("progress")
    if progress is None:
        return []
    frames = f"{progress['framesDone']}/{progress['framesTotal']} ({progress['percent']}%)"
    if "framesPerSecond" in progress:
        frames += f"  {progress['framesPerSecond']:.1f} fps"
    rows = [("frames", frames)]
    if "batchesTotal" in progress:
        rows.append(("batches", f"{progress['batchesDone']}/{progress['batchesTotal']}"))
    if progress.get("retries"):
        rows.append(("retries", str(progress["retries"])))
    return rows


def quoted_cost(view: dict[str, Any]) -> dict[str, Any] | None:
    """Return the range of cost that a job was quoted, None where none was told."""
    quoted = view.get("quote") or view.get("result", {}).get("quote") or {}
    return view.get("cost", {}).get("quoted") or quoted.get("cost")


def evictions_text(count: int | None) -> str:
    """Return what is said of nodes that were taken away, "" where there were none."""
    if not count:
        return ""
    return "1 node was taken away" if count == 1 else f"{count} nodes were taken away"


def _cost(cost: dict[str, Any] | None, quoted: dict[str, Any] | None) -> str:
    if cost is None or "estimate" not in cost:
        return ""
    spent = f"about {cost['estimate']:g} {cost['currency']}"
    if quoted is None:
        return spent
    return f"{spent}; quoted {cost_text({**quoted, 'currency': cost['currency']})}"


def _approval(view: dict[str, Any]) -> str:
    if "approve" not in view.get("links", {}):
        return ""
    return f"reelbrush approve {view['id']}"
