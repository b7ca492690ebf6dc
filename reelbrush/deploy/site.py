"""Where the deployment goes: plan, CLI, subscription, and what several checks ask of Azure once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from reelbrush.deploy.az import Az
from reelbrush.deploy.plan import Plan

ML_API = "2024-10-01"  # of Microsoft.MachineLearningServices/locations


@dataclass
class Site:
    """What checks share. Each cached property asks Azure once, when it is needed, and may raise AzError."""

    plan: Plan
    az: Az
    subscription: str = ""  # its id, known once the CLI is signed in

    @property
    def scope(self) -> str:
        """The subscription's path."""
        return f"/subscriptions/{self.subscription}"

    @cached_property
    def locations(self) -> set[str]:
        """The subscription's regions, as paths spell them."""
        rows = self.az.list(f"{self.scope}/locations", "2022-12-01")
        return {str(row.get("name", "")).lower() for row in rows}

    @cached_property
    def ml_usages(self) -> list[dict[str, Any]]:
        """Cores that clusters of the region use and may use."""
        return list(self.az.list(f"{self._ml_location}/usages", ML_API))

    @cached_property
    def ml_sizes(self) -> dict[str, dict[str, Any]]:
        """VM sizes that clusters of the region may have, by their name in lower case."""
        rows = self.az.list(f"{self._ml_location}/vmSizes", ML_API)
        return {str(row.get("name", "")).lower(): row for row in rows}

    @property
    def _ml_location(self) -> str:
        return f"{self.scope}/providers/Microsoft.MachineLearningServices/locations/{self.plan.location}"
