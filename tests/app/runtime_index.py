"""Indexes the app with `azure-functions-runtime`, the library inside production workers on Python 3.13.

Run by a Python that has it: `python tests/app/runtime_index.py FOLDER` prints a JSON list of {name,
bindings}, or fails with the worker's own words. The library gets its protobuf classes from the worker around
it; here they are plain objects, since nothing is sent anywhere.
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
        if name.startswith("__"):
            raise AttributeError(name)
        return None


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


async def indexed(folder: str) -> list[dict[str, Any]]:
    """Return the functions that a production worker finds in `folder`; exits when none is."""
    import azure_functions_runtime as runtime

    properties = {"protos": Messages(), "host": "127.0.0.1"}
    start = Message(worker_init_request=Message(capabilities={}, function_app_directory=folder))
    started = await runtime.worker_init_request(Message(request=start, properties=properties))
    if started.result.status != StatusResult.Success:
        sys.exit(str(started.result.exception.message))
    ask = Message(functions_metadata_request=Message(function_app_directory=folder))
    answer = await runtime.functions_metadata_request(Message(request=ask, properties=properties))
    if answer.result.status != StatusResult.Success or not answer.function_metadata_results:
        sys.exit("the worker finds no function")
    return [
        {"name": found.name, "bindings": [json.loads(binding) for binding in found.raw_bindings]}
        for found in answer.function_metadata_results
    ]


if __name__ == "__main__":
    app = os.path.abspath(sys.argv[1])
    sys.path.insert(0, app)
    os.chdir(app)
    print(json.dumps(asyncio.run(indexed(app))))
