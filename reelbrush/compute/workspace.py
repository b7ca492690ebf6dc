"""The Azure Machine Learning workspace that runs are submitted to, named by its Azure resource id."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reelbrush.errors import SettingsError

_ID = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    r"/providers/Microsoft\.MachineLearningServices/workspaces/(?P<name>[^/]+)/?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Workspace:
    """A workspace, by the three names that every call needs."""

    subscription: str
    resource_group: str
    name: str

    @staticmethod
    def parse(resource_id: str) -> Workspace:
        """Read a resource id, whose case does not matter. Raises SettingsError for any other text."""
        match = _ID.fullmatch(resource_id.strip())
        if match is None:
            raise SettingsError(
                f"{resource_id!r} is no resource id of an Azure Machine Learning workspace",
                advice="`az ml workspace show --name NAME --resource-group GROUP --query id` prints it",
            )
        return Workspace(match["subscription"], match["group"], match["name"])

    @property
    def arm_id(self) -> str:
        """The resource id, spelled as Azure does; begins with a slash and ends without one."""
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{self.name}"
        )
