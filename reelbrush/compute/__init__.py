"""Where runs happen. `open_compute` builds the backend that the settings name."""

from reelbrush.compute.port import Compute, RunRequest, RunStatus
from reelbrush.compute.select import open_compute

__all__ = ["Compute", "RunRequest", "RunStatus", "open_compute"]
