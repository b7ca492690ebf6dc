"""The product's orchestrator over activities that do what a test tells them."""

from collections.abc import Callable
from typing import Any

import azure.durable_functions as df

import orchestrators

app = df.DFApp()
app.register_functions(orchestrators.bp)

ACTIVITIES = (
    "admit_job",
    "split_video",
    "plan_job",
    "await_approval",
    "ask_compute",
    "submit_run",
    "poll_runs",
    "stitch_video",
    "finish_job",
    "cancel_runs",
    "close_job",
    "tell_event",
)
script: dict[str, Callable[[Any], Any]] = {}
calls: list[tuple[str, Any]] = []


def _add(name: str) -> None:
    def activity(request: Any) -> Any:
        calls.append((name, request))
        return script[name](request)

    activity.__name__ = name
    app.activity_trigger(input_name="request", activity=name)(activity)


for _name in ACTIVITIES:
    _add(_name)
