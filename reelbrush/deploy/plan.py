"""What is to be deployed: the parameters of the templates, read from azd's values."""

from __future__ import annotations

from dataclasses import dataclass

from reelbrush.deploy.values import Values


@dataclass(frozen=True)
class Plan:
    """The parameters that checks need, named as in infra/bicep/main.bicep. Empty texts: not given."""

    environment: str = ""
    location: str = ""  # as Azure spells it in paths, westeurope
    subscription: str = ""  # its id; empty means the CLI's
    resource_group: str = ""
    private: bool = False
    upload_events: str = "webhook"  # or queue
    gpu_size: str = "Standard_NC4as_T4_v3"
    gpu_priority: str = "LowPriority"  # or Dedicated
    gpu_nodes: int = 2  # 1..100
    dedicated_nodes: int = 0  # of the second cluster, 0..100; 0 means that there is none
    ml_auth: str = "identity"  # or accesskey
    assign_roles: bool = True
    durable: str = "storage"  # or dts
    developer_id: str = ""  # object id
    developer_type: str = ""  # User, Group or ServicePrincipal
    alert_email: str = ""
    budget: int = 0  # per month, in the subscription's currency; 0 means none
    budget_start: str = ""  # its first day, such as 2026-11-01; empty means the first of this month
    aks: bool = False
    app_zones: bool = False  # the app spread over the region's zones

    @property
    def group(self) -> str:
        """The resource group that the templates make or use."""
        return self.resource_group or f"rg-{self.environment}"


def read_plan(values: Values) -> tuple[Plan, list[str]]:
    """Return the plan and every value that cannot be read, each as "NAME=value: what it may be"."""
    read = _Reader(values)
    private = read.flag("REELBRUSH_PRIVATE", False)
    plan = Plan(
        environment=values.get("AZURE_ENV_NAME"),
        location=values.get("AZURE_LOCATION").replace(" ", "").lower(),
        subscription=values.get("AZURE_SUBSCRIPTION_ID"),
        resource_group=values.get("AZURE_RESOURCE_GROUP"),
        private=private,
        upload_events=read.choice(
            "REELBRUSH_UPLOAD_EVENTS", "queue" if private else "webhook", "webhook queue"
        ),
        gpu_size=values.get("REELBRUSH_GPU_SIZE", "Standard_NC4as_T4_v3"),
        gpu_priority=read.choice("REELBRUSH_GPU_PRIORITY", "LowPriority", "Dedicated LowPriority"),
        gpu_nodes=read.number("REELBRUSH_GPU_NODES", 2, 1, 100),
        dedicated_nodes=read.number("REELBRUSH_DEDICATED_NODES", 0, 0, 100),
        ml_auth=read.choice("REELBRUSH_ML_AUTH", "identity", "identity accesskey"),
        assign_roles=read.flag("REELBRUSH_ASSIGN_ROLES", True),
        durable=read.choice("REELBRUSH_DURABLE", "storage", "storage dts"),
        developer_id=values.get("REELBRUSH_DEVELOPER_ID"),
        developer_type=read.choice("REELBRUSH_DEVELOPER_TYPE", "", "User Group ServicePrincipal"),
        alert_email=values.get("REELBRUSH_ALERT_EMAIL"),
        budget=read.number("REELBRUSH_BUDGET", 0, 0, 10_000_000),
        budget_start=values.get("REELBRUSH_BUDGET_START"),
        aks=read.flag("REELBRUSH_AKS", False),
        app_zones=read.flag("REELBRUSH_APP_ZONES", False),
    )
    read.flag("REELBRUSH_ZONES", False)
    read.number("REELBRUSH_GPU_IDLE_SECONDS", 120, 60, 86400)
    read.choice("REELBRUSH_OVER_COST", "approve", "approve refuse")
    return plan, read.problems


class _Reader:
    """Reads texts, and keeps what is wrong with them."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self.problems: list[str] = []

    def flag(self, name: str, default: bool) -> bool:
        """Return a truth value; the templates take true and false alone."""
        return self.choice(name, "true" if default else "false", "true false") == "true"

    def choice(self, name: str, default: str, allowed: str) -> str:
        """Return one of the words in `allowed`, spelled exactly so, as the templates demand."""
        text = self._values.get(name, default)
        if text != default and text not in allowed.split():
            self.problems.append(f"{name}={text}: it may be {' or '.join(allowed.split())}")
            return default
        return text

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """Return a whole number of `low` to `high`, both inclusive."""
        text = self._values.get(name, str(default))
        if not text.lstrip("-").isdecimal() or not low <= int(text) <= high:
            self.problems.append(f"{name}={text}: it may be {low} to {high}")
            return default
        return int(text)
