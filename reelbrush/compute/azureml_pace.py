"""How patiently azureml-core retries: in four layers, with up to half a minute between two tries of one call.

It cannot be asked for less, so its inner parts are changed; the package is frozen and pinned to one version.
"""

from __future__ import annotations

import functools
import importlib
from typing import Any

from reelbrush.compute.timeouts import CONNECT, READ, carried

_TRIES_AGAIN = 1
_UPLOAD_TRIES_AGAIN = 4  # of each of a snapshot's hundred files: one that is given up costs the whole upload


def hurry() -> None:
    """Let each layer try twice, a second or two apart, and the SDK's threads keep to `time_limit`.

    Once per process is enough; may be repeated.
    """
    _loop()
    _generated_clients()
    _uploads()
    _threads()


def _loop() -> None:
    client: Any = importlib.import_module("azureml._restclient.clientbase")
    client.DEFAULT_RETRIES = _TRIES_AGAIN
    client.DEFAULT_BACKOFF = 2  # after 429
    client.DEFAULT_500_BACKOFF = client.DEFAULT_503_BACKOFF = 1


def _generated_clients() -> None:
    configuration: Any = importlib.import_module("azureml._restclient.rest_client").RestClientConfiguration
    make = configuration.__init__
    if not hasattr(make, "__wrapped__"):

        @functools.wraps(make)
        def made(self: Any, *args: Any, **kwargs: Any) -> None:
            make(self, *args, **kwargs)
            self.retry_policy.retries = _TRIES_AGAIN
            self.connection.timeout = READ

        configuration.__init__ = made


def _uploads() -> None:
    snapshots: Any = importlib.import_module("azureml._restclient.snapshots_client")
    snapshots.RETRY_LIMIT = snapshots.BACKOFF_START = _TRIES_AGAIN
    storage: Any = importlib.import_module("azureml._vendor.azure_storage.blob")
    if not isinstance(storage.BlobServiceClient, functools.partial):
        storage.BlobServiceClient = functools.partial(
            storage.BlobServiceClient,
            retry_total=_UPLOAD_TRIES_AGAIN,
            initial_backoff=1,
            increment_base=1,
            connection_timeout=CONNECT,
            read_timeout=READ,
        )


def _threads() -> None:
    pool: Any = importlib.import_module("azureml._common.async_utils.worker_pool").WorkerPool
    submit = pool.submit
    if hasattr(submit, "__wrapped__"):
        return

    @functools.wraps(submit)
    def submitted(self: Any, func: Any, *args: Any, **kwargs: Any) -> Any:
        return submit(self, carried(func), *args, **kwargs)

    pool.submit = submitted
    commands: Any = importlib.import_module("azureml._execution._commands")
    make = commands.Pool

    def made(size: int) -> Any:  # of threads, one per submission, for its snapshot
        threads = make(size)
        apply = threads.apply_async
        threads.apply_async = lambda func, args=(): apply(carried(func), args)  # pyright: ignore[reportUnknownLambdaType]
        return threads

    commands.Pool = made
