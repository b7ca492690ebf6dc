"""What infrastructure and code call by the same names: containers, queues, computes, identities, the hub."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from function_app.accept import TRIES
from reelbrush.job.names import INPUT
from tests.app.indexed import functions_of_the_app
from tests.conftest import ROOT
from tests.infra.stack import Resource, Stack, at

COMPUTES = "Microsoft.MachineLearningServices/workspaces/computes"
SUBSCRIPTIONS = "Microsoft.EventGrid/systemTopics/eventSubscriptions"
BLOB_LISTENER = "Microsoft.Azure.WebJobs.Extensions.Storage.Blobs.Listeners.BlobListener"


@cache
def host_json() -> dict[str, Any]:
    """Return host.json."""
    return json.loads((ROOT / "host.json").read_text())


@cache
def upload_trigger() -> dict[str, Any]:
    """Return the binding of the blob trigger."""
    bindings = next(f["bindings"] for f in functions_of_the_app() if f["name"] == "start_on_upload")
    return next(b for b in bindings if b["type"] == "blobTrigger")


def runs_go_to_a_compute_that_there_is(stack: Stack) -> Iterator[str]:
    """Cluster, size, priority, nodes and instance type in the settings are those of the compute."""
    settings = stack.settings()
    cluster = _compute(stack, settings["REELBRUSH_CLUSTER"])
    if cluster is None:
        yield f"there is no compute {settings['REELBRUSH_CLUSTER']}"
        return
    if at(cluster, "properties.computeType") == "Kubernetes":
        types = at(cluster, "properties.properties.instanceTypes") or {}
        if settings.get("REELBRUSH_INSTANCE_TYPE") not in types:
            yield f"{settings.get('REELBRUSH_INSTANCE_TYPE')} is none of {sorted(types)}"
        if settings.get("REELBRUSH_DEDICATED_CLUSTER"):
            yield "what was evicted from Kubernetes would go to a cluster that is not there"
        return
    machine = at(cluster, "properties.properties") or {}
    pairs = {
        "REELBRUSH_VM_SIZE": machine.get("vmSize"),
        "REELBRUSH_VM_PRIORITY": str(machine.get("vmPriority")).lower(),
        "REELBRUSH_NODES": str(at(machine, "scaleSettings.maxNodeCount")),
    }
    for name, value in pairs.items():
        if settings.get(name) != value:
            yield f"{name} is {settings.get(name)}, but the cluster's is {value}"
    if settings.get("REELBRUSH_INSTANCE_TYPE"):
        yield "a cluster of machines has no instance type"
    second = settings.get("REELBRUSH_DEDICATED_CLUSTER")
    dedicated = _compute(stack, second) if second else None
    if second and (dedicated is None or at(dedicated, "properties.properties.vmPriority") != "Dedicated"):
        yield f"{second} is no dedicated cluster"
    if (stack.wanted.params.get("dedicatedMaxNodes") or 0) and not second:
        yield "the second cluster is not used"


def identities_are_the_same_on_both_sides(stack: Stack) -> Iterator[str]:
    """The app signs in as the identity that it has; nodes as the one that their compute has."""
    settings = stack.settings()
    (site,) = stack.of("Microsoft.Web/sites")
    own = _clients(stack, site)
    for name in (
        "AZURE_CLIENT_ID",
        "AzureWebJobsStorage__clientId",
        f"{upload_trigger()['connection']}__clientId",
    ):
        if settings.get(name) not in own:
            yield f"{name} is {settings.get(name)}, but the app is {own}"
    if not any(
        f"ClientId={client};" in settings["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"] for client in own
    ):
        yield "telemetry is sent as somebody else"
    for name in ("REELBRUSH_CLUSTER", "REELBRUSH_DEDICATED_CLUSTER"):
        compute = _compute(stack, settings.get(name, ""))
        # a Kubernetes compute has one identity, which is not asked for by name
        ours = {None} if stack.aks else _clients(stack, compute or {})
        if compute and settings.get("REELBRUSH_SCORING_IDENTITY") not in ours:
            yield f"runs on {compute['name']} sign in as {settings.get('REELBRUSH_SCORING_IDENTITY')}"
    if settings.get("REELBRUSH_SCORING_IDENTITY") in own:
        yield "the app and the nodes are one identity"


def connections_lead_to_the_right_accounts(stack: Stack) -> Iterator[str]:
    """The trigger's connection is that of the videos, the host's that of the host; both without keys."""
    settings = stack.settings()
    trigger = upload_trigger()["connection"]
    wanted = {
        "AzureWebJobsStorage": ("ops", ("blob", "queue", "table")),
        trigger: ("data", ("blob", "queue")),
    }
    for connection, (purpose, services) in wanted.items():
        if connection in settings:
            yield f"{connection} is a connection string"
        for service in services:
            address = settings.get(f"{connection}__{service}ServiceUri", "")
            if stack.account(purpose)["name"] not in address or service not in address:
                yield f"{connection}__{service}ServiceUri is {address}"
        if settings.get(f"{connection}__credential") != "managedidentity":
            yield f"{connection} does not sign in as the app's identity"
    if stack.account("data")["name"] not in settings["REELBRUSH_STORE"]:
        yield f"the store is {settings['REELBRUSH_STORE']}"
    (workspace,) = stack.of("Microsoft.MachineLearningServices/workspaces")
    if settings["REELBRUSH_WORKSPACE"] != workspace["id"]:
        yield f"runs go to {settings['REELBRUSH_WORKSPACE']}"
    (insights,) = stack.of("Microsoft.Insights/components")
    if settings["REELBRUSH_INSIGHTS_ID"] != insights["id"]:
        yield f"links lead to {settings['REELBRUSH_INSIGHTS_ID']}"
    if at(workspace, "properties.storageAccount") != stack.account("ops")["id"]:
        yield "the workspace keeps its own things among the videos"


def events_reach_the_trigger(stack: Stack) -> Iterator[str]:
    """By queue, the app reads the one that Event Grid fills. By webhook, nothing else subscribes."""
    queue, mode = (
        stack.settings().get("REELBRUSH_UPLOADS_QUEUE", ""),
        stack.outputs["REELBRUSH_UPLOAD_EVENTS_MODE"],
    )
    asked = stack.wanted.params.get("uploadEvents")
    if mode != (asked or ("queue" if stack.private else "webhook")):
        yield f"uploads arrive by {mode}"
    if (mode == "queue") != bool(queue):
        yield f"uploads arrive by {mode}, but the app reads the queue {queue!r}"
    topic = stack.only("Microsoft.EventGrid/systemTopics")
    if topic["name"] != stack.outputs["AZURE_EVENT_GRID_TOPIC"]:
        yield f"the topic is {topic['name']}"
    if at(topic, "properties.source") != stack.account("data")["id"]:
        yield "the topic tells of another account"
    subscriptions = stack.of(SUBSCRIPTIONS)
    if mode == "webhook":
        if subscriptions:
            yield "uploads arrive twice"
        return
    if len(subscriptions) != 1:
        yield f"{len(subscriptions)} subscriptions"
        return
    ops = stack.account("ops")
    target = at(subscriptions[0], "properties.deliveryWithResourceIdentity.destination.properties") or {}
    if target.get("resourceId") != ops["id"] or target.get("queueName") != queue:
        yield f"Event Grid fills {target}, the app reads {queue}"
    queues = stack.below("Microsoft.Storage/storageAccounts/queueServices/queues", ops)
    if not {queue, f"{queue}-poison"} <= set(queues):
        yield f"there are the queues {queues} only"
    begins = at(subscriptions[0], "properties.filter.subjectBeginsWith")
    container = upload_trigger()["path"].split("/")[0]
    if container != INPUT or begins != f"/blobServices/default/containers/{container}/blobs/":
        yield f"Event Grid tells of {begins}, the trigger looks at {container}"


def the_hub_is_the_same(stack: Stack) -> Iterator[str]:
    """With a Durable Task Scheduler the hub of host.json is there, and the connection holds no secret."""
    settings, durable = stack.settings(), "AzureFunctionsJobHost__extensions__durableTask__"
    hubs = stack.of("Microsoft.DurableTask/schedulers/taskHubs")
    if stack.wanted.params.get("durableBackend") != "dts":
        if hubs or any(name.startswith(durable) for name in settings):
            yield "a scheduler that nobody asked for"
        return
    hub = settings.get(f"{durable}hubName", host_json()["extensions"]["durableTask"]["hubName"])
    if [each["name"].split("/")[-1] for each in hubs] != [hub]:
        yield f"the scheduler has {[each['name'] for each in hubs]}, the app wants {hub}"
    if settings.get(f"{durable}storageProvider__type") != "azureManaged":
        yield f"the host's provider is {settings.get(f'{durable}storageProvider__type')}"
    connection = settings.get(settings.get(f"{durable}storageProvider__connectionStringName", ""), "")
    if not re.search(r"Authentication=ManagedIdentity;ClientID=", connection):
        yield f"the scheduler is reached by {connection!r}"


def what_the_outputs_name_is_there(stack: Stack) -> Iterator[str]:
    """Outputs that name a resource name one that is deployed; the address of the app is its own."""
    named = {
        "AZURE_FUNCTION_APP_NAME": "Microsoft.Web/sites",
        "AZURE_STORAGE_ACCOUNT": "Microsoft.Storage/storageAccounts",
        "AZURE_OPS_STORAGE_ACCOUNT": "Microsoft.Storage/storageAccounts",
        "AZURE_ML_WORKSPACE": "Microsoft.MachineLearningServices/workspaces",
        "AZURE_EVENT_GRID_TOPIC": "Microsoft.EventGrid/systemTopics",
        "AZURE_KEY_VAULT": "Microsoft.KeyVault/vaults",
        "AZURE_CONTAINER_REGISTRY": "Microsoft.ContainerRegistry/registries",
        "AZURE_APP_INSIGHTS": "Microsoft.Insights/components",
        "AZURE_RESOURCE_GROUP": "Microsoft.Resources/resourceGroups",
    }
    for output, kind in named.items():
        if stack.outputs.get(output) not in {r["name"] for r in stack.of(kind)}:
            yield f"{output} is {stack.outputs.get(output)}"
    for output in stack.outputs:
        if not re.fullmatch(r"[A-Z][A-Z0-9_]*", output):
            yield f"azd's environment takes no output {output}"
    for output in ("AZURE_LOCATION", "REELBRUSH_URL", "REELBRUSH_WORKBOOK_URL"):
        if not stack.outputs.get(output):
            yield f"there is no output {output}"


def host_json_is_what_the_app_counts_on(stack: Stack) -> Iterator[str]:
    """Tries, caps of parallel work for two cores, the bundle, sampling that keeps what is counted."""
    del stack
    host = host_json()
    extensions = host["extensions"]
    wanted = {
        "blobs.poisonBlobThreshold": TRIES,
        "queues.maxDequeueCount": TRIES,
        "durableTask.hubName": "reelbrush",
        "http.routePrefix": "",
    }
    for path, value in wanted.items():
        if at(extensions, path) != value:
            yield f"host.json: {path} is {at(extensions, path)}, not {value}"
    for path in (
        "durableTask.maxConcurrentActivityFunctions",
        "blobs.maxDegreeOfParallelism",
        "queues.batchSize",
    ):
        if not 1 <= (at(extensions, path) or 0) <= 16:
            yield f"host.json: {path} is {at(extensions, path)} on two cores"
    if host["extensionBundle"]["version"] != "[4.*, 5.0.0)":
        yield f"host.json: the bundle is {host['extensionBundle']['version']}"
    excluded = host["logging"]["applicationInsights"]["samplingSettings"]["excludedTypes"].split(";")
    if not {"Request", "Exception"} <= set(excluded):
        yield f"host.json: requests or exceptions are sampled away, only {excluded} are kept"
    # it drops events of blobs that it does not find, and says so at this level alone
    if host["logging"]["logLevel"].get(BLOB_LISTENER) != "Debug":
        yield f"host.json: what {BLOB_LISTENER} drops is not told"
    if not re.fullmatch(r"0[01]:\d\d:\d\d", host["functionTimeout"]):
        yield f"host.json: a function may take {host['functionTimeout']}"


def the_app_runs_on_what_was_tested(stack: Stack) -> Iterator[str]:
    """The Python of the tests, two cores and 4 GB to split and stitch; nodes run the image asked for."""
    (site,) = stack.of("Microsoft.Web/sites")
    config = at(site, "properties.functionAppConfig") or {}
    runtime = (at(config, "runtime.name"), at(config, "runtime.version"))
    if runtime not in (("python", "3.11"), ("python", "3.12")):
        yield f"the app runs on {runtime}"
    if at(config, "scaleAndConcurrency.instanceMemoryMB") != 4096:
        yield f"an instance has {at(config, 'scaleAndConcurrency.instanceMemoryMB')} MB"
    if stack.settings().get("REELBRUSH_IMAGE", "") != (stack.wanted.params.get("scoringImage") or ""):
        yield f"nodes run {stack.settings().get('REELBRUSH_IMAGE')}"


def _compute(stack: Stack, name: str) -> Resource | None:
    return next((c for c in stack.of(COMPUTES) if c["name"].split("/")[-1] == name), None)


def _clients(stack: Stack, resource: Resource) -> set[str]:
    """Return the client ids of a resource's user-assigned identities, as the evaluator writes them."""
    attached = at(resource, "identity.userAssignedIdentities") or {}
    names = [
        i["name"] for i in stack.of("Microsoft.ManagedIdentity/userAssignedIdentities") if i["id"] in attached
    ]
    return {
        f"<runtime: Microsoft.ManagedIdentity/userAssignedIdentities/{name}.properties.clientId>"
        for name in names
    }


CONTRACTS = (
    runs_go_to_a_compute_that_there_is,
    identities_are_the_same_on_both_sides,
    connections_lead_to_the_right_accounts,
    events_reach_the_trigger,
    the_hub_is_the_same,
    what_the_outputs_name_is_there,
    host_json_is_what_the_app_counts_on,
    the_app_runs_on_what_was_tested,
)
