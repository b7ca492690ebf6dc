"""Finds the blob, queue and timer triggers of an app, and where their containers and queues live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reelbrush.errors import HostError
from reelbrush.host.app_settings import resolve
from reelbrush.host.blob_path import BlobPath
from reelbrush.host.blob_places import AccountPlace, BlobPlace, FolderPlace
from reelbrush.host.blob_watch import BlobTrigger
from reelbrush.host.functions import BLOB, QUEUE, TIMER, AppFunction, FunctionTable
from reelbrush.host.queue_place import queue_place
from reelbrush.host.queue_watch import QueueTrigger
from reelbrush.host.schedule import Schedule
from reelbrush.host.timer_watch import TimerTrigger


@dataclass(frozen=True, slots=True)
class Triggers:
    """What has to be watched."""

    blobs: list[BlobTrigger] = field(default_factory=list[BlobTrigger])
    queues: list[QueueTrigger] = field(default_factory=list[QueueTrigger])
    timers: list[TimerTrigger] = field(default_factory=list[TimerTrigger])


def find_triggers(
    functions: FunctionTable, store_root: Path | None, connections: Mapping[str, str]
) -> Triggers:
    """Return the app's blob, queue and timer triggers.

    Raises:
        HostError: paths, schedules or connections are unusable; all problems are listed.
    """
    found = Triggers()
    problems: list[str] = []
    for function in functions.of(BLOB, QUEUE, TIMER):
        try:
            if function.trigger == TIMER:
                schedule = Schedule(resolve(str(function.settings["schedule"])))
                found.timers.append(TimerTrigger(function, schedule))
            elif function.trigger == QUEUE:
                name = resolve(str(function.settings["queueName"]))
                queue = queue_place(_connection(function), name, connections)
                found.queues.append(QueueTrigger(function, queue))
            else:
                path = BlobPath(resolve(str(function.settings["path"])))
                found.blobs.append(BlobTrigger(function, path, _place(function, store_root, connections)))
        except HostError as error:
            problems.append(f"function '{function.name}': {error}")
    if problems:
        raise HostError("triggers of the app cannot be served:\n  " + "\n  ".join(problems))
    return found


def _connection(function: AppFunction) -> str:
    return str(function.settings.get("connection") or "AzureWebJobsStorage")


def _place(function: AppFunction, store_root: Path | None, connections: Mapping[str, str]) -> BlobPlace:
    name = _connection(function)
    if name in connections:
        try:
            return AccountPlace(connections[name])
        except ValueError as error:
            # The SDK's message would repeat the connection string, which holds a key.
            raise HostError(f"the connection string '{name}' is malformed") from error
    if store_root is None:
        raise HostError(f"there is neither a connection '{name}' nor a store folder to watch")
    return FolderPlace(store_root)
