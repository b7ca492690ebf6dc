"""The app of the cluster benchmarks in a process of its own, with a meter in its embedded host.

    python benchmarks/cluster_app.py DATA CONNECTION METERED JOB...

Serves the app until all jobs have ended, then writes what it measured to METERED as JSON: every turn of an
orchestrator, every look at the cluster, the largest payloads, and the memory over time. CONNECTION names
the variable that holds the account's connection string; settings come from the environment.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from reelbrush.host import Host, turns  # noqa: E402
from reelbrush.host.invoker import Invoker  # noqa: E402
from reelbrush.host.payload_lint import PayloadLint  # noqa: E402

WAIT_SECONDS = 3600.0


@dataclass
class Turn:
    """One turn of an orchestrator."""

    at: float  # time.monotonic() when it began
    instance: str
    execution: str
    events: int  # of the history that was replayed
    input: int  # characters of JSON
    status: int  # UTF-16 units of the custom status' JSON, as Durable Functions counts
    replay: float  # seconds until the orchestrator's answer
    cpu: float  # seconds of a core that the orchestrator's code took
    seconds: float = 0.0  # with reading the history and committing what follows


@dataclass
class Metered:
    """What the meter saw."""

    turns: list[Turn] = field(default_factory=list[Turn])
    looks: list[tuple[str, float, float]] = field(default_factory=list[tuple[str, float, float]])
    payloads: dict[str, int] = field(default_factory=dict[str, int])  # function and role -> most bytes
    activities: dict[str, list[float]] = field(default_factory=dict[str, list[float]])  # seconds of calls
    memory: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])  # MiB
    jobs: dict[str, Any] = field(default_factory=dict[str, Any])  # runtime status, output, custom status
    cpu: float = 0.0  # seconds of this process
    findings: list[str] = field(default_factory=list[str])  # payloads that the host warns of


def install(meter: Metered) -> None:
    """Measure from now on. The host has no seams for that, so its functions are wrapped."""
    real_call, real_turn = turns.call_orchestrator, turns.TurnDispatcher.take_turn
    real_check, real_invoke, real_thread = PayloadLint.check, Invoker.call, Invoker._in_thread  # pyright: ignore[reportPrivateUsage]
    used = [0.0]

    async def call(functions: Any, invoker: Any, instance: Any, history: Any, *, replaying: bool) -> Any:
        began = time.monotonic()
        answer = await real_call(functions, invoker, instance, history, replaying=replaying)
        took = time.monotonic() - began
        status = json.dumps(answer.get("customStatus"), ensure_ascii=False).encode("utf-16-le")
        size = len(instance.input or "")
        texts = len(history), size, len(status) // 2
        turn = Turn(began, instance.id, instance.execution, *texts, took, used[0])
        meter.turns.append(turn)
        return answer

    def in_thread(self: Any, function: Any) -> Any:  # replays alone, since all activities are asynchronous
        def timed() -> Any:
            began = time.thread_time()
            try:
                return function()
            finally:
                used[0] = time.thread_time() - began

        return real_thread(self, timed)

    async def take(self: Any, instance_id: str) -> None:
        before, began = len(meter.turns), time.monotonic()
        await real_turn(self, instance_id)
        if len(meter.turns) > before:  # one at a time is taken
            meter.turns[-1].seconds = time.monotonic() - began

    def check(self: Any, function: str, role: str, instance_id: str, payload: str | None) -> None:
        name = f"{function} {role}"
        meter.payloads[name] = max(meter.payloads.get(name, 0), len((payload or "").encode()))
        real_check(self, function, role, instance_id, payload)

    async def invoke(self: Any, function: Any, argument: Any) -> Any:
        began = time.monotonic()
        try:
            return await real_invoke(self, function, argument)
        finally:
            ended = time.monotonic()
            meter.activities.setdefault(function.name, []).append(round(ended - began, 4))
            if function.name == "poll_runs":
                meter.looks.append((argument["job"], began, ended))

    turns.call_orchestrator = call
    turns.TurnDispatcher.take_turn = take
    PayloadLint.check = check  # type: ignore[method-assign]
    Invoker.call = invoke  # type: ignore[method-assign]
    Invoker._in_thread = in_thread  # type: ignore[method-assign]


def watch_memory(meter: Metered, stop: threading.Event) -> None:
    """Note the resident memory of this process twice a second."""
    process = psutil.Process()
    while not stop.wait(0.5):
        meter.memory.append((time.monotonic(), round(process.memory_info().rss / 2**20, 1)))


async def serve(data: Path, connection: str, jobs: list[str], meter: Metered) -> None:
    """Run the host until all jobs have ended."""
    connections = {"ReelbrushStorage": connection}
    host = Host(ROOT, data, store_root=None, connections=connections, poll_seconds=1.0)
    async with host:
        for job in jobs:
            ended = await host.wait(job, timeout=WAIT_SECONDS)
            meter.jobs[job] = {
                "status": ended.runtime_status,
                "output": ended.output,
                "customStatus": ended.custom_status,
            }
            print(f"{job}: {ended.runtime_status}", file=sys.stderr, flush=True)
        meter.findings = [str(finding) for finding in host.lint_findings]


def main() -> None:
    """Serve, measure, write."""
    data, connection, metered, *jobs = sys.argv[1:]
    meter, stop = Metered(), threading.Event()
    install(meter)
    threading.Thread(target=watch_memory, args=(meter, stop), daemon=True).start()
    asyncio.run(serve(Path(data), os.environ[connection], jobs, meter))
    stop.set()
    times = psutil.Process().cpu_times()
    meter.cpu = round(times.user + times.system, 1)
    Path(metered).write_text(json.dumps(asdict(meter)))


if __name__ == "__main__":
    main()
