"""Mistakes that people make in templates, each with the rule that has to notice it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.infra.stack import BICEP


@dataclass(frozen=True)
class Mutation:
    """One mistake: `old` becomes `new` wherever it stands in `file`, and `rule` complains."""

    what: str
    file: str  # below infra/bicep
    old: str
    new: str
    rule: str

    def make(self, folder: Path) -> Path:
        """Copy the templates into `folder` with the mistake in them, and return it."""
        shutil.copytree(BICEP, folder)
        target = folder / self.file
        text = target.read_text()
        assert self.old in text, f"{self.file} no longer has {self.old!r}: the mistake needs another form"
        target.write_text(text.replace(self.old, self.new))
        return folder


STORAGE, APP, ACCESS = "modules/storage.bicep", "modules/functionApp.bicep", "modules/access.bicep"
ACCOUNTS, LEARNING = "modules/accounts.bicep", "modules/machineLearning.bicep"
MUTATIONS = (
    Mutation(
        "account keys are on",
        STORAGE, "allowSharedKeyAccess: allowSharedKeys", "allowSharedKeyAccess: true",
        "storage_accounts_take_no_keys_and_no_strangers",
    ),
    Mutation(
        "blobs may be public",
        STORAGE, "allowBlobPublicAccess: false", "allowBlobPublicAccess: true",
        "storage_accounts_take_no_keys_and_no_strangers",
    ),
    Mutation(
        "the private account answers everybody",
        STORAGE, "isPrivate && !acceptsEvents ? 'Disabled'", "isPrivate && acceptsEvents ? 'Disabled'",
        "public_access_is_as_the_stack_says",
    ),
    Mutation(
        "the firewall lets in",
        STORAGE, "isPrivate ? 'Deny' : 'Allow'", "isPrivate ? 'Allow' : 'Allow'",
        "public_access_is_as_the_stack_says",
    ),
    Mutation(
        "the private app is on the internet",
        APP, "publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'", "publicNetworkAccess: 'Enabled'",
        "public_access_is_as_the_stack_says",
    ),
    Mutation(
        "plain HTTP is served",
        APP, "httpsOnly: true", "httpsOnly: false",
        "the_app_is_reached_by_https_and_deployed_by_identity",
    ),
    Mutation(
        "passwords publish the app",
        APP, "allow: false", "allow: true",
        "the_app_is_reached_by_https_and_deployed_by_identity",
    ),
    Mutation(
        "a setting holds the account's key",
        APP, "AzureWebJobsDisableHomepage: 'true'",
        "AzureWebJobsDisableHomepage: 'true'\n      REELBRUSH_WEBHOOK_SECRET: data.listKeys().keys[0].value",
        "no_secret_is_in_settings_or_outputs",
    ),
    Mutation(
        "an output tells a connection string",
        APP, "output name string = app.name", "output name string = insights.properties.ConnectionString",
        "no_secret_is_in_settings_or_outputs",
    ),
    Mutation(
        "nodes own the videos",
        ACCESS, "roleIds.storageBlobDataReader, why: 'Nodes", "roleIds.storageBlobDataOwner, why: 'Nodes",
        "roles_are_exactly_these",
    ),
    Mutation(
        "nodes read the host's containers",
        ACCESS, "'azure-webjobs', 'app-package'", "'azure-webjobs', 'app-packages-of-others'",
        "nodes_stay_out_of_what_is_not_theirs",
    ),
    Mutation(
        "nodes build the image that they run",
        LEARNING, "identityId: builder.id", "identityId: nodes.id",
        "who_paints_cannot_change_what_is_run",
    ),
    Mutation(
        "a role changes infrastructure",
        "modules/roles.bicep", "f6c7c914-8db3-469d-8ca1-694a8f32e121", "b24988ac-6180-42a0-ab88-20f7382dd24c",
        "roles_are_never_privileged",
    ),
    Mutation(
        "a container has another name",
        ACCOUNTS, "'output'", "'outputs'",
        "the_containers_are_those_of_the_app",
    ),
    Mutation(
        "the app reads another queue than Event Grid fills",
        "stack.bicep", "REELBRUSH_UPLOADS_QUEUE: uploadMode == 'queue' ? accounts.outputs.uploadQueue",
        "REELBRUSH_UPLOADS_QUEUE: uploadMode == 'queue' ? 'uploads'",
        "events_reach_the_trigger",
    ),
    Mutation(
        "a setting is misspelt",
        "stack.bicep", "REELBRUSH_OVER_COST", "REELBRUSH_OVERCOST",
        "what_is_set_is_read",
    ),
    Mutation(
        "the trigger's connection has no queues",
        APP, "      ReelbrushStorage__queueServiceUri: data.properties.primaryEndpoints.queue\n", "",
        "connections_lead_to_the_right_accounts",
    ),
    Mutation(
        "the app signs in as nobody",
        APP, "AZURE_CLIENT_ID: clientId", "AZURE_CLIENT_ID: principalId",
        "identities_are_the_same_on_both_sides",
    ),
    Mutation(
        "a node is always paid for",
        "modules/gpuCluster.bicep", "minNodeCount: 0", "minNodeCount: 1",
        "clusters_scale_to_zero",
    ),
    Mutation(
        "a cluster is for anybody with a key",
        "modules/gpuCluster.bicep", "disableLocalAuth: true", "disableLocalAuth: false",
        "other_services_take_identities_only",
    ),
    Mutation(
        "the vault has no tags",
        "modules/keyVault.bicep", "  tags: tags\n", "",
        "everything_is_tagged",
    ),
    Mutation(
        "azd does not find the app",
        APP, "'azd-service-name': serviceName", "'azd-service': serviceName",
        "everything_is_tagged",
    ),
    Mutation(
        "the registry logs nowhere",
        "modules/registry.bicep", "scope: registry\n  properties: {\n    workspaceId: logAnalyticsId",
        "scope: registry\n  properties: {\n    storageAccountId: logAnalyticsId",
        "everything_logs_to_one_place",
    ),
    Mutation(
        "a registry is asked for what its tier has not",
        "modules/registry.bicep", "isPrivate && zoneRedundant ?", "zoneRedundant ?",
        "tiers_have_what_is_asked_of_them",
    ),
    Mutation(
        "the index of jobs is cleaned away",
        STORAGE, "at => 'work/${substring(letters, at, 1)}'", "at => 'work/'",
        "only_work_is_cleaned_up",
    ),
    Mutation(
        "deleted videos are gone",
        STORAGE, "restoresBlobs ? { enabled: true", "restoresBlobs ? { enabled: false",
        "deleted_videos_can_be_had_back",
    ),
    Mutation(
        "any page may upload",
        STORAGE, "allowedOrigins: pageOrigins", "allowedOrigins: ['*']",
        "the_page_may_upload",
    ),
    Mutation(
        "the budget tells when it is spent",
        "modules/budget.bicep", "thresholdType: 'Forecasted'", "thresholdType: 'Actual'",
        "somebody_is_told",
    ),
    Mutation(
        "the vault cannot be reached from the network",
        "modules/endpoints.bicep", "groupId: 'vault'", "groupId: 'vaults'",
        "private_endpoints_lead_to_everything",
    ),
    Mutation(
        "the app's subnet is delegated to App Service",
        "modules/network.bicep", "'Microsoft.App/environments'", "'Microsoft.Web/serverFarms'",
        "the_app_and_its_neighbours_are_in_the_network",
    ),
    Mutation(
        "nodes cannot reach the videos",
        "modules/managedNetwork.bicep", "account: data.id", "account: ops.id",
        "the_cluster_reaches_the_videos_in_private",
    ),
    Mutation(
        "telemetry is taken from anybody",
        "modules/monitoring.bicep", "DisableLocalAuth: true", "DisableLocalAuth: false",
        "other_services_take_identities_only",
    ),
    Mutation(
        "a setting that the code needs is not set",
        "stack.bicep", "        REELBRUSH_INSIGHTS_ID: monitoring.outputs.appInsightsId\n", "",
        "what_is_read_is_set",
    ),
    Mutation(
        "a setting has a value that the app refuses",
        "stack.bicep", "REELBRUSH_OVER_COST: overCost", "REELBRUSH_OVER_COST: 'ask'",
        "the_app_can_use_them",
    ),
    Mutation(
        "runs go to a cluster that is not there",
        LEARNING, ": gpu!.outputs.name", ": 'gpu-cluster'",
        "runs_go_to_a_compute_that_there_is",
    ),
    Mutation(
        "the scheduler has another hub",
        "stack.bicep", "hubName: 'reelbrush'", "hubName: 'default'",
        "the_hub_is_the_same",
    ),
    Mutation(
        "an output names the wrong account",
        "stack.bicep", "output vaultName string = names.vault", "output vaultName string = names.registry",
        "what_the_outputs_name_is_there",
    ),
    Mutation(
        "the app has an instance that is too small",
        APP, "param instanceMemory int = 4096", "param instanceMemory int = 512",
        "the_app_runs_on_what_was_tested",
    ),
    Mutation(
        "a resource is asked for in a preview",
        "modules/keyVault.bicep", "vaults@2025-05-01", "vaults@2024-12-01-preview",
        "versions_are_stable_and_one_per_type",
    ),
    Mutation(
        "a resource is in another region",
        "modules/keyVault.bicep", "  location: location\n", "  location: 'northeurope'\n",
        "everything_is_in_one_place",
    ),
    Mutation(
        "an administrator is not told of a role",
        "modules/storageRoles.bicep",
        "empty(grant.?container) ? account.id", "empty(grant.?container) ? accountName",
        "an_administrator_is_told_every_role",
    ),
)  # fmt: skip
