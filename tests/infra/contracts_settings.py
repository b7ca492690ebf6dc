"""App settings that are produced are those that are read, both ways, with values that the app can use."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

from reelbrush.errors import SettingsError
from reelbrush.settings import _FIELDS, Settings  # pyright: ignore[reportPrivateUsage]
from tests.conftest import ROOT
from tests.infra.package import package_files
from tests.infra.stack import Stack

DEFAULTS = {  # settings that no deployment sets, and why; `appSettings` sets any of them
    "threads": "measured best on nodes as on laptops",
    "processes": "one GPU per node",
    "run_nodes": "runs share batches better than MPI does",
    "batch_frames": "planned from measured rates",
    "default_style": "a wish of people",
    "styles": "the shipped ones are in the package",
    "poll_seconds": "right for runs of minutes",
    "attempts": "right for any cluster",
    "run_seconds": "right for any cluster",
    "max_jobs": "a wish of people",
    "work_hours": "a wish of people; the rule of life cycle waits longer",
    "history_days": "a wish of people",
    "stuck_minutes": "a wish of people; the alert follows the event",
    "url_minutes": "a wish of people",
    "max_bytes": "a limit of the product",
    "max_pixels": "a limit of the product",
    "max_seconds": "a limit of the product",
    "max_frames": "a limit of the product",
    "max_gigapixels": "a limit of the product",
    "evictions": "right for any cluster",
    "queue_minutes": "right for any cluster",
    "price_per_hour": "the table of prices knows the size",
    "currency": "that of the table of prices",
    "webhook_url": "somebody else's system",
    "webhook_secret": "a secret, which belongs into the key vault: a reference in `appSettings`",
    "events_topic": "somebody else's topic",
}
SOMETIMES = {
    "dedicated_cluster",
    "instance_type",
    "image",
    "uploads_queue",
    "scoring_identity",
}  # empty means none
OTHERS = {  # settings that are no field of Settings: who reads them
    r"AzureWebJobsStorage__(blobServiceUri|queueServiceUri|tableServiceUri|credential|clientId)": "the host",
    r"ReelbrushStorage__(blobServiceUri|queueServiceUri|credential|clientId)": "host and binding",
    r"AZURE_CLIENT_ID": "azure-identity",
    r"APPLICATIONINSIGHTS_(CONNECTION|AUTHENTICATION)_STRING": "the host and reelbrush.telemetry",
    r"AzureWebJobsDisableHomepage": "the host, since the page is ours",
    r"AzureFunctionsJobHost__extensions__durableTask__\w+": "the host, in place of host.json",
    r"DurableScheduler": "the host's provider of Durable Task Scheduler",
}
UNSET = {  # what the code reads and no template sets
    "HOME": "the machine",
    "WEBSITE_HOSTNAME": "Azure",
    "WEBSITE_SITE_NAME": "Azure",
    "FUNCTIONS_WORKER_RUNTIME": "Azure, and an emulated host on a laptop",
    "AZUREML_RUN_ID": "Azure Machine Learning, on a node",
    "DEFAULT_IDENTITY_CLIENT_ID": "Azure Machine Learning, on a node",
    "REELBRUSH_BLOB_SOURCE": "an emulated host on a laptop; Flex Consumption knows Event Grid only",
    "ORT_DISABLE_TELEMETRY": "scoring itself, before it loads onnxruntime",
    "OTEL_SERVICE_NAME": "people with a collector of their own",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "people with a collector of their own",
    "OTEL_TRACES_SAMPLER": "people with a collector of their own",
    "PYTHON_ENABLE_OPENTELEMETRY": "people whose worker sends its logs itself",
}


def what_is_set_is_read(stack: Stack) -> Iterator[str]:
    """No setting is misspelt or left over: somebody reads it."""
    for name in stack.settings():
        ours = name.removeprefix("REELBRUSH_")
        known = name != ours and ours.lower() in _FIELDS
        if not known and not any(re.fullmatch(pattern, name) for pattern in OTHERS):
            yield f"nobody reads the app setting {name}"


def what_is_read_is_set(stack: Stack) -> Iterator[str]:
    """Each field of Settings, and each variable that the code reads, is set or stands in a table."""
    settings = stack.settings()
    for field in _FIELDS:
        produced = f"REELBRUSH_{field.upper()}" in settings
        if produced and field in DEFAULTS:
            yield f"REELBRUSH_{field.upper()} is set, though: {DEFAULTS[field]}"
        if not produced and field not in DEFAULTS and field not in SOMETIMES:
            yield f"REELBRUSH_{field.upper()} is not set"
    fields = {f"REELBRUSH_{field.upper()}" for field in _FIELDS}
    for name in sorted(variables_read() - settings.keys() - UNSET.keys() - fields):
        yield f"the code reads {name}, which nobody sets"


def the_app_can_use_them(stack: Stack) -> Iterator[str]:
    """The settings are usable, and as the stack's parameters say."""
    if strange := [name for name, value in stack.settings().items() if type(value) is not str]:
        yield f"settings are texts, but not {strange}"
        return
    settings = {k: re.sub(r"<runtime: [^>]*>", "known-in-azure", v) for k, v in stack.settings().items()}
    try:
        read = Settings.from_env(settings)
    except SettingsError as error:
        yield str(error)
        return
    wanted = "azureml" if stack.wanted.params.get("mlAuthMode") == "accesskey" else "azureml-v2"
    if read.backend != wanted:
        yield f"the backend is {read.backend}, not {wanted}"
    if not stack.settings()["REELBRUSH_STORE"].startswith("<runtime: ") and not read.store.startswith(
        "https://"
    ):
        yield f"the store is {read.store}"


@cache
def variables_read() -> frozenset[str]:
    """Return the environment variables that the package's code reads by a name that is written in it."""
    trees = [ast.parse((ROOT / f).read_text()) for f in package_files() if f.suffix == ".py"]
    constants = {
        target.id: node.value.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    names: set[str] = set()
    for tree in trees:
        for node in ast.walk(tree):
            for key in _keys(node):
                if isinstance(key, ast.Constant):
                    names.add(str(key.value))
                elif isinstance(key, ast.Name) and key.id in constants:
                    names.add(constants[key.id])
    return frozenset(names)


def _keys(node: ast.AST) -> Iterator[ast.expr]:
    """Yield what `os.environ` is asked for at this node."""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and _environ(node.value):
        yield node.slice
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _environ(node.func.value):
        yield from node.args[:1]
    if isinstance(node, ast.Compare) and any(_environ(right) for right in node.comparators):
        yield node.left


def _environ(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "environ"


CONTRACTS = (what_is_set_is_read, what_is_read_is_set, the_app_can_use_them)
