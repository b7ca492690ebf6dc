"""`reelbrush doctor`: what a local run needs, each failure with its fix."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from reelbrush.cli.app_folder import app_folder
from reelbrush.cli.styles import list_cards
from reelbrush.errors import ReelbrushError

Check = tuple[str, Callable[[], str], str]  # name, what returns a remark or raises, the fix

_REINSTALL = "install again: pip install -e ."


def diagnose() -> int:
    """Print one line per check and return 0 when all passed, else 1."""
    failed = 0
    for name, check, fix in _checks():
        try:
            print(f"ok    {name}: {check()}")
        except (
            ImportError,
            OSError,
            ValueError,
            ReelbrushError,
            RuntimeError,
            subprocess.SubprocessError,
        ) as error:
            failed += 1
            print(f"FAIL  {name}: {error}\n      fix: {fix}")
    return 1 if failed else 0


def _checks() -> list[Check]:
    return [
        ("python", _python, "use Python 3.11, 3.12 or 3.13"),
        ("video", _video, _REINSTALL),
        ("ffmpeg", _ffmpeg, "pip install imageio-ffmpeg"),
        ("model runtime", _runtime, _REINSTALL),
        ("optical flow", _flow, _REINSTALL),
        (
            "durable functions",
            lambda: _version("azure.durable_functions", "azure-functions-durable"),
            _REINSTALL,
        ),
        ("function app", lambda: str(app_folder()), "run inside the checkout, or set REELBRUSH_APP"),
        ("styles", _styles, "set REELBRUSH_STYLES to a folder of styles"),
        ("temporary space", _space, "free some space, or set TMPDIR to a larger disk"),
    ]


def _python() -> str:
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        raise ValueError(f"{sys.version.split()[0]} is not tested")
    return sys.version.split()[0]


def _video() -> str:
    av = importlib.import_module("av")
    missing = {"libx264", "ffv1"} - set(av.codecs_available)
    if missing:
        raise ValueError(f"PyAV {av.__version__} lacks {', '.join(sorted(missing))}")
    return f"PyAV {av.__version__}"


def _ffmpeg() -> str:
    path = importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe()
    done = subprocess.run([path, "-version"], capture_output=True, text=True, check=True, timeout=20)
    return done.stdout.split(" Copyright")[0]


def _runtime() -> str:
    """Ask a scoring process, since this one never loads the model runtime."""
    code = "import scoring, onnxruntime as o; print(o.__version__, ', '.join(o.get_available_providers()))"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise ValueError((done.stderr.strip() or "it ended without a word").splitlines()[-1])
    return f"onnxruntime {done.stdout.strip()}"


def _flow() -> str:
    return f"OpenCV {importlib.import_module('cv2').__version__}"


def _version(module: str, package: str) -> str:
    from importlib.metadata import version

    importlib.import_module(module)
    return f"{package} {version(package)}"


def _styles() -> str:
    names = [line.name for line in list_cards() if line.name != "identity"]
    if not names:
        raise ValueError("no style was found")
    return ", ".join(names)


def _space() -> str:
    folder = Path(tempfile.gettempdir())
    free = shutil.disk_usage(folder).free
    if free < 2 << 30:
        raise ValueError(f"{folder} has only {free / 1e9:.1f} GB free")
    return f"{folder} has {free / 1e9:.0f} GB free"
