"""Running the tool as people and hooks do: as a process of its own."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import ROOT
from tests.deploy.world import World


def deploy(world: World, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m reelbrush.deploy` without any package that is not of the standard library."""
    return subprocess.run(
        [sys.executable, "-S", "-m", "reelbrush.deploy", *arguments],
        cwd=ROOT,
        env={**world.environment, **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )
