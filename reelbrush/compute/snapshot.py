"""The code that a run on the cluster brings along."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import threading
import time
from pathlib import Path

from reelbrush.compute.own_folder import own_folder
from reelbrush.errors import ComputeError

_NEEDED = (".amlignore", "scoring/__main__.py", "scoring/environment/Dockerfile")
_KEPT = 7 * 86400  # seconds since its last use after which a copy of other code is removed
_lock = threading.Lock()
_copies: dict[Path, tuple[Path, list[str]]] = {}  # by the app's folder: its copy, and the files in there


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

    It is a copy, since SDKs look at each file below the folder on every submission, and the app's own holds
    thousands, its packages among them. It is named by its content, so that processes share it, and made anew
    when it has gone: ask for it each time it is needed. Raises ComputeError as `app_folder` does.
    """
    app = app_folder(root)
    with _lock:
        copy, names = _copies.get(app, (None, []))
        if copy is None or not _complete(copy, names):
            names = _files(app)
            copy = own_folder() / f"snapshot-{_digest(app, names)}"
            if not _complete(copy, names):
                _make(copy, app, names)
            _copies[app] = copy, names
        with contextlib.suppress(OSError):
            os.utime(copy)
        return copy


def kept(app: Path) -> list[str]:
    """Return the files and folders that `.amlignore` lets pass, without those of which it names parts."""
    lines = (app / ".amlignore").read_text(encoding="utf-8").split("\n")
    names = [line[2:] for line in lines if line.startswith("!/")]
    return [name for name in names if not any(other.startswith(f"{name}/") for other in names)]


def _files(app: Path) -> list[str]:
    names = [".amlignore"]
    for name in kept(app):
        found = [app / name] if (app / name).is_file() else sorted((app / name).rglob("*"))
        names += [path.relative_to(app).as_posix() for path in found if path.is_file()]
    left_out = "scoring/environment/"
    return [name for name in names if "__pycache__" not in name and not name.startswith(left_out)]


def _digest(app: Path, names: list[str]) -> str:
    content = hashlib.sha256()
    for name in names:
        data = (app / name).read_bytes()
        content.update(f"{name}\0{len(data)}\0".encode() + data)
    return content.hexdigest()[:16]


def _complete(copy: Path, names: list[str]) -> bool:
    """Whether all files are there; temporary folders are swept of old files by some systems."""
    return all((copy / name).is_file() for name in names)


def _make(copy: Path, app: Path, names: list[str]) -> None:
    for other in (*copy.parent.glob("snapshot-*"), *copy.parent.glob("making-*")):
        with contextlib.suppress(OSError):
            if other.stat().st_mtime < time.time() - _KEPT:
                shutil.rmtree(other)
    making = Path(tempfile.mkdtemp(dir=copy.parent, prefix="making-"))
    try:
        for name in names:
            target = making / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(app / name, target)
        if not _complete(copy, names):  # another process may have been faster
            shutil.rmtree(copy, ignore_errors=True)
            making.rename(copy)
    except OSError:
        if not _complete(copy, names):
            raise
    finally:
        shutil.rmtree(making, ignore_errors=True)
