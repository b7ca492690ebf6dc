"""What a client may do with orchestration instances: start, signal, stop, restart and remove them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from reelbrush.host.functions import ORCHESTRATION, FunctionTable
from reelbrush.host.history import Event, EventType, new_event
from reelbrush.host.instances import InstanceStatus, find
from reelbrush.host.payload_lint import PayloadLint
from reelbrush.host.rewind import rewind
from reelbrush.host.task_hub import TaskHub

_FORBIDDEN_IN_ID = set("/\\#?")


class UnknownInstanceError(Exception):
    """There is no instance of that id."""


class InstanceGoneError(Exception):
    """The instance is in a state in which the operation means nothing any more."""


class InstanceExistsError(Exception):
    """An unfinished instance has that id already."""


class BadStartError(ValueError):
    """There is no such orchestrator, or the instance id is not allowed."""


class Management:
    """The operations of a durable client, on the task hub directly."""

    def __init__(self, hub: TaskHub, functions: FunctionTable, lint: PayloadLint) -> None:
        self._hub = hub
        self._functions = functions
        self._lint = lint

    def start(self, name: str, instance_id: str | None, input_text: str | None, version: str = "") -> str:
        """Start an orchestration and return its id; `input_text` is JSON text.

        A finished instance of the same id is replaced without a word, as in Azure.

        Raises:
            BadStartError: no orchestrator has that name, or the id is not allowed.
            InstanceExistsError: an unfinished instance has that id.
        """
        function = self._functions.find(ORCHESTRATION, name)
        if function is None:
            raise BadStartError(self._functions.missing(ORCHESTRATION, name))
        chosen = instance_id or uuid.uuid4().hex
        if (
            len(chosen) > 256
            or chosen.startswith("@")
            or any(c in _FORBIDDEN_IN_ID or c < " " for c in chosen)
        ):
            raise BadStartError(
                "Instance IDs have at most 256 characters, none of '/', '\\', '#', '?', and no '@' first."
            )
        with self._hub.storage.transaction():
            known = find(self._hub.storage, chosen)
            if known is not None and not known.finished:
                raise InstanceExistsError(
                    f"An Orchestration instance with the status {known.runtime_status} already exists."
                )
            self._hub.create(chosen, function.name, input_text, version=version)
        self._lint.check(function.name, "input", chosen, input_text)
        return chosen

    def raise_event(self, instance_id: str, name: str, data_text: str) -> None:
        """Send an external event; `data_text` is JSON text.

        Raises:
            UnknownInstanceError, InstanceGoneError: there is no such instance, or it has finished.
        """
        self._post(instance_id, EventType.EVENT_RAISED, Name=name, Input=data_text)

    def terminate(self, instance_id: str, reason: str) -> None:
        """End an instance; results of its running activities will be dropped. Raises as `raise_event`."""
        self._post(instance_id, EventType.EXECUTION_TERMINATED, Input=reason)

    def suspend(self, instance_id: str, reason: str) -> None:
        """Let an instance wait until it is resumed; what happens meanwhile is kept. Raises as
        `raise_event`.
        """
        self._post(instance_id, EventType.EXECUTION_SUSPENDED, Input=reason)

    def resume(self, instance_id: str, reason: str) -> None:
        """Let a suspended instance go on. Raises as `raise_event`."""
        self._post(instance_id, EventType.EXECUTION_RESUMED, Input=reason)

    def rewind(self, instance_id: str) -> None:
        """Let a failed instance run again from where it failed; what succeeded before is not done again.

        Raises:
            UnknownInstanceError: there is no such instance.
            InstanceGoneError: it has not failed.
        """
        if self.status(instance_id).runtime_status != "Failed":
            raise InstanceGoneError(
                "The rewind operation is only supported on failed orchestration instances."
            )
        with self._hub.storage.transaction():
            rewind(self._hub, instance_id)

    def restart(self, instance_id: str, *, new_id: bool) -> str:
        """Start the instance's orchestrator with the same input again and return the id.

        Raises:
            UnknownInstanceError: there is no such instance.
            InstanceExistsError: the same id is wanted and the instance has not finished.
        """
        status = self.status(instance_id)
        row = self._hub.storage.row("select input from instance where id=?", (instance_id,))
        assert row is not None
        return self.start(status.name, None if new_id else instance_id, row[0])

    def purge(self, instance_ids: Sequence[str]) -> int:
        """Remove the finished ones among the instances and return their number."""
        purged = 0
        with self._hub.storage.transaction():
            for instance_id in instance_ids:
                known = find(self._hub.storage, instance_id)
                if known is not None and known.finished:
                    self._hub.forget(instance_id)
                    purged += 1
        return purged

    def status(self, instance_id: str) -> InstanceStatus:
        """Return an instance's status.

        Raises:
            UnknownInstanceError: there is no such instance.
        """
        known = find(self._hub.storage, instance_id)
        if known is None:
            raise UnknownInstanceError(f"No instance with ID '{instance_id}' found.")
        return known

    def _post(self, instance_id: str, kind: EventType, **fields: Any) -> None:
        if self.status(instance_id).finished:
            raise InstanceGoneError(f"Instance '{instance_id}' has finished.")
        event: Event = new_event(kind, self._hub.clock.now(), **fields)
        self._hub.post(instance_id, None, event)
