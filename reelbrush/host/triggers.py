"""Finds the blob and timer triggers of an app, and where the containers of the blob triggers live."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reelbrush.errors import HostError
from reelbrush.host.app_settings import resolve
from reelbrush.host.blob_path import BlobPath
from reelbrush.host.blob_places import AccountPlace, BlobPlace, FolderPlace
from reelbrush.host.blob_watch import BlobTrigger
from reelbrush.host.functions import BLOB, TIMER, AppFunction, FunctionTable
from reelbrush.host.schedule import Schedule
from reelbrush.host.timer_watch import TimerTrigger


def find_triggers(
    functions: FunctionTable, store_root: Path | None, connections: Mapping[str, str]
) -> tuple[list[BlobTrigger], list[TimerTrigger]]:
    """Return the app's blob and timer triggers.

    Raises:
        HostError: paths, schedules or connections are unusable; all problems are listed.
    """
    blobs: list[BlobTrigger] = []
    timers: list[TimerTrigger] = []
    problems: list[str] = []
    for function in functions.of(BLOB, TIMER):
        try:
            if function.trigger == TIMER:
                timers.append(TimerTrigger(function, Schedule(resolve(str(function.settings["schedule"])))))
            else:
                path = BlobPath(resolve(str(function.settings["path"])))
                blobs.append(BlobTrigger(function, path, _place(function, store_root, connections)))
        except HostError as error:
            problems.append(f"function '{function.name}': {error}")
    if problems:
        raise HostError("triggers of the app cannot be served:\n  " + "\n  ".join(problems))
    return blobs, timers


def _place(function: AppFunction, store_root: Path | None, connections: Mapping[str, str]) -> BlobPlace:
    name = str(function.settings.get("connection") or "AzureWebJobsStorage")
    if name in connections:
        try:
            return AccountPlace(connections[name])
        except ValueError as error:
            # The SDK's message would repeat the connection string, which holds a key.
            raise HostError(f"the connection string '{name}' is malformed") from error
    if store_root is None:
        raise HostError(f"there is neither a connection '{name}' nor a store folder to watch")
    return FolderPlace(store_root)
