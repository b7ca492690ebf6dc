"""One replay of an orchestrator's code: from its history to the SDK's answer."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import Any

from reelbrush.host.functions import ORCHESTRATION, FunctionTable
from reelbrush.host.history import Event
from reelbrush.host.invoker import Invoker

logger = logging.getLogger(__name__)

_FAILURE_STATE = "\n\n$OutOfProcData$:"


@dataclass(frozen=True, slots=True)
class Execution:
    """The present execution of an instance; `execution` is its id, `input` JSON text."""

    id: str
    name: str
    execution: str
    input: str | None
    parent: str | None
    status: str


async def call_orchestrator(
    functions: FunctionTable, invoker: Invoker, instance: Execution, history: list[Event], *, replaying: bool
) -> dict[str, Any]:
    """Replay an orchestrator and return the SDK's state: isDone, actions, output, error, customStatus.

    `replaying` is False in an execution's first turn only. A failure to replay is an answer with an error.
    """
    body = {
        "history": history,
        "input": None if instance.input is None else json.loads(instance.input),
        "instanceId": instance.id,
        "isReplaying": replaying,
        "parentInstanceId": instance.parent,
        "upperSchemaVersion": 1,
        "upperSchemaVersionNew": 2,
        "longRunningTimerIntervalDuration": "3.00:00:00",
        "maximumShortTimerDuration": "6.00:00:00",
        # The extension spells it so.
        "defaultHttpAsyncRequestSleepTimeMillseconds": 30000,
    }
    function = functions.find(ORCHESTRATION, instance.name)
    if function is None:
        return _failed(functions.missing(ORCHESTRATION, instance.name))
    try:
        return json.loads(await invoker.replay(function, json.dumps(body)))
    except Exception as error:
        # The SDK reports a failed orchestrator as an exception whose message ends with its state.
        message, label, state = str(error).partition(_FAILURE_STATE)
        if label:
            return json.loads(state)
        logger.warning(
            "orchestrator '%s' (%s) broke outside its own code", instance.name, instance.id, exc_info=True
        )
        return _failed(f"{type(error).__name__}: {message}")


def _failed(error: str) -> dict[str, Any]:
    return {"isDone": False, "actions": [[]], "error": error}
