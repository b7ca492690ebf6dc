"""azureml-core (SDK v1, past its support since 2026-06-30): importing it, signing in, the runs' environment.

Nothing of it is imported before `connect` is called: importing takes a second and needs a home folder.
"""

from __future__ import annotations

import importlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reelbrush.compute.azureml_pace import hurry
from reelbrush.compute.credential import MANAGEMENT_SCOPE
from reelbrush.compute.dockerfile import self_contained
from reelbrush.compute.environment import ScoringEnvironment
from reelbrush.compute.own_folder import need_home
from reelbrush.compute.run_spec import EXPERIMENT
from reelbrush.compute.sdk_errors import told
from reelbrush.compute.timeouts import limit_requests
from reelbrush.compute.workspace import Workspace

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_CLOUD = "AzureCloud"  # named always: without it each sign-in asks for the metadata of all clouds first


@dataclass(frozen=True)
class Connection:
    """The SDK's objects that all threads share. None of them is changed after it was made."""

    core: Any  # the module azureml.core
    experiment: Any
    environment: Any


def connect(workspace: Workspace, credential: TokenCredential, environment: ScoringEnvironment) -> Connection:
    """Open the workspace, its experiment and the registered environment, which is made when missing.

    Raises whatever the SDK raises; see `sdk_errors.translated`.
    """
    core = _import()
    authentication: Any = importlib.import_module("azureml.core.authentication")

    def token(audience: str) -> str:
        scope = MANAGEMENT_SCOPE if "management" in audience else f"{audience.rstrip('/')}/.default"
        return credential.get_token(scope).token

    opened = core.Workspace(
        workspace.subscription,
        workspace.resource_group,
        workspace.name,
        auth=authentication.TokenAuthentication(token, cloud=_CLOUD),
        _cloud=_CLOUD,
    )
    experiment = core.Experiment(opened, EXPERIMENT)
    return Connection(core, experiment, _registered(core, opened, environment))


def _import() -> Any:
    """Import azureml.core where it can be imported, and keep it from what a server must not do."""
    need_home()
    core: Any = importlib.import_module("azureml.core")
    limit_requests()
    hurry()
    logging.getLogger("azureml").setLevel(logging.CRITICAL)  # errors are raised as well, and told by us
    # for every submission it would change the process's current folder, which all threads share, and send
    # the address of the git repository that it finds there, with the token that such an address can hold
    tracking: Any = importlib.import_module("azureml._base_sdk_common.tracking")
    tracking.global_tracking_info_registry.gather_all = _nothing
    # each run that is canceled would get two timers for metrics that nobody logs, which tick for ever
    metrics: Any = importlib.import_module("azureml._restclient.metrics_client")
    metrics.MetricsClient.flush = _no_metrics
    return core


def _nothing(base_directory: str | None = None) -> dict[str, str]:
    return {}


def _no_metrics(self: object, timeout_seconds: int = 0) -> None:
    pass


def _registered(core: Any, workspace: Any, wanted: ScoringEnvironment) -> Any:
    """Return the environment, registered now when the workspace has none of its name and version."""
    environment: Any = core.Environment(wanted.name)
    environment.version = wanted.version
    environment.environment_variables = {}  # the SDK begins with an example
    environment.python.user_managed_dependencies = True  # the image has its Python, none is added
    if wanted.image:
        environment.docker.base_image = wanted.image
    elif wanted.context is not None:
        environment.docker.base_image = None
        environment.docker.base_dockerfile = self_contained(wanted.context)
    if not _known(core, workspace, wanted):
        try:
            environment.register(workspace)
        except Exception:
            # a lost answer, or somebody else registered it: a version's content is always the same
            if not _known(core, workspace, wanted):
                raise
    return environment


def _known(core: Any, workspace: Any, wanted: ScoringEnvironment) -> bool:
    try:
        core.Environment.get(workspace, wanted.name, wanted.version)
    except Exception as error:  # the SDK raises a bare one, with the status in its text
        if told(error)[2] == 404:
            return False
        raise
    return True
