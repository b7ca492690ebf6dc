"""The backend on Azure Machine Learning through azure-ai-ml (SDK v2)."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reelbrush.compute.environment import scoring_environment
from reelbrush.compute.port import RunRequest, RunStatus
from reelbrush.compute.run_spec import JOB_TAG, RunSpec, run_spec
from reelbrush.compute.run_state import ENDED, run_status
from reelbrush.compute.sdk_errors import told, translated
from reelbrush.compute.timeouts import time_limit
from reelbrush.compute.workspace_backend import WorkspaceBackend, each_run
from reelbrush.settings import Settings

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

SUBMIT, ASK, STOP = 120.0, 60.0, 60.0  # seconds that a call may take, whatever the service does
_LISTED = 5000  # of a list that is longer, the service did not understand the tag


class AzureMLV2Compute(WorkspaceBackend):
    """Runs are command jobs of the workspace, whose names are ours and which carry their job as a tag.

    The first submission of a process goes alone and uploads the code, which is found again by its content;
    all others refer to it. Safe for many threads.
    """

    def __init__(
        self, settings: Settings, credential: TokenCredential | None = None, code: Path | None = None
    ) -> None:
        super().__init__(settings, credential, code)
        self._opening, self._uploading = threading.Lock(), threading.Lock()
        self._client: Any = None
        self._environment = ""  # ARM ids, known after the first submission
        self._code_id = ""

    def submit(self, request: RunRequest) -> None:
        """See `Compute.submit`."""
        spec = run_spec(self._settings, request)
        with time_limit(SUBMIT), translated():
            ml = self._open()
            if self._find(ml, spec.run) is not None:
                return
            if not self._code_id:
                with self._uploading:
                    if not self._code_id:
                        self._start_first(ml, spec)
                        return
            self._start(ml, spec, self._code_id)

    def status(self, job: str, runs: Sequence[str]) -> dict[str, RunStatus]:
        """See `Compute.status`."""
        with time_limit(ASK), translated():
            ml = self._open()
            states = self._of_job(ml, job, set(runs))
        known: dict[str, RunStatus] = {}

        def look(run: str) -> None:
            state = states.get(run) or self._find(ml, run)
            if state is not None:
                known[run] = self._status(ml, run, state)

        each_run(look, runs, STOP)
        return {run: known[run] for run in runs if run in known}

    def cancel(self, job: str, runs: Sequence[str] = ()) -> None:
        """See `Compute.cancel`. Raises ComputeError when any of them was not asked to stop."""
        with time_limit(STOP), translated():
            ml = self._open()
            states = self._of_job(ml, job)

        each_run(lambda run: self._stop(ml, run, states.get(run)), dict.fromkeys([*states, *runs]), STOP)

    def stop(self, job: str, run: str) -> None:
        """See `Compute.stop`."""
        with time_limit(STOP), translated():
            self._stop(self._open(), run)

    def log_tail(self, run: str, lines: int = 20) -> str:
        """See `Compute.log_tail`."""
        from reelbrush.compute.azureml_logs import tail

        with time_limit(ASK), translated():
            details = self._details(self._open(), run)
            return tail(dict(details.log_files or {}), lines) if details is not None else ""

    def _open(self) -> Any:
        with self._opening:
            if self._client is None:
                from reelbrush.compute.v2_sdk import open_workspace

                self._client = open_workspace(self._workspace, self._signed_in())
            return self._client

    def _start_first(self, ml: Any, spec: RunSpec) -> None:
        """Start a run that brings the code and needs the environment; the others then refer to both."""
        from reelbrush.compute.v2_sdk import registered_environment

        if not self._environment:
            self._environment = registered_environment(
                ml, self._workspace, scoring_environment(self._settings)
            )
        started = self._start(ml, spec, self._code())
        if started is not None:
            self._code_id = str(started.code)

    def _start(self, ml: Any, spec: RunSpec, code: str | Path) -> Any | None:
        """Start a run; return the job that the service made, None when a look found it there already."""
        from reelbrush.compute.v2_sdk import run_command

        job = run_command(
            spec,
            environment=self._environment,
            code=code,
            cluster_id=f"{self._workspace.arm_id}/computes/{spec.cluster}",
        )
        try:
            return ml.jobs.create_or_update(job)
        except Exception:
            # the answer may be lost although the run was started, or another delivery was faster
            if self._find(ml, spec.run) is None:
                raise
        return None

    def _of_job(self, ml: Any, job: str, wanted: set[str] | None = None) -> dict[str, str]:
        """Return the state of each run of the job by one query, which ends when all `wanted` are found."""
        states: dict[str, str] = {}
        for run in islice(ml.jobs.list(tag=f"{JOB_TAG}={job}"), _LISTED):
            if run is not None and (run.tags or {}).get(JOB_TAG) == job:
                states[str(run.name)] = _state(run)
            if wanted is not None and wanted <= states.keys():
                break
        return states

    def _find(self, ml: Any, run: str) -> str | None:
        """Return the run's state, None when the workspace has no such run."""
        try:
            return _state(ml.jobs.get(run))
        except Exception as error:
            if told(error)[2] == 404:
                return None
            raise

    def _stop(self, ml: Any, run: str, known: str | None = None) -> None:
        state = known or self._find(ml, run)
        if state is None or state in (*ENDED, "CancelRequested"):
            return
        try:
            # waiting for the end would take minutes; the service stops it without being watched
            ml.jobs.begin_cancel(run, polling=False)
        except Exception:
            if self._find(ml, run) not in (*ENDED, "CancelRequested", None):
                raise

    def _details(self, ml: Any, run: str) -> Any | None:
        """Return what the run history knows, which the job itself does not tell: errors, times, log files."""
        try:
            return ml.jobs._runs_operations.get_run_details(run)
        except Exception as error:
            if told(error)[2] == 404:
                return None
            raise

    def _status(self, ml: Any, run: str, state: str) -> RunStatus:
        limit = self._settings.run_seconds
        details = self._details(ml, run) if state in ("Failed", "Canceled") else None
        if details is None:
            return run_status(run, state, limit=limit)
        error = getattr(details.error, "error", None)
        began, ended = details.start_time_utc, details.end_time_utc
        return run_status(
            run,
            state,
            str(getattr(error, "message", None) or ""),
            str(getattr(error, "code", None) or ""),
            seconds=(ended - began).total_seconds() if began and ended else None,
            limit=limit,
        )


def _state(job: Any) -> str:
    """Return a job's state as the service spells it; the SDK gives some as members of an enumeration."""
    return str(getattr(job.status, "value", job.status))
