"""What a play has to have come to, judged by its output and what is left, not by what the product says."""

from __future__ import annotations

from pathlib import Path

from tests.torture.faults.film import what_is_wrong
from tests.torture.faults.play import End, Played
from tests.torture.faults.world import World

# what a job need not get over by itself: it may fail, with a reason, until somebody retries it
_HARD = ("refused", "no node", "uploaded again", "deleted", "truncated")
_PATIENT = 3  # tries in a row that have to be survived of an outage
CODE_CHARACTERS, MESSAGE_CHARACTERS = (2, 40), (12, 1100)


def losses(world: World, played: Played, wanted: str) -> list[str]:
    """Return what a user would miss, [] when all promises were kept; `wanted` is the output's sha256."""
    found = [played.trouble] if played.trouble else []
    if not played.first.get(world.job):
        return [*found, "the upload never became a job"]
    for job, end in played.first.items():
        found += [f"{job}, with faults: {problem}" for problem in _ending(world, job, end, wanted)]
    for job, end in played.last.items():
        if end.state == "Succeeded" and end.sha256 == wanted:
            continue
        if job != world.jobs[-1] and (end.error.get("code") == "source-changed" or job in world.sent_anew):
            continue
        found.append(f"{job}, retried without faults: {end} instead of {wanted[:8]}")
    stale = any(fault.kind == "stale" and fault.place.who != "app" for fault in world.injector.fired)
    found += [] if stale else world.published.again  # nobody can know what is not shown
    found += [f"logged: {error}" for error in played.errors]
    if not world.source_is_whole():
        found.append("the source was changed")
    return found


def leaks(played: Played) -> list[str]:
    """Return what stayed behind."""
    return played.left


def _ending(world: World, job: str, end: End, wanted: str) -> list[str]:
    kinds = {fault.kind for fault in world.injector.fired}
    if world.wishes[-1:] == [("cancel", job)] and end.state != "Canceled":
        return [f"it {end.state} although its cancellation was accepted"]
    if end.state == "Succeeded":
        return [] if end.sha256 == wanted else [_difference(world, job, end)]
    if end.sha256 and (end.state, end.sha256) != ("Failed", wanted):  # its answer alone may be lost
        return [f"{end.state}, but there is an output"]
    if end.state == "Canceled":
        return [] if ("cancel", job) in [*world.wishes, *world.unanswered] else ["canceled by nobody"]
    if end.state not in ("Failed", "given up"):
        return [f"it is {end.state}"]
    code, message = str(end.error.get("code", "")), str(end.error.get("message", ""))
    found: list[str] = []
    low, high = CODE_CHARACTERS
    if not low <= len(code) <= high or not MESSAGE_CHARACTERS[0] <= len(message) <= MESSAGE_CHARACTERS[1]:
        found.append(f"its reason is no reason: {end.error}")
    if "Traceback" in message or "\n" in message or "Died" in message:
        found.append(f"its reason is not for people: {message}")
    if end.state == "given up":
        kinds -= set(_HARD)  # the last of the trigger's tries makes a job of it, unless the store is away
    if not kinds & set(_HARD) and not any(fault.times > _PATIENT for fault in world.injector.fired):
        found.append(f"it failed though nothing lasted: {end.error}")
    return found


def _difference(world: World, job: str, end: End) -> str:
    outputs = [blob.name for blob in world.store.list("output", f"{job}/")]
    wrong = what_is_wrong(Path(world.store.path("output", outputs[0]))) if len(outputs) == 1 else ""
    return f"other bytes ({end.sha256[:16]}): {wrong or 'the frames are right'}"
