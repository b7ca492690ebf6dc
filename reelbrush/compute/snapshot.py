"""The code that a run on the cluster brings along."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import threading
from pathlib import Path

from reelbrush.errors import ComputeError

_NEEDED = (".amlignore", "scoring/__main__.py", "scoring/environment/Dockerfile")
_lock = threading.Lock()
_copies: dict[Path, Path] = {}  # by the app's folder


def app_folder(root: Path | None = None) -> Path:
    """Return the folder of the app, in which scoring lies beside reelbrush.

    Raises ComputeError when the app was installed without scoring or without `.amlignore`.
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


def snapshot_folder(root: Path | None = None) -> Path:
    """Return a folder with the code that is submitted: what `.amlignore` lets pass, and `.amlignore` itself.

    It is a copy, made once per process and removed at its end: on every submission azure-ai-ml looks at each
    file below the folder, and the app's own holds thousands, its packages among them. Raises ComputeError as
    `app_folder` does.
    """
    app = app_folder(root)
    with _lock:
        copy = _copies.get(app)
        if copy is None or not all((copy / name).exists() for name in kept(app)):
            copy = Path(tempfile.mkdtemp(prefix="reelbrush-code-"))
            atexit.register(shutil.rmtree, copy, ignore_errors=True)
            _fill(copy, app)
            _copies[app] = copy
        return copy


def kept(app: Path) -> list[str]:
    """Return the files and folders that `.amlignore` lets pass, without those of which it names parts."""
    lines = (app / ".amlignore").read_text(encoding="utf-8").split("\n")
    names = [line[2:] for line in lines if line.startswith("!/")]
    return [name for name in names if not any(other.startswith(f"{name}/") for other in names)]


def _fill(copy: Path, app: Path) -> None:
    shutil.copy2(app / ".amlignore", copy)
    ignored = shutil.ignore_patterns("__pycache__", "environment")
    for name in kept(app):
        source, target = app / name, copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=ignored)
        else:
            shutil.copy2(source, target)
