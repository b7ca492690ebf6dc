"""Events of jobs: CloudEvents to a signed webhook and an Event Grid topic, at least once; docs/events.md."""

from reelbrush.events.event import TYPES
from reelbrush.events.outbox import redeliver, tell

__all__ = ["TYPES", "redeliver", "tell"]
