"""Seconds and rates that a job's time is made of besides painting, each with where it comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from activities.proven_segments import AHEAD as SEGMENTS_AHEAD
from reelbrush.pricing.basis import RUN_SECONDS
from reelbrush.pricing.starts import ASSUMED
from reelbrush.store.range_reader import AHEAD, LARGEST

Kind = Literal["measured", "sourced", "assumed"]


@dataclass(frozen=True)
class Constants:
    """A service and the app on it. Times in seconds of wall clock, rates in bytes per second."""

    trigger: float = 2.0  # from the upload to the first step
    node_start: float = ASSUMED.likely  # of a node that is not up, until its first run can start
    run_start: float = RUN_SECONDS  # from a run's start on a node that is up to its first frame
    submit: float = 0.9  # of one run
    submits_at_once: int = 10
    poll: float = 15.0  # the longest pause between two looks, REELBRUSH_POLL_SECONDS
    look: float = 0.2  # of one look at all runs
    step: float = 0.3  # between two steps: what the orchestrator and its queues take
    plan: float = 1.0
    range_seconds: float = 0.015  # until the first byte of a range of a blob
    range_bytes: float = LARGEST  # of a range, to whoever reads on
    ranges_ahead: int = AHEAD  # ranges under way while one is used
    segments_ahead: int = SEGMENTS_AHEAD  # segments that the stitch fetches at once, each by one request
    line: float = 250e6  # between app and storage
    disk: float = 400e6  # of the app's instance
    index_frame: float = 20e-6
    stitch_frame: float = 60e-6
    stitch_segment: float = 0.016  # opening, proving and closing one, all passes, storage close by
    index_moved: float = 1.0  # how often the finished file is read and written again to put its index first
    stitch_share: float = 1.0  # of the stitch that comes after the last frame; 1: nothing overlaps
    finish_segment: float = 0.003  # reading its page for the receipt, deleting its blobs
    hash_rate: float = 1.5e9  # of sha256, one core
    idle: float = 120.0  # that a node stays up after its last run

    @property
    def reading(self) -> float:
        """Bytes per second of one reader that goes through a large blob."""
        return self.fetching(self.range_bytes, self.ranges_ahead)

    def fetching(self, size: float, at_once: int) -> float:
        """Bytes per second of requests for `size` bytes each, so many of them under way at any time."""
        return min(self.line, at_once * size / (self.range_seconds + size / self.line))

    def scaled(self, times: float) -> Constants:
        """Return the constants for nodes that live `times` as fast; the app's own steps stay."""
        return replace(
            self, node_start=self.node_start / times, run_start=self.run_start / times, idle=self.idle / times
        )


SOURCES: dict[str, tuple[Kind, str]] = {
    "trigger": ("assumed", "Event Grid and a worker that is awake"),
    "node_start": ("sourced", "Azure/Batch#145: 3 to 8 minutes; docs: about five; as the product reckons it"),
    "run_start": ("sourced", "azure-sdk-for-python#30340: 20 to 60 s; as the product reckons it"),
    "submit": ("measured", "azureml-core against the stand-in, docs/operations.md: 903 ms in the middle"),
    "submits_at_once": ("measured", "docs/operations.md: ten at once"),
    "poll": ("sourced", "the product's default"),
    "look": ("measured", "docs/operations.md: 120 ms in the middle"),
    "step": ("assumed", "median turn 14 ms in the embedded host; queues of Azure Storage take longer"),
    "plan": ("assumed", "reads manifest and rates"),
    "range_seconds": ("assumed", "blob storage of the same region"),
    "range_bytes": ("sourced", "reelbrush/store/range_reader.py"),
    "ranges_ahead": ("sourced", "reelbrush/store/range_reader.py"),
    "segments_ahead": ("sourced", "activities/proven_segments.py"),
    "line": ("assumed", "2 Gbit/s"),
    "disk": ("assumed", "not documented for Flex Consumption"),
    "index_frame": ("measured", "here, by this command"),
    "stitch_frame": ("measured", "here, by this command"),
    "stitch_segment": ("measured", "10,000 segments in 159 s, docs/operations.md"),
    "index_moved": ("sourced", "+faststart of FFmpeg's muxer, reelbrush/media/output.py"),
    "stitch_share": ("sourced", "the product's orchestration: it begins when all is painted"),
    "finish_segment": ("measured", "10,000 segments in 28 s, docs/operations.md"),
    "hash_rate": ("measured", "here, by this command"),
    "idle": ("sourced", "infra/bicep/modules/gpuCluster.bicep"),
}
