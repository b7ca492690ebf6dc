"""Settings of the app, read once from the environment. One error lists every problem."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from reelbrush.errors import SettingsError


@dataclass(frozen=True)
class Settings:
    """What the app needs to know about where it runs. Each field is set by `REELBRUSH_<FIELD>`."""

    store: str  # see reelbrush.store.open_store
    backend: str = "local"  # local, azureml (azureml-core) or azureml-v2 (azure-ai-ml); see chosen_backend
    nodes: int = 2  # frames of this machine, or cluster nodes, scored at the same time; 1..1000
    threads: int = 0  # inference threads of one scoring process at most, 0..64; 0: one per core
    processes: int = 1  # of one run on each node, one per GPU, by MPI when above 1; 1..64
    run_nodes: int = 1  # cluster nodes of one run, by MPI when above 1; 1..100
    batch_frames: int = 0  # frames of one batch; 0 plans by nodes
    default_style: str = "starry-night"
    styles: str = ""  # folder of styles; empty means the shipped ones
    poll_seconds: float = 15.0  # between two looks at the runs; 0.05..3600
    attempts: int = 3  # submissions of one batch before the job fails; 1..20
    run_seconds: int = 6 * 3600  # longest time one run may take
    max_jobs: int = 8  # jobs worked on at the same time, others wait in order of upload; 0 means no limit
    work_hours: float = 24.0  # how long a job's segments stay after its end; 0 removes them at once
    history_days: int = 30  # how long ended jobs can be asked for
    stuck_minutes: int = 60  # without any progress, after which a job is reported as stuck
    url_minutes: int = 60  # life of the links by which uploads and videos go straight to and from the store
    max_bytes: int = 200 << 30  # of a source, inclusive
    max_pixels: int = 7680 * 4320  # of one frame, inclusive
    max_seconds: int = 6 * 3600  # of a source, inclusive
    max_frames: int = 1_500_000  # of a source, inclusive
    max_gigapixels: float = 4000.0  # pixels of all frames together, in 1e9, inclusive
    workspace: str = ""  # Azure resource id of the Azure Machine Learning workspace
    cluster: str = "gpu-cluster"  # its compute that runs are submitted to
    dedicated_cluster: str = ""  # takes a batch that was evicted `evictions` times; empty means none
    evictions: int = 2  # 1..50
    queue_minutes: int = 30  # without any node at work for a job, after which its cluster is asked why
    instance_type: str = ""  # of a Kubernetes compute; empty means its default
    scoring_identity: str = ""  # client id of the identity with which nodes reach the store
    image: str = ""  # Docker image of the nodes; empty means that scoring/environment is built
    vm_size: str = ""  # of the cluster's nodes, for prices
    vm_priority: str = "dedicated"  # or lowpriority
    max_cost: float = 0.0  # of one job in `currency`; 0 means no limit
    over_cost: str = "approve"  # what becomes of a job that would cost more: approve (waits for it) or refuse
    price_per_hour: float = 0.0  # of one node; 0 takes the price of `vm_size` from the table
    currency: str = "USD"  # of the price
    webhook_url: str = ""  # receives the events of jobs; empty means none
    webhook_secret: str = field(default="", repr=False)  # signs them
    events_topic: str = ""  # endpoint of an Event Grid custom topic; empty means none
    uploads_queue: str = ""  # storage queue with Event Grid's events of uploads; empty means none
    insights_id: str = ""  # Azure resource id of Application Insights, for links into the portal

    @staticmethod
    def from_env(environment: Mapping[str, str] | None = None) -> Settings:
        """Read `REELBRUSH_*` variables. Raises SettingsError that names every missing or unusable one."""
        source = os.environ if environment is None else environment
        values: dict[str, object] = {}
        problems: list[str] = []
        for name, kind in _FIELDS.items():
            text = source.get(f"REELBRUSH_{name.upper()}", "").strip()
            if not text:
                continue
            try:
                values[name] = _parse(kind, text)
            except ValueError:
                problems.append(f"REELBRUSH_{name.upper()}={text!r} is no {kind}")
        if "store" not in values:
            values["store"] = ""
            problems.append("REELBRUSH_STORE is missing (folder:/path, https://ACCOUNT.blob... or env:NAME)")
        values.setdefault("backend", chosen_backend(source))
        settings = Settings(**values)  # type: ignore[arg-type]  # kinds were checked by _parse
        problems += [
            f"REELBRUSH_{name.upper()}={getattr(settings, name)} is not within {low}..{high}"
            for name, (low, high) in _RANGES.items()
            if not low <= getattr(settings, name) <= high
        ]
        if settings.backend != "local" and not _WORKSPACE.fullmatch(settings.workspace):
            problems.append(
                f"REELBRUSH_WORKSPACE={settings.workspace!r} is no resource id like /subscriptions/.../"
                "resourceGroups/.../providers/Microsoft.MachineLearningServices/workspaces/..."
            )
        for name, choices in _CHOICES.items():
            if getattr(settings, name) not in choices:
                problems.append(
                    f"REELBRUSH_{name.upper()}={getattr(settings, name)!r} is none of {', '.join(choices)}"
                )
        if settings.webhook_url and not settings.webhook_secret:
            problems.append(
                "REELBRUSH_WEBHOOK_SECRET is missing: nobody could tell our calls from forged ones"
            )
        if settings.events_topic and not settings.events_topic.startswith("https://"):
            problems.append(f"REELBRUSH_EVENTS_TOPIC={settings.events_topic!r} is no https URL")
        if problems:
            raise SettingsError("the settings cannot be used: " + "; ".join(problems))
        return settings


def chosen_backend(environment: Mapping[str, str]) -> str:
    """Return the backend that the environment names; without a name, `azureml` where a workspace is set."""
    named = environment.get("REELBRUSH_BACKEND", "").strip()
    return named or ("azureml" if environment.get("REELBRUSH_WORKSPACE", "").strip() else "local")


_WORKSPACE = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.MachineLearningServices/workspaces/[^/]+",
    re.IGNORECASE,
)
_CHOICES: dict[str, tuple[str, ...]] = {
    "backend": ("local", "azureml", "azureml-v2"),
    "vm_priority": ("dedicated", "lowpriority"),
    "over_cost": ("approve", "refuse"),
}
_FIELDS: dict[str, str] = {name: str(kind) for name, kind in Settings.__annotations__.items()}
_RANGES: dict[str, tuple[float, float]] = {
    "nodes": (1, 1000),
    "threads": (0, 64),
    "processes": (1, 64),
    "run_nodes": (1, 100),
    "batch_frames": (0, 10_000_000),
    "poll_seconds": (0.05, 3600),
    "attempts": (1, 20),
    "run_seconds": (10, 30 * 86400),
    "max_jobs": (0, 10_000),
    "work_hours": (0, 10_000_000),
    "history_days": (1, 36500),
    "stuck_minutes": (1, 100_000),
    "url_minutes": (1, 7 * 24 * 60),
    "max_bytes": (1, 1 << 60),
    "max_pixels": (1, 1 << 31),
    "max_seconds": (1, 1 << 31),
    "max_frames": (1, 1 << 40),
    "max_gigapixels": (0.001, 1e9),
    "evictions": (1, 50),
    "queue_minutes": (1, 7 * 24 * 60),
    "max_cost": (0, 1e9),
    "price_per_hour": (0, 1e6),
}


def _parse(kind: str, text: str) -> object:
    if kind == "int":
        return int(text)
    if kind == "float":
        return float(text)
    return text
