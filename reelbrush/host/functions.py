"""A function of the app as the host calls it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

ORCHESTRATION = "orchestrationTrigger"
ACTIVITY = "activityTrigger"
HTTP = "httpTrigger"
BLOB = "blobTrigger"
TIMER = "timerTrigger"
QUEUE = "queueTrigger"
DURABLE_CLIENT = "durableClient"
TRIGGERS = (ORCHESTRATION, ACTIVITY, HTTP, BLOB, TIMER, QUEUE)


@dataclass(frozen=True, slots=True)
class AppFunction:
    """One function: `trigger` is the binding type, `parameter` the name of the argument that the trigger
    fills.

    `settings` are the trigger's properties as function.json would hold them; `client_parameters` the
    arguments that take a durable client; `parameter_type` the annotation of `parameter` (None without one).
    """

    name: str
    call: Callable[..., Any]
    trigger: str
    parameter: str
    settings: dict[str, Any]
    client_parameters: tuple[str, ...] = ()
    parameter_type: Any = None
    takes_context: bool = False
    is_async: bool = False


@dataclass(frozen=True)
class FunctionTable:
    """All functions of the app; orchestrators and activities are found by name without regard to case."""

    functions: tuple[AppFunction, ...]
    _by_name: dict[tuple[str, str], AppFunction] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_name = {(function.trigger, function.name.lower()): function for function in self.functions}
        object.__setattr__(self, "_by_name", by_name)

    def find(self, trigger: str, name: str) -> AppFunction | None:
        """Return the function of that trigger type and name, or None."""
        return self._by_name.get((trigger, name.lower()))

    def missing(self, trigger: str, name: str) -> str:
        """Return what the extension says of a name for which `find` gives nothing."""
        kind = "an activity" if trigger == ACTIVITY else "an orchestrator"
        return f"The function '{name}' doesn't exist, is disabled, or is not {kind} function."

    def of(self, *triggers: str) -> Iterable[AppFunction]:
        """Yield the functions that have one of the trigger types."""
        return (function for function in self.functions if function.trigger in triggers)
