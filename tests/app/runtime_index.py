"""Indexes the app with `azure-functions-runtime`, the library inside production workers on Python 3.13.

Run by a Python that has it: `python tests/app/runtime_index.py FOLDER [NAME=URL ...]` prints a JSON document
{"functions": [{name, bindings}], "answers": {name: [status, content type, start of the body]}}, the latter of
calling the HTTP functions NAME, or fails with the worker's own words. The library gets its protobuf classes
from the worker around it; here they are plain objects, since nothing is sent anywhere.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any


class Message:
    """Stands for any protobuf message: fields by keyword, all others are None."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "TypedData":  # the library probes for it
            raise AttributeError(name)
        return None

    def WhichOneof(self, group: str) -> str | None:
        """Return the field of a union that is set."""
        return next((field for field in self.__dict__ if field != "name"), None)


class StatusResult(Message):
    """Carries the numbers of its enum, as protobuf classes do."""

    Failure, Success = 0, 1


class BindingInfo(Message):
    """Directions and data types have the numbers of FunctionRpc.proto."""

    out, inout = 1, 2
    undefined, string, binary, stream = 0, 1, 2, 3


setattr(BindingInfo, "in", 0)


class Messages:
    """The module of protobuf classes."""

    StatusResult, BindingInfo = StatusResult, BindingInfo

    def __getattr__(self, name: str) -> type[Message]:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (Message,), {})


async def worked(folder: str, calls: list[str]) -> dict[str, Any]:
    """Return what a production worker finds in `folder` and answers; exits when it finds nothing."""
    import azure_functions_runtime as runtime

    properties = {"protos": Messages(), "host": "127.0.0.1"}
    runtime.start_threadpool_executor()
    start = Message(worker_init_request=Message(capabilities={}, function_app_directory=folder))
    started = await runtime.worker_init_request(Message(request=start, properties=properties))
    if started.result.status != StatusResult.Success:
        sys.exit(str(started.result.exception.message))
    ask = Message(functions_metadata_request=Message(function_app_directory=folder))
    answer = await runtime.functions_metadata_request(Message(request=ask, properties=properties))
    if answer.result.status != StatusResult.Success or not answer.function_metadata_results:
        sys.exit("the worker finds no function")
    functions = {found.name: found for found in answer.function_metadata_results}
    answers: dict[str, Any] = {}
    for name, _, url in (call.partition("=") for call in calls):
        request = Message(request=_http_call(functions[name], url), properties=properties)
        done = await runtime.invocation_request(request)
        if done.result.status != StatusResult.Success:
            sys.exit(str(done.result.exception.message))
        http = done.return_value.http
        headers = {key.lower(): value for key, value in http.headers.items()}
        answers[name] = [int(http.status_code), headers["content-type"], http.body.bytes[:2000].decode()]
    runtime.stop_threadpool_executor()
    found = [
        {"name": name, "bindings": [json.loads(binding) for binding in function.raw_bindings]}
        for name, function in functions.items()
    ]
    return {"functions": found, "answers": answers}


def _http_call(function: Message, url: str) -> Message:
    empty = Message(bytes=b"")
    http = Message(method="GET", url=url, headers={}, params={}, query={}, body=empty)
    client = {
        "taskHubName": "hub",
        "creationUrls": {},
        "managementUrls": {},
        "rpcBaseUrl": "http://127.0.0.1:1/",
    }
    data = {"httpTrigger": Message(http=http), "durableClient": Message(string=json.dumps(client))}
    bindings = [json.loads(binding) for binding in function.raw_bindings]
    inputs = [Message(name=b["name"], data=data[b["type"]]) for b in bindings if b["type"] in data]
    return Message(
        invocation_request=Message(
            invocation_id="1",
            function_id=function.function_id,
            input_data=inputs,
            trigger_metadata={},
            trace_context=Message(trace_parent="", trace_state="", attributes={}),
            retry_context=Message(retry_count=0, max_retry_count=0, exception=Message()),
        )
    )


if __name__ == "__main__":
    app = os.path.abspath(sys.argv[1])
    sys.path.insert(0, app)
    os.chdir(app)
    print(json.dumps(asyncio.run(worked(app, sys.argv[2:]))))
