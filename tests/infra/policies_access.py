"""Who may do what: every policy yields what is wrong with a stack, nothing when all is well."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from tests.infra.stack import Resource, Stack, at, texts

PRIVILEGED = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": "Key Vault Administrator",
    "17d1049b-9a84-46fb-8f53-869881c3d3ab": "Storage Account Contributor",
}
_SECRET = re.compile(
    r"listKeys|listAccountSas|listCredentials|listAdminKey|AccountKey=|SharedAccessSignature|[?&]sig=|"
    r"primaryKey|primarySharedKey|adminPassword",
    re.IGNORECASE,
)


def storage_accounts_take_no_keys_and_no_strangers(stack: Stack) -> Iterator[str]:
    """Shared keys are off (but for azureml-core, on its own account), blobs are never public, TLS is 1.2."""
    by_key = stack.wanted.params.get("mlAuthMode") == "accesskey"
    for account in stack.of("Microsoft.Storage/storageAccounts"):
        keys = by_key and account["name"] == stack.outputs["AZURE_OPS_STORAGE_ACCOUNT"]
        wanted = {
            "allowSharedKeyAccess": keys,
            "allowBlobPublicAccess": False,
            "allowCrossTenantReplication": False,
            "defaultToOAuthAuthentication": True,
            "supportsHttpsTrafficOnly": True,
            "minimumTlsVersion": "TLS1_2",
            "encryption.requireInfrastructureEncryption": True,
        }
        yield from _differences(account, wanted)
        if account.get("kind") != "StorageV2":
            yield f"{account['name']} is no general-purpose v2 account, which Event Grid needs"


def other_services_take_identities_only(stack: Stack) -> Iterator[str]:
    """Vault, registry, workspace, computes and Application Insights have their keys and passwords off."""
    by_key = stack.wanted.params.get("mlAuthMode") == "accesskey"
    for vault in stack.of("Microsoft.KeyVault/vaults"):
        yield from _differences(vault, {"enableRbacAuthorization": True, "enableSoftDelete": True})
    for registry in stack.of("Microsoft.ContainerRegistry/registries"):
        yield from _differences(registry, {"adminUserEnabled": False})
        if at(registry, "properties.anonymousPullEnabled"):
            yield f"{registry['name']} lets everybody pull"
    for workspace in stack.of("Microsoft.MachineLearningServices/workspaces"):
        yield from _differences(
            workspace,
            {"systemDatastoresAuthMode": "accesskey" if by_key else "identity", "v1LegacyMode": False},
        )
    for compute in _machines(stack):
        if not at(compute, "properties.disableLocalAuth"):
            yield f"{compute['name']} lets people sign in by key"
        if at(compute, "properties.properties.remoteLoginPortPublicAccess") != "Disabled":
            yield f"{compute['name']} has its port for remote login open"
        if at(compute, "identity.type") != "UserAssigned":
            yield f"{compute['name']} does not work under the scoring identity"
    for insights in stack.of("Microsoft.Insights/components"):
        if at(insights, "properties.DisableLocalAuth") is not True:
            yield f"{insights['name']} takes telemetry of anybody who knows the connection string"
    for cluster in stack.of("Microsoft.ContainerService/managedClusters"):
        yield from _differences(
            cluster,
            {
                # Azure Machine Learning cannot attach a cluster without them (Azure/AML-Kubernetes#261)
                "disableLocalAccounts": False,
                "enableRBAC": True,
                "aadProfile.managed": True,
                "aadProfile.enableAzureRBAC": True,
            },
        )


def the_app_is_reached_by_https_and_deployed_by_identity(stack: Stack) -> Iterator[str]:
    """HTTPS and TLS 1.2 only, no FTP, no passwords for publishing, a user-assigned identity everywhere."""
    (site,) = stack.of("Microsoft.Web/sites")
    yield from _differences(
        site,
        {
            "httpsOnly": True,
            "clientAffinityEnabled": False,
            "functionAppConfig.deployment.storage.authentication.type": "UserAssignedIdentity",
            "siteConfig.minTlsVersion": "1.2",
        },
    )
    if at(site, "identity.type") != "UserAssigned":
        yield f"{site['name']} does not work under its user-assigned identity"
    closed = {
        policy["name"].split("/")[-1]
        for policy in stack.of("Microsoft.Web/sites/basicPublishingCredentialsPolicies")
        if at(policy, "properties.allow") is False
    }
    if closed != {"ftp", "scm"}:
        yield f"passwords publish the app: only {sorted(closed)} are off"


def roles_are_never_privileged(stack: Stack) -> Iterator[str]:
    """No role that changes infrastructure or hands out roles; the type of the principal is always told."""
    for assignment in stack.of("Microsoft.Authorization/roleAssignments"):
        role = str(at(assignment, "properties.roleDefinitionId")).split("/")[-1]
        if role in PRIVILEGED:
            yield f"{assignment['id']} hands out {PRIVILEGED[role]}"
        if not at(assignment, "properties.principalType"):
            yield f"{assignment['id']} does not tell what kind of principal it is for"
        if at(assignment, "properties.condition") and at(assignment, "properties.conditionVersion") != "2.0":
            yield f"{assignment['id']} has a condition of no version"
        if "/providers/" not in assignment["id"].split("/providers/Microsoft.Authorization/")[0]:
            yield f"{assignment['id']} is for the whole group, not for one resource"


def no_secret_is_in_settings_or_outputs(stack: Stack) -> Iterator[str]:
    """Nothing of what is deployed or answered holds a key, a password or a signed address."""
    for resource in stack.resources:
        for path, text in texts(resource):
            if _SECRET.search(text):
                yield f"{resource['id']} {path} holds a secret"
    for path, text in texts(dict(stack.outputs)):
        if _SECRET.search(text) or "ConnectionString" in text or "InstrumentationKey" in text:
            yield f"output {path} holds a secret"
    for name, text in stack.settings().items():
        if "Key=" in text and "InstrumentationKey=" not in text:
            yield f"app setting {name} holds a key"


def _machines(stack: Stack) -> list[Resource]:
    kind = "Microsoft.MachineLearningServices/workspaces/computes"
    return [c for c in stack.of(kind) if at(c, "properties.computeType") == "AmlCompute"]


def _differences(resource: Resource, wanted: Mapping[str, object]) -> Iterator[str]:
    for path, value in wanted.items():
        found = at(resource, f"properties.{path}")
        if found != value:
            yield f"{resource['name']}: {path} is {found}, not {value}"


POLICIES = (
    storage_accounts_take_no_keys_and_no_strangers,
    other_services_take_identities_only,
    the_app_is_reached_by_https_and_deployed_by_identity,
    roles_are_never_privileged,
    no_secret_is_in_settings_or_outputs,
)
