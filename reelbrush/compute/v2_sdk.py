"""azure-ai-ml (SDK v2): opening the workspace, what a run is in its words, the runs' environment.

Nothing of it is imported before one of these functions is called: importing takes two seconds.
"""

from __future__ import annotations

import importlib
import logging
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reelbrush.compute.environment import ScoringEnvironment
from reelbrush.compute.own_folder import need_home
from reelbrush.compute.run_spec import EXPERIMENT, IDENTITY, RunSpec
from reelbrush.compute.sdk_errors import told
from reelbrush.compute.timeouts import CONNECT, READ, limit_requests
from reelbrush.compute.v2_upload import limit_uploads
from reelbrush.compute.workspace import Workspace

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

RETRIES = 2  # of one request; the orchestration tries again by itself, and patiently
PAUSE = 5.0  # longest time in seconds between two tries, whatever the service asks for


def open_workspace(workspace: Workspace, credential: TokenCredential) -> Any:
    """Return an MLClient, which all threads may share. Calls nobody yet.

    Its requests have time limits of their own and keep to `timeouts.time_limit`; the threads in which it
    uploads keep to the former alone.
    """
    need_home()
    logging.getLogger("azure.ai.ml._utils._experimental").setLevel(logging.ERROR)  # of its own classes
    sdk: Any = importlib.import_module("azure.ai.ml")
    # it logs as an error what it raises as well, such as a run that is not there yet
    logging.getLogger("azure.ai.ml").setLevel(logging.CRITICAL)
    # for every submission it would run git five times, and send the address of the repository that it finds
    operations: Any = importlib.import_module("azure.ai.ml.operations._job_operations")
    operations.get_git_properties = dict[str, str]
    limit_requests()
    limit_uploads(CONNECT, READ, RETRIES)
    return sdk.MLClient(
        credential,
        workspace.subscription,
        workspace.resource_group,
        workspace.name,
        cloud="AzureCloud",
        enable_telemetry=False,
        show_progress=False,
        connection_timeout=CONNECT,
        read_timeout=READ,
        retry_policy=_short_retries(),
    )


def run_command(spec: RunSpec, *, environment: str, code: str | Path, cluster_id: str) -> Any:
    """Return the job that a run is: `processes` of its command on each of its nodes.

    `environment` is the ARM id of a registered one. `code` is the ARM id of what was uploaded before, or a
    folder that is uploaded with the submission.
    """
    sdk: Any = importlib.import_module("azure.ai.ml")
    entities: Any = importlib.import_module("azure.ai.ml.entities")
    identity = spec.environment.get(IDENTITY)
    return sdk.command(
        name=spec.run,
        display_name=spec.run,
        experiment_name=EXPERIMENT,
        command=shlex.join(spec.command),
        code=str(code),
        environment=environment,
        environment_variables=dict(spec.environment),
        compute=cluster_id,
        instance_count=spec.nodes,
        instance_type=spec.instance_type or None,
        distribution=sdk.MpiDistribution(process_count_per_instance=spec.processes)
        if spec.distributed
        else None,
        timeout=spec.seconds,
        tags=dict(spec.tags),
        identity=entities.ManagedIdentityConfiguration(client_id=identity) if identity else None,
    )


def registered_environment(ml: Any, workspace: Workspace, wanted: ScoringEnvironment) -> str:
    """Return the ARM id of the environment of this name and version, registered when the workspace has none.

    Raises whatever the SDK raises; see `sdk_errors.translated`.
    """
    entities: Any = importlib.import_module("azure.ai.ml.entities")
    if not _known(ml, wanted):
        build = entities.BuildContext(path=str(wanted.context)) if wanted.context else None
        made = entities.Environment(name=wanted.name, version=wanted.version, image=wanted.image, build=build)
        try:
            ml.environments.create_or_update(made)
        except Exception:
            # a lost answer, or somebody else registered it: a version's content is always the same
            if not _known(ml, wanted):
                raise
    return f"{workspace.arm_id}/environments/{wanted.name}/versions/{wanted.version}"


def _known(ml: Any, wanted: ScoringEnvironment) -> bool:
    try:
        ml.environments.get(wanted.name, wanted.version)
    except Exception as error:
        if told(error)[2] == 404:
            return False
        raise
    return True


def _short_retries() -> Any:
    policies: Any = importlib.import_module("azure.core.pipeline.policies")

    class ShortRetries(policies.RetryPolicy):
        """Obeys a Retry-After only as far as `PAUSE`: nobody sleeps for minutes within an activity."""

        def get_retry_after(self, response: Any) -> float | None:
            asked: float | None = super().get_retry_after(response)
            return None if asked is None else min(asked, PAUSE)

    return ShortRetries(retry_total=RETRIES, retry_backoff_factor=0.5, retry_backoff_max=PAUSE)
