"""The embedded Azure Functions host: runs an app folder, durable orchestrations included, in this process.

It speaks the protocol of azure-functions-durable 1.x as the extension in Azure does, traps included, so
that what works here works there.
"""

from __future__ import annotations

from reelbrush.host.clock import Clock, ManualClock, SystemClock
from reelbrush.host.host import Host
from reelbrush.host.instances import InstanceStatus
from reelbrush.host.payload_lint import LintFinding
from reelbrush.host.receipts import BlobOutcome

__all__ = ["BlobOutcome", "Clock", "Host", "InstanceStatus", "LintFinding", "ManualClock", "SystemClock"]
