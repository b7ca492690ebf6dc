"""A snapshot that stands for scoring: what a run does follows from its id, so that tests need no models."""

from __future__ import annotations

from pathlib import Path

from reelbrush.compute import RunRequest
from reelbrush.settings import Settings
from tests.fakes.azureml.stand_in import StandIn

PROGRAM = """
import os, signal, sys, time
run = sys.argv[sys.argv.index("--run") + 1]
print("rank", os.environ.get("OMPI_COMM_WORLD_RANK", "-"), "of", run, flush=True)
if "sleep" in run:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(75))
    time.sleep(60)
if "fail" in run:
    print("no such model", flush=True)
    sys.exit(3)
if "talk" in run:
    print("talk " * 20000)
    print("the end", flush=True)
"""
IMAGE = "registry.example/scoring:1"


def stub_code(folder: Path) -> Path:
    """Make the snapshot in `folder` and return it."""
    package = folder / "scoring"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(PROGRAM)
    (folder / ".amlignore").write_text("*.pyc\n__pycache__\n")
    return folder


def settings_for(azure_ml: StandIn, backend: object = "azureml", **more: object) -> Settings:
    """Return settings under which runs go to the stand-in."""
    wanted: dict[str, object] = {
        "store": "https://videos.blob.core.windows.net",
        "backend": backend,
        "workspace": azure_ml.workspace_id,
        "image": IMAGE,
        **more,
    }
    return Settings(**wanted)  # type: ignore[arg-type]


def request(name: str, job: str = "job", **more: int) -> RunRequest:
    """Return a request whose run is named `name`, which says what it does."""
    return RunRequest(job, f"{job}-{name}-a1", **more)
