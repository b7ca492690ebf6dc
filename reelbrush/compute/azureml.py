"""The backend on Azure Machine Learning through azureml-core (SDK v1)."""

from __future__ import annotations

import logging
import shlex
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reelbrush.compute.azureml_logs import tail
from reelbrush.compute.causes import known_cause
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

    from reelbrush.compute.azureml_sdk import Connection

SUBMIT, ASK, STOP = 120.0, 60.0, 60.0  # seconds that a call may take, whatever the service does
log = logging.getLogger("reelbrush.compute")


class AzureMLCompute(WorkspaceBackend):
    """Runs are runs of one experiment, whose ids are ours and which carry their job as a tag.

    Tags are written by the SDK after a run was started, so a run may lack them for ever when that is cut
    short: the id is the truth, and whoever finds a run without its tag repairs it. Safe for many threads.
    """

    def __init__(
        self, settings: Settings, credential: TokenCredential | None = None, code: Path | None = None
    ) -> None:
        super().__init__(settings, credential, code)
        self._connecting, self._uploading = threading.Lock(), threading.Lock()
        self._connection: Connection | None = None
        self._uploaded = False  # the snapshot, by a submission of this process

    def submit(self, request: RunRequest) -> None:
        """See `Compute.submit`."""
        spec = run_spec(self._settings, request)
        with time_limit(SUBMIT), translated():
            at = self._connect()
            if self._adopted(at, spec):
                return
            if not self._uploaded:
                with self._uploading:  # submissions at the same time would each upload the snapshot
                    if not self._uploaded:
                        self._start(at, spec)
                        self._uploaded = True
                        return
            self._start(at, spec)

    def status(self, job: str, runs: Sequence[str]) -> dict[str, RunStatus]:
        """See `Compute.status`."""
        with time_limit(ASK), translated():
            at = self._connect()
            found = {run.id: run for run in self._of_job(at, job)}
            unseen = [run for run in runs if run not in found]

        def look(run: str) -> None:
            single = self._find(at, run)
            if single is not None:
                found[run] = single
                self._repair(single, {JOB_TAG: job})

        each_run(look, unseen, STOP)
        return {run: self._status(found[run]) for run in runs if run in found}

    def cancel(self, job: str, runs: Sequence[str] = ()) -> None:
        """See `Compute.cancel`. Raises ComputeError when any of them lives on without being asked to stop."""
        with time_limit(STOP), translated():
            at = self._connect()
            tagged = {run.id: run for run in self._of_job(at, job)}

        each_run(lambda run: self._stop(at, run, tagged.get(run)), dict.fromkeys([*tagged, *runs]), STOP)

    def stop(self, job: str, run: str) -> None:
        """See `Compute.stop`."""
        with time_limit(STOP), translated():
            self._stop(self._connect(), run)

    def log_tail(self, run: str, lines: int = 20) -> str:
        """See `Compute.log_tail`."""
        with time_limit(ASK), translated():
            found = self._find(self._connect(), run)
            return tail(found.get_details().get("logFiles", {}), lines) if found is not None else ""

    def _connect(self) -> Connection:
        with self._connecting:
            if self._connection is None:
                from reelbrush.compute.azureml_sdk import connect

                environment = scoring_environment(self._settings)
                self._connection = connect(self._workspace, self._signed_in(), environment)
            return self._connection

    def _start(self, at: Connection, spec: RunSpec) -> None:
        try:
            at.experiment.submit(_configured(at, spec, self._code()), tags=spec.tags, run_id=spec.run)
        except Exception:
            # the answer may be lost although the run was started, or another delivery was faster
            if not self._adopted(at, spec):
                raise

    def _adopted(self, at: Connection, spec: RunSpec) -> bool:
        run = self._find(at, spec.run)
        if run is not None:
            self._repair(run, spec.tags)
        return run is not None

    def _repair(self, run: Any, tags: dict[str, str]) -> None:
        if any(run.tags.get(name) != value for name, value in tags.items()):
            try:
                run.set_tags(tags)
            except Exception as error:
                log.warning("the run %s could not be tagged: %s", run.id, type(error).__name__)

    def _of_job(self, at: Connection, job: str) -> Iterable[Any]:
        return at.core.Run.list(at.experiment, tags={JOB_TAG: job})

    def _find(self, at: Connection, run: str) -> Any | None:
        try:
            return at.core.Run(at.experiment, run, clean_up=False)
        except Exception as error:
            if told(error)[2] == 404:
                return None
            raise

    def _stop(self, at: Connection, run: str, known: Any | None = None) -> None:
        found = known or self._find(at, run)
        if found is None or found.status in (*ENDED, "CancelRequested"):
            return
        found.cancel()
        # the SDK does not look at what the service answers to it
        if found.get_status() not in (*ENDED, "CancelRequested", "Finalizing"):
            raise known_cause("unavailable", f"the run {run} was asked to stop and goes on").error()

    def _status(self, run: Any) -> RunStatus:
        known = run._client.run_dto  # of the list's own answer; the public ways ask again for each run
        error = getattr(known.error, "error", None)
        took = (
            known.end_time_utc - known.start_time_utc if known.end_time_utc and known.start_time_utc else None
        )
        return run_status(
            run.id,
            run.status,
            str(getattr(error, "message", None) or ""),
            str(getattr(error, "code", None) or ""),
            seconds=took.total_seconds() if took else None,
            limit=self._settings.run_seconds,
        )


def _configured(at: Connection, spec: RunSpec, code: Path) -> Any:
    """Return the configuration of a run. What differs between runs never goes into the shared environment."""
    runconfig: Any = at.core.runconfig
    spread = runconfig.MpiConfiguration(spec.processes, spec.nodes) if spec.distributed else None
    configured = at.core.ScriptRunConfig(
        source_directory=str(code),
        command=shlex.join(spec.command),  # of a list the SDK would make one line without quoting
        compute_target=spec.cluster,
        environment=at.environment,
        distributed_job_config=spread,
        max_run_duration_seconds=spec.seconds,
        docker_runtime_config=runconfig.DockerConfiguration(use_docker=True),
    )
    configured.run_config.environment_variables = dict(spec.environment)
    if spec.instance_type:
        configured.run_config.kubernetescompute.instance_type = spec.instance_type
    return configured
