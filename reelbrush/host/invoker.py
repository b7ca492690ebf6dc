"""Calls the app's functions: asynchronous ones on the event loop, synchronous ones in one pool of threads.

Orchestrators are synchronous too and share that pool with activities, as in the Python worker: activities
that wait without being `async` keep orchestrations from advancing.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
import uuid
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from reelbrush.host.functions import AppFunction


class FunctionTimeout(Exception):
    """A function ran longer than host.json's functionTimeout allows."""


class InvocationContext:
    """What a parameter named `context` receives: the invocation's id and the function's name and folder."""

    thread_local_storage = threading.local()
    trace_context = None
    retry_context = None

    def __init__(self, function_name: str, function_directory: str) -> None:
        self.invocation_id = str(uuid.uuid4())
        self.function_name = function_name
        self.function_directory = function_directory


class Invoker:
    """Runs functions and knows how many are running."""

    def __init__(self, folder: str, max_threads: int | None, timeout: float | None) -> None:
        """`max_threads` is the pool's size (None: the worker's default), `timeout` in seconds (None: no
        limit).
        """
        self.client_binding = ""
        self.running = 0
        self.on_idle: Callable[[], None] = lambda: None
        self._folder = folder
        self._timeout = timeout
        threads = max_threads or min(32, (os.cpu_count() or 1) + 4)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="function")

    async def call(self, function: AppFunction, argument: Any) -> Any:
        """Call a function with its trigger's argument and return what it returns.

        Raises:
            FunctionTimeout: it ran too long; a synchronous function goes on in its thread, its result is
                dropped.
            Exception: whatever the function raised.
        """
        arguments = {function.parameter: argument}
        arguments.update((name, self.client_binding) for name in function.client_parameters)
        if function.takes_context:
            arguments["context"] = InvocationContext(function.name, self._folder)
        self.running += 1
        # A TimeoutError of the function's own must not be mistaken for the limit.
        task = asyncio.create_task(self._run(function, arguments))
        try:
            done, _ = await asyncio.wait((task,), timeout=self._timeout)
            if not done:
                raise FunctionTimeout(
                    f"Timeout value of {self._timeout} s was exceeded by function: {function.name}"
                )
            return task.result()
        finally:
            task.cancel()
            self.running -= 1
            if not self.running:
                self.on_idle()

    async def replay(self, function: AppFunction, body: str) -> str:
        """Call an orchestrator with the JSON text of its context and return its state's JSON text."""
        from azure.functions.durable_functions import OrchestrationTriggerConverter
        from azure.functions.meta import Datum

        context = OrchestrationTriggerConverter.decode(Datum(body, "string"), trigger_metadata=None)
        with _surviving_exit(function):
            return await self._in_thread(lambda: function.call(context))

    async def _run(self, function: AppFunction, arguments: dict[str, Any]) -> Any:
        with _surviving_exit(function):
            if function.is_async:
                return await function.call(**arguments)
            return await self._in_thread(lambda: function.call(**arguments))

    def close(self) -> None:
        """Take no more calls; threads that still run a function are left alone."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _in_thread(self, call: Callable[[], Any]) -> asyncio.Future[Any]:
        context = contextvars.copy_context()
        return asyncio.get_running_loop().run_in_executor(self._pool, context.run, call)


@contextmanager
def _surviving_exit(function: AppFunction) -> Generator[None]:
    try:
        yield
    except SystemExit as error:
        # It would end the event loop, and the host with it.
        raise RuntimeError(f"'{function.name}' called sys.exit({error.code})") from error
