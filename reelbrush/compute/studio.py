"""Links into Azure Machine Learning studio."""

from __future__ import annotations

from urllib.parse import quote

from reelbrush.settings import Settings


def studio_link(settings: Settings, run: str) -> str:
    """Return the page of a run in Azure Machine Learning studio, "" where runs are not there."""
    if not run or settings.backend == "local" or not settings.workspace:
        return ""
    return f"https://ml.azure.com/runs/{quote(run, safe='')}?wsid={quote(settings.workspace, safe='/')}"
