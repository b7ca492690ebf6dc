"""What the backends on Azure Machine Learning have in common, whichever SDK they use."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from reelbrush.compute.port import Finding, Waiting
from reelbrush.compute.sdk_errors import translated
from reelbrush.compute.snapshot import snapshot_folder
from reelbrush.compute.timeouts import time_limit
from reelbrush.compute.workspace import Workspace
from reelbrush.errors import ComputeError
from reelbrush.settings import Settings

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_AT_ONCE = 8  # calls about single runs


class WorkspaceBackend:
    """Knows the workspace and who the app is there; asks Azure Resource Manager what no SDK is needed for.

    `code` is the folder that runs bring along, by default the app's own. Making one is cheap: nothing slow is
    imported and nobody is called.
    """

    def __init__(
        self, settings: Settings, credential: TokenCredential | None = None, code: Path | None = None
    ) -> None:
        self._settings, self._credential, self._given_code = settings, credential, code
        self._workspace = Workspace.parse(settings.workspace)

    def release(self, job: str) -> None:
        """See `Compute.release`. Runs that ended hold nothing; the workspace keeps their records."""

    def waiting(self) -> Waiting:
        """See `Compute.waiting`."""
        from reelbrush.compute.arm import Arm
        from reelbrush.compute.waiting import why_waiting

        return why_waiting(Arm(self._workspace, self._signed_in()), self._workspace, self._settings.cluster)

    def preflight(self) -> list[Finding]:
        """See `Compute.preflight`."""
        from reelbrush.compute.arm import Arm
        from reelbrush.compute.preflight import azure_preflight

        return azure_preflight(self._settings, Arm(self._workspace, self._signed_in()))

    def _signed_in(self) -> TokenCredential:
        if self._credential is None:
            from reelbrush.compute.credential import app_credential

            self._credential = app_credential()
        return self._credential

    def _code(self) -> Path:
        return self._given_code or snapshot_folder()


def each_run(call: Callable[[str], None], runs: Iterable[str], seconds: float) -> None:
    """Make the call for each run, some at once, none longer than `seconds`.

    Raises the first ComputeError when all are done.
    """

    def limited(run: str) -> ComputeError | None:
        try:
            with time_limit(seconds), translated():
                call(run)
        except ComputeError as error:
            return error
        return None

    with ThreadPoolExecutor(_AT_ONCE, "azureml") as pool:
        for error in list(pool.map(limited, runs)):
            if error is not None:
                raise error
