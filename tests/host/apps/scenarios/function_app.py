"""Orchestrations that go through every corner of the durable protocol."""

import asyncio
import datetime as dt
import os
import sys
import threading
import time
from collections import Counter

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
TRIES: Counter = Counter()
BROKEN: set = set()
ROUND, GO_ROUND = threading.Event(), threading.Event()


@app.orchestration_trigger(context_name="context")
def pipeline(context):
    given = context.get_input()
    context.set_custom_status({"stage": "split"})
    parts = yield context.call_activity("split", given["n"])
    context.set_custom_status({"stage": "score", "total": len(parts)})
    options = df.RetryOptions(50, 3)
    scored = yield context.task_all(
        [context.call_activity_with_retry("flaky", options, [given["key"], part]) for part in parts]
    )
    waited = yield context.call_sub_orchestrator("poll", {"times": 3})
    context.set_custom_status({"stage": "done"})
    return {"scored": scored, "waited": waited}


@app.orchestration_trigger(context_name="context")
def poll(context):
    times = context.get_input()["times"]
    for _ in range(times):
        yield context.create_timer(context.current_utc_datetime + dt.timedelta(milliseconds=30))
    return times


@app.orchestration_trigger(context_name="context")
def poll_for_hours(context):
    for _ in range(36):
        yield context.call_activity("split", 1)
        yield context.create_timer(context.current_utc_datetime + dt.timedelta(minutes=10))
    return context.current_utc_datetime.isoformat()


@app.orchestration_trigger(context_name="context")
def wait_for_weeks(context):
    yield context.create_timer(context.current_utc_datetime + dt.timedelta(days=15))
    return "woken"


@app.orchestration_trigger(context_name="context")
def all_tries_fail(context):
    try:
        yield context.call_activity_with_retry("boom", df.RetryOptions(20, 2), 1)
    except Exception as error:
        follow_up = yield context.call_activity("split", 1)
        return {"caught": str(error), "follow_up": follow_up}


@app.orchestration_trigger(context_name="context")
def approval(context):
    timer = context.create_timer(context.current_utc_datetime + dt.timedelta(seconds=30))
    event = context.wait_for_external_event("go")
    winner = yield context.task_any([timer, event])
    if winner == event:
        timer.cancel()
        return {"got": event.result}
    return "timeout"


@app.orchestration_trigger(context_name="context")
def approval_leaving_timer_open(context):
    timer = context.create_timer(context.current_utc_datetime + dt.timedelta(seconds=1.5))
    event = context.wait_for_external_event("go")
    yield context.task_any([timer, event])
    return "ok"


@app.orchestration_trigger(context_name="context")
def race_activities_with_event(context):
    cancel = context.wait_for_external_event("cancel")
    for turn in range(3):
        activity = context.call_activity("slow", 0.8)
        winner = yield context.task_any([activity, cancel])
        if winner == cancel:
            result = yield context.call_activity("split", 2)
            return {"cancelled_at": turn, "result": result}
    return "finished"


@app.orchestration_trigger(context_name="context")
def counter(context):
    count = context.get_input()
    yield context.call_activity("split", 1)
    if count < 3:
        context.continue_as_new(count + 1)
        return None
    return count


@app.orchestration_trigger(context_name="context")
def goes_round(context):
    yield context.call_activity("split", 1)
    ROUND.set()
    GO_ROUND.wait(30)
    context.continue_as_new(None)


@app.orchestration_trigger(context_name="context")
def collector(context):
    seen = context.get_input()
    data = yield context.wait_for_external_event("item")
    if len(seen) < 2:
        context.continue_as_new([*seen, data])
        return None
    return [*seen, data]


@app.orchestration_trigger(context_name="context")
def fails_fast(context):
    yield context.task_all([context.call_activity("boom", 1), context.call_activity("slow", 0.8)])


@app.orchestration_trigger(context_name="context")
def early_events(context):
    yield context.call_activity("slow", 1.0)
    first = yield context.wait_for_external_event("e")
    second = yield context.wait_for_external_event("e")
    return [first, second]


@app.orchestration_trigger(context_name="context")
def status_of_size(context):
    context.set_custom_status("x" * context.get_input())
    yield context.call_activity("split", 1)
    return "fine"


@app.orchestration_trigger(context_name="context")
def falsy_status(context):
    context.set_custom_status({"a": 1})
    yield context.call_activity("split", 1)
    context.set_custom_status({})
    yield context.call_activity("split", 1)
    return "fine"


@app.orchestration_trigger(context_name="context")
def parent_of_failing(context):
    before = yield context.call_activity("counted", "before")
    child = yield context.call_sub_orchestrator(
        "failing_child", None, instance_id=context.instance_id + "-child"
    )
    after = yield context.call_activity("counted", "after")
    return [before, child, after]


@app.orchestration_trigger(context_name="context")
def failing_child(context):
    first = yield context.call_activity("counted", "child")
    options = df.RetryOptions(10, 2)
    others = [
        context.call_activity_with_retry("breakable", options, name) for name in ("one", "two", "three")
    ]
    parts = yield context.task_all(others)
    return [first, *parts]


@app.orchestration_trigger(context_name="context")
def raises_itself(context):
    yield context.call_activity("counted", "step")
    if "orchestrator" in BROKEN:
        raise RuntimeError("a bug in the orchestrator")
    return "repaired"


@app.orchestration_trigger(context_name="context")
def changed_code(context):
    yield context.call_activity("split" if "changed" not in BROKEN else "counted", 1)
    yield context.create_timer(context.current_utc_datetime + dt.timedelta(milliseconds=600))
    return "same"


@app.orchestration_trigger(context_name="context")
def unknown_activity(context):
    yield context.call_activity("no_such_activity", 1)


@app.orchestration_trigger(context_name="context")
def one_activity(context):
    given = context.get_input()
    result = yield context.call_activity(given["name"], given["input"])
    return result


@app.orchestration_trigger(context_name="context")
def wide(context):
    results = yield context.task_all([context.call_activity("split", 1) for _ in range(context.get_input())])
    return len(results)


@app.orchestration_trigger(context_name="context")
def crash_test(context):
    results = []
    for wave in range(context.get_input()):
        results += yield context.task_all([context.call_activity("logged", f"{wave}.{j}") for j in range(4)])
        yield context.create_timer(context.current_utc_datetime + dt.timedelta(milliseconds=50))
    return results


@app.activity_trigger(input_name="n")
def split(n: int) -> list:
    return list(range(n))


@app.activity_trigger(input_name="arg")
def flaky(arg: list) -> int:
    key = tuple(arg)
    TRIES[key] += 1
    if arg[1] % 3 == 0 and TRIES[key] < 3:
        raise RuntimeError(f"try {TRIES[key]}")
    return arg[1] * 10


@app.activity_trigger(input_name="x")
def boom(x: int) -> int:
    raise ValueError("boom")


@app.activity_trigger(input_name="code")
def exits(code: int) -> None:
    sys.exit(code)


@app.activity_trigger(input_name="code")
async def exits_later(code: int) -> None:
    await asyncio.sleep(0)
    sys.exit(code)


@app.activity_trigger(input_name="s")
async def slow(s: float) -> float:
    TRIES["slow"] += 1
    await asyncio.sleep(s)
    return s


@app.activity_trigger(input_name="s")
def blocking(s: float) -> float:
    time.sleep(s)
    TRIES["blocking"] += 1
    return s


@app.activity_trigger(input_name="name")
def counted(name: str) -> str:
    TRIES[name] += 1
    return name


@app.activity_trigger(input_name="name")
def breakable(name: str) -> str:
    TRIES[name] += 1
    if name in BROKEN:
        raise RuntimeError(f"{name} is broken")
    return name


@app.activity_trigger(input_name="size")
def text_of_size(size: int) -> str:
    return "x" * size


@app.activity_trigger(input_name="key")
def logged(key: str) -> str:
    time.sleep(0.05)
    with open(os.environ["CRASH_LOG"], "a") as log:
        log.write(key + "\n")
    return key


@app.route(route="start/{name}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    instance_id = await client.start_new(req.route_params["name"], None, req.get_json())
    return client.create_check_status_response(req, instance_id)
