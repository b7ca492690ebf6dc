"""What a run on a cluster is, before any SDK: the same for every backend on Azure Machine Learning.

Nothing here is secret: arguments, variables and tags of runs are kept and shown by the workspace.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from reelbrush.compute.port import RunRequest
from reelbrush.compute.scorer_variables import scorer_variables
from reelbrush.settings import Settings
from reelbrush.telemetry import node_environment

EXPERIMENT = "reelbrush"  # under which the workspace lists all runs
IDENTITY = "AZURE_CLIENT_ID"  # variable of the nodes: client id of the identity that they sign in with
JOB_TAG = "job"  # by which all runs of a job are found with one query
SHELF = "store:"  # styles come from the store's own container


@dataclass(frozen=True)
class RunSpec:
    """One run: `processes` of `command` on each of `nodes` nodes, stopped by the service after `seconds`."""

    run: str  # id, the same in the store, in the workspace and in the orchestration
    job: str
    cluster: str
    command: tuple[str, ...]
    environment: dict[str, str]
    nodes: int
    processes: int  # on each node
    seconds: int
    instance_type: str = ""  # of a Kubernetes compute; empty means its default, or a cluster of machines
    tags: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def distributed(self) -> bool:
        """Whether the run has several processes, which MPI starts and tells apart."""
        return self.nodes * self.processes > 1


def run_spec(settings: Settings, request: RunRequest) -> RunSpec:
    """Return what `request` means under `settings`.

    A batch that lost its node `settings.evictions` times goes to the dedicated cluster, if there is one.
    """
    evicted_often = request.evictions >= settings.evictions and settings.dedicated_cluster != ""
    command = ["python", "-m", "scoring", "--store", settings.store, "--job", request.job]
    command += ["--run", request.run, "--styles", SHELF]
    if settings.threads:
        command += ["--threads", str(settings.threads)]
    # a Kubernetes compute has one identity, which is not found when it is asked for by its client id
    identity = settings.scoring_identity if not settings.instance_type else ""
    # an image that somebody else made may have variables of its own, which those of a run would replace
    environment = {**scorer_variables(None if settings.image else {}), **node_environment(identity)}
    if identity:
        environment[IDENTITY] = identity
    return RunSpec(
        run=request.run,
        job=request.job,
        cluster=settings.dedicated_cluster if evicted_often else settings.cluster,
        command=tuple(command),
        environment=environment,
        nodes=max(settings.run_nodes, request.nodes),
        processes=settings.processes,
        seconds=settings.run_seconds,
        instance_type=settings.instance_type,
        tags={JOB_TAG: request.job},
    )
