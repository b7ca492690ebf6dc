"""One play: the film arrives, things go wrong, the job ends; then nothing goes wrong any more."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import azure.durable_functions as df

from activities.services import scratch_folder, services
from reelbrush.host import InstanceStatus
from reelbrush.host.composition import HostParts
from reelbrush.host.receipts import BlobOutcome
from reelbrush.host.rpc import client_binding
from reelbrush.job.names import INPUT
from tests.torture.faults.surroundings import living_in
from tests.torture.faults.world import BLOB, World

COMPUTING = 60.0  # seconds of a core without an end after which a job counts as stuck: one takes about one
PATIENCE = 900.0  # seconds of real time, where nothing computes any more either
LONGEST = timedelta(days=2)  # of the world's time
SETTLING = (1, 2, 5, 30)  # minutes between rounds of the upkeep
AFTERWARDS = (timedelta(minutes=1), timedelta(minutes=1))  # a round may meet the one of the timer
PURGED_AFTER = timedelta(days=31)


@dataclass
class End:
    """How a job ended, as its users see it."""

    state: str  # of the API: Succeeded, Failed, Canceled; "given up" by the trigger
    error: dict[str, Any] = field(default_factory=dict[str, Any])
    sha256: str = ""  # of the output, "" when there is none


@dataclass
class Played:
    """All that is judged of a play."""

    first: dict[str, End] = field(default_factory=dict[str, End])  # by job, with faults
    last: dict[str, End] = field(default_factory=dict[str, End])  # after everything was retried without
    left: list[str] = field(default_factory=list[str])  # what stayed behind, in words
    errors: list[str] = field(default_factory=list[str])  # logged by the product
    deaths: int = 0
    trouble: str = ""


async def play(world: World) -> Played:
    """Let the job happen with its faults, then without; see `Played`."""
    played = Played()
    await world.boot()
    ended = await _until_ended(world)
    world.injector.calm()
    played.first = await _ends(world) or {world.job: _given_up(_outcome(world))}
    if not ended:
        played.trouble = f"stuck for {world.now - world.began} of its own time"
    if played.first[world.job].state == "given up":
        world.tell_again()
        await _until_ended(world)
    await _settle(world, played)
    after = await _ends(world)
    for job, end in after.items():
        before = played.first.get(job, end)
        if before != end and before.state != "given up":
            played.left.append(f"{job} ended as {played.first[job]}, then it was {end}")
    for job, end in after.items():
        if end.state in ("Failed", "Canceled") and not await _retry(world, job):
            world.sent_anew.append(job)
            world.upload_again()
    if not await _until_ended(world):
        played.left.append("a retried job is stuck")
    await _settle(world, played)
    played.last = await _ends(world)
    _look_around(world, played, "at the end")
    for by in (PURGED_AFTER / 2, PURGED_AFTER / 2, *AFTERWARDS):
        await _later(world, by)
    await world.bury()
    _look_for_remains(world, played)
    played.deaths = world.deaths
    return played


async def _until_ended(world: World, known_yet: bool = False) -> bool:
    """Wait until all jobs have ended, with a new host for every one that died; False when one does not.

    A job that nobody knows yet has not ended either, unless all were `known_yet`.
    """
    end, latest = time.monotonic() + PATIENCE, world.now + LONGEST
    computed = time.process_time() + COMPUTING
    while time.monotonic() < end and time.process_time() < computed and world.now < latest:
        if world.life.dead:
            await world.bury()
            await world.boot()
            continue
        try:
            assert world.host is not None
            known = await world.host.host.instances()
            outcome = _outcome(world)
        except BaseException:  # it is dying
            await asyncio.sleep(0.001)
            continue
        if not known and _given_up(outcome).state:
            return True
        there = known_yet or {status.instance_id for status in known} >= set(world.jobs[-1:])
        if not there and outcome is not None and outcome.state == "failed":  # it rests before its next try
            world.clock.advance(timedelta(seconds=5))
        if there and all(status.finished for status in known):
            return True
        await asyncio.sleep(0.004)
    return False


async def _settle(world: World, played: Played) -> None:
    """Let everybody come to an end, and the upkeep do its work."""
    world.cluster.wake_zombies()
    for minutes in SETTLING:
        await _later(world, timedelta(minutes=minutes))
    world.cluster.wake_zombies()


async def _later(world: World, by: timedelta) -> None:
    """Let time pass at once, and do the upkeep."""
    from function_app.api.surface import Surface
    from function_app.upkeep import keep_up

    assert world.host is not None
    world.clock.advance(by)
    await _quiet(world)
    client = df.DurableOrchestrationClient(client_binding(world.host.host.base_url))
    await keep_up(Surface(client, services(), world.now))
    await _until_ended(world, known_yet=True)


async def _quiet(world: World) -> None:
    """Wait for the upkeep that the timer calls: two rounds at once may leave a mark for the next one."""
    end = time.monotonic() + PATIENCE
    await asyncio.sleep(0.01)
    while (parts := _parts(world)) is not None and parts.invoker.running and time.monotonic() < end:
        await asyncio.sleep(0.005)


def _parts(world: World) -> HostParts | None:
    assert world.host is not None
    return world.host.host._running  # pyright: ignore[reportPrivateUsage]


async def _ends(world: World) -> dict[str, End]:
    assert world.host is not None
    found: dict[str, End] = {}
    for status in await world.host.host.instances():
        found[status.instance_id] = await _end(world, status)
    return found


def _outcome(world: World) -> BlobOutcome | None:
    """Return what the trigger did for the upload."""
    assert world.host is not None
    return world.host.host.blob_outcome(INPUT, BLOB)


def _given_up(outcome: BlobOutcome | None) -> End:
    """Return the end of an upload that the trigger gave up, where people are told of it."""
    if outcome is None or outcome.state != "poisoned":
        return End("")
    return End("given up", {"code": "given-up", "message": outcome.error})


async def _end(world: World, status: InstanceStatus) -> End:
    job = status.instance_id
    view = await _get(world, f"/api/jobs/{job}")
    outputs = [blob.name for blob in world.store.list("output", f"{job}/")]
    digest = ""
    if len(outputs) == 1:
        digest = hashlib.sha256(world.store.read_bytes("output", outputs[0])).hexdigest()
    elif outputs:
        digest = f"{len(outputs)} outputs"
    return End(str(view.get("status")), dict(view.get("error") or {}), digest)


async def _get(world: World, path: str) -> dict[str, Any]:
    assert world.host is not None
    url = world.host.host.base_url + path

    def get() -> dict[str, Any]:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            return json.loads(answer.read())

    return await asyncio.to_thread(get)


async def _retry(world: World, job: str) -> bool:
    """Retry a job; False when the answer is that its upload has to be sent anew."""
    assert world.host is not None
    url = f"{world.host.host.base_url}/api/jobs/{job}/retry"

    def post() -> bool:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=PATIENCE):
                return True
        except urllib.error.HTTPError as refused:
            assert json.loads(refused.read())["code"] == "UploadUnusable"
            return False

    return await asyncio.to_thread(post)


def _look_around(world: World, played: Played, when: str) -> None:
    """Note what nobody needs any more."""
    for folder in (".queue/", ".canceling/", ".tries/"):
        played.left += [f"{when}: work/{blob.name}" for blob in world.store.list("work", folder)]
    played.left += [f"{when}: the run {run} is open" for run in world.cluster.open_runs()]
    for run in world.cluster.runs.values():
        played.left += [
            f"{when}: a process of {run.request.run}" for p in run.processes if p.thread.is_alive()
        ]
    played.left += [f"{when}: {path}" for path in world.temporary.iterdir()]


def _look_for_remains(world: World, played: Played) -> None:
    """Note what is still there of jobs that are forgotten."""
    for job in world.jobs:
        played.left += [f"forgotten, but there: {b.name}" for b in world.store.list("work") if job in b.name]
    with scratch_folder(world.store):  # as the next job does
        pass
    temporary = world.store.root / ".tmp"
    played.left += [f"for ever: {path.name}" for path in temporary.iterdir()]


class Logged(logging.Handler):
    """Collects what is logged as an error, but for words about deaths and of the dead."""

    def __init__(self, into: list[str], world: World) -> None:
        super().__init__(logging.ERROR)
        self._into, self._world = into, world

    def emit(self, record: logging.LogRecord) -> None:
        """Collect."""
        if self._world.life.dead:
            return
        error = record.exc_info[1] if record.exc_info else None
        while error is not None:
            if type(error).__name__ == "Died":
                return
            error = error.__cause__ or error.__context__
        self._into.append(f"{record.name}: {record.getMessage()}")


def played_in(world: World, how: Callable[[World], Coroutine[Any, Any, Played]] = play) -> Played:
    """Play in an event loop of its own; whatever breaks the play itself is its trouble."""
    errors: list[str] = []
    handler = Logged(errors, world)
    logging.getLogger().addHandler(handler)
    try:
        with living_in(world):
            try:
                played = asyncio.run(how(world))
            except (AssertionError, OSError) as error:  # an answer that must not be, too
                played = Played(trouble=f"{type(error).__name__}: {error}")
    finally:
        logging.getLogger().removeHandler(handler)
    played.errors = errors
    return played
