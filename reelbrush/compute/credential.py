"""Who the app is towards Azure: one credential for the cluster, the preflight and whoever else signs in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

MANAGEMENT_SCOPE = "https://management.azure.com/.default"


def app_credential() -> TokenCredential:
    """Return a credential that never asks anybody.

    It tries a service principal of the environment, a workload or managed identity (`AZURE_CLIENT_ID` names
    a user-assigned one), then the signed-in Azure CLI, PowerShell or azd of a developer. Nothing is called
    before the first token is asked for. Thread safe; a credential keeps its tokens, so keep it.
    """
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential(
        exclude_interactive_browser_credential=True,
        exclude_shared_token_cache_credential=True,
        exclude_visual_studio_code_credential=True,
        exclude_broker_credential=True,
    )
