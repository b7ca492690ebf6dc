"""Which image the nodes of the cluster run, and by which name and version it is registered."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from reelbrush.compute.snapshot import app_folder
from reelbrush.settings import Settings

NAME = "reelbrush-scoring"


@dataclass(frozen=True)
class ScoringEnvironment:
    """An environment of the workspace: either of a ready `image` or built from the Dockerfile in `context`.

    `version` follows from the content, so one that is registered already is the right one.
    """

    name: str
    version: str
    image: str | None
    context: Path | None  # folder with Dockerfile and requirements.txt


def scoring_environment(settings: Settings) -> ScoringEnvironment:
    """Return the environment that `settings.image` names, else the one that scoring/environment describes.

    Raises ComputeError when the app was installed without scoring/environment.
    """
    if settings.image:
        digest = hashlib.sha256(settings.image.encode())
        return ScoringEnvironment(NAME, digest.hexdigest()[:12], settings.image, None)
    context = app_folder() / "scoring" / "environment"
    digest = hashlib.sha256()
    for path in sorted(context.iterdir()):
        if path.is_file():
            content = path.read_bytes()
            digest.update(f"{path.name}\0{len(content)}\0".encode() + content)
    return ScoringEnvironment(NAME, digest.hexdigest()[:12], None, context)
