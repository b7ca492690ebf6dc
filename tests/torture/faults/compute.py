"""The Compute port with faults on the way to the cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reelbrush.compute import Compute, RunRequest, RunStatus
from reelbrush.compute.port import Finding, Waiting
from reelbrush.errors import ComputeError
from tests.torture.faults.lives import Life
from tests.torture.faults.places import Injector
from tests.torture.faults.ports import Meddler, Port


def failure(message: str, retryable: bool, code: str) -> ComputeError:
    """Return the error of a cluster that cannot be asked."""
    return ComputeError(f"the cluster: {message}", retryable=retryable, code=code or None)


class FaultyCompute:
    """Passes every call on to `inner`, as the process of `life`, unless a fault is due."""

    def __init__(
        self,
        inner: Compute,
        injector: Injector,
        life: Life,
        meddler: Meddler,
        before_status: Callable[[], None] | None = None,
    ) -> None:
        """`before_status` is called before each question about runs."""
        self._inner, self._before_status = inner, before_status
        self._port = Port(injector, life, meddler, failure)

    def submit(self, request: RunRequest) -> None:
        """See `Compute.submit`."""
        self._call("submit", request.run, lambda: self._inner.submit(request))

    def status(self, job: str, runs: Sequence[str]) -> dict[str, RunStatus]:
        """See `Compute.status`."""
        if self._before_status is not None:
            self._before_status()
        return self._port.call(
            "status", job, lambda: self._inner.status(job, runs), {"stale": dict[str, RunStatus]}
        )

    def cancel(self, job: str, runs: Sequence[str] = ()) -> None:
        """See `Compute.cancel`."""
        self._call("cancel", job, lambda: self._inner.cancel(job, runs))

    def stop(self, job: str, run: str) -> None:
        """See `Compute.stop`."""
        self._call("stop", run, lambda: self._inner.stop(job, run))

    def release(self, job: str) -> None:
        """See `Compute.release`."""
        self._call("release", job, lambda: self._inner.release(job))

    def log_tail(self, run: str, lines: int = 20) -> str:
        """See `Compute.log_tail`."""
        return self._port.call("log_tail", run, lambda: self._inner.log_tail(run, lines))

    def waiting(self) -> Waiting:
        """See `Compute.waiting`."""
        return self._port.call("waiting", "", self._inner.waiting)

    def preflight(self) -> list[Finding]:
        """See `Compute.preflight`."""
        return self._inner.preflight()

    def _call(self, operation: str, name: str, do: Callable[[], None]) -> None:
        def twice() -> None:
            do()
            do()

        self._port.call(operation, name, do, {"twice": twice})
