"""Where runs happen. `open_compute` builds the backend that the settings name."""

from reelbrush.compute.port import EVICTED, Compute, Finding, RunRequest, RunStatus, Waiting
from reelbrush.compute.select import open_compute

__all__ = ["EVICTED", "Compute", "Finding", "RunRequest", "RunStatus", "Waiting", "open_compute"]
