"""`reelbrush doctor --deploy`: what `azd up` needs, as `python -m reelbrush.deploy preflight` tells it."""

from __future__ import annotations

from reelbrush.deploy.az import Az
from reelbrush.deploy.preflight import report
from reelbrush.deploy.values import read_values


def diagnose_deploy(environment: str, location: str) -> int:
    """Print one line per check and return 0 unless one failed, else 1. Empty texts: as azd has them."""
    given = {"AZURE_ENV_NAME": environment, "AZURE_LOCATION": location}
    return report(read_values({name: value for name, value in given.items() if value}), Az())
