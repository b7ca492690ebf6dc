"""The code that a run on the cluster brings along."""

from __future__ import annotations

from pathlib import Path

from reelbrush.errors import ComputeError

_NEEDED = (".amlignore", "scoring/__main__.py", "scoring/environment/Dockerfile")


def snapshot_folder(root: Path | None = None) -> Path:
    """Return the folder submitted as code: the app's own, of which `.amlignore` lets scoring's part pass.

    Nothing is written into it. Raises ComputeError when the app was installed without scoring or without the
    `.amlignore`, in whose absence all of the app would be uploaded.
    """
    folder = Path(__file__).resolve().parents[2] if root is None else root
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    if missing:
        raise ComputeError(
            f"the app in {folder} cannot be sent to the cluster: it lacks {', '.join(missing)}",
            advice="Deploy the app as it is in the repository, by its own .funcignore",
            retryable=False,
            code="no-snapshot",
        )
    return folder
