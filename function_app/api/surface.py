"""What handlers stand on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import azure.durable_functions as df

from activities.services import Services


@dataclass(frozen=True)
class Surface:
    """The durable client, the services that activities use too, and the time of the request (aware, UTC)."""

    client: df.DurableOrchestrationClient
    services: Services
    now: datetime
