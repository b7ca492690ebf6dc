"""The place that is looked at: the workspace, its region, and what both are asked for once."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from reelbrush.compute.arm import Arm
from reelbrush.compute.workspace import Workspace
from reelbrush.settings import Settings

ML = "2024-10-01"  # API version of Microsoft.MachineLearningServices
STORAGE = "2023-05-01"  # API version of Microsoft.Storage
AUTHORIZATION = "2022-04-01"  # API version of Microsoft.Authorization


@dataclass
class Place:
    """What checks share. Each property is asked for once, when it is needed, and may raise ComputeError."""

    settings: Settings
    arm: Arm
    document: dict[str, Any] = field(repr=False)  # of the workspace

    @property
    def workspace(self) -> Workspace:
        """The workspace."""
        return self.arm.workspace

    @property
    def region(self) -> str:
        """The workspace's region, as paths spell it."""
        return str(self.document.get("location", "")).replace(" ", "").lower()

    @cached_property
    def usages(self) -> list[dict[str, Any]]:
        """Cores used and allowed in the region."""
        return list(self.arm.list(f"{self._location}/usages", ML))

    @cached_property
    def sizes(self) -> dict[str, dict[str, Any]]:
        """VM sizes of the region by their name in lower case."""
        return {str(size["name"]).lower(): size for size in self.arm.list(f"{self._location}/vmSizes", ML)}

    @cached_property
    def account(self) -> dict[str, Any] | None:
        """The storage account that the store's address names; None when the app may not see it."""
        path = f"/subscriptions/{self.workspace.subscription}/providers/Microsoft.Storage/storageAccounts"
        wanted = self.account_name.lower()
        found = self.arm.list(path, STORAGE)
        return next((account for account in found if str(account.get("name", "")).lower() == wanted), None)

    @property
    def account_name(self) -> str:
        """The name in an https store's address; empty for a connection string, whose key opens every door."""
        host = self.settings.store.removeprefix("https://").partition("/")[0]
        return host.partition(".")[0] if ".blob." in host else ""

    @property
    def _location(self) -> str:
        subscription = f"/subscriptions/{self.workspace.subscription}"
        return f"{subscription}/providers/Microsoft.MachineLearningServices/locations/{self.region}"
