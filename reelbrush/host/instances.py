"""What can be known of an orchestration instance from outside."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reelbrush.host.clock import moment
from reelbrush.host.storage import Row, Storage

FINISHED = ("Completed", "Failed", "Terminated", "Canceled")
"""Runtime statuses of instances that will not run again by themselves."""


@dataclass(frozen=True, slots=True)
class InstanceStatus:
    """One orchestration instance.

    `runtime_status` is Pending, Running, Suspended, Completed, Failed, Terminated or Canceled; `created` and
    `updated` are aware datetimes in UTC; `input`, `custom_status` and `output` are decoded JSON.
    """

    name: str
    instance_id: str
    runtime_status: str
    created: datetime
    updated: datetime
    input: Any
    custom_status: Any
    output: Any

    @property
    def finished(self) -> bool:
        """Whether the instance has ended, well or not."""
        return self.runtime_status in FINISHED


def _status_of(row: Row) -> InstanceStatus:
    instance_id, name, input_text, output, custom_status, status, created, updated = row
    return InstanceStatus(
        name=name,
        instance_id=instance_id,
        runtime_status=status,
        created=moment(created),
        updated=moment(updated),
        input=_undouble(decoded(input_text)),
        custom_status=decoded(custom_status),
        output=decoded(output),
    )


def find(storage: Storage, instance_id: str) -> InstanceStatus | None:
    """Return the status of one instance, or None if there is none of that id."""
    row = storage.row(
        "select id, name, input, output, custom_status, status, created, updated from instance where id=?",
        (instance_id,),
    )
    return None if row is None else _status_of(row)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which instances to list; `created_from` and `created_to` are inclusive, in microseconds since the
    epoch.
    """

    statuses: tuple[str, ...] = ()
    prefix: str = ""
    created_from: int | None = None
    created_to: int | None = None


def listed(storage: Storage, wanted: Filter) -> list[InstanceStatus]:
    """Return the instances that pass the filter, oldest first."""
    rows = storage.rows(
        "select id, name, input, output, custom_status, status, created, updated from instance"
        " where created >= ? and created <= ? and substr(id, 1, ?) = ? order by created, id",
        (
            wanted.created_from if wanted.created_from is not None else 0,
            wanted.created_to if wanted.created_to is not None else 2**62,
            len(wanted.prefix),
            wanted.prefix,
        ),
    )
    statuses = {status.lower() for status in wanted.statuses}
    return [_status_of(row) for row in rows if not statuses or row[5].lower() in statuses]


def decoded(text: str | None) -> Any:
    """Return the value of a JSON text; a text that is no JSON stands for itself."""
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text


def _undouble(value: Any) -> Any:
    # The SDK's start_new encodes an input twice; its own get_input undoes that, so this does too.
    return decoded(value) if isinstance(value, str) else value
