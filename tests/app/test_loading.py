"""A worker that has just started takes several steps at once: each loads what it needs while others do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import reelbrush.media

MEDIA = Path(reelbrush.media.__file__).parent
MODULES = sorted(f"reelbrush.media.{path.stem}" for path in MEDIA.glob("[!_]*.py"))
PROGRAM = """
import importlib, json, sys, threading
import function_app
from activities.services import services
from reelbrush.cli import serve

modules, failed = json.loads(sys.argv[1]), []
sys.setswitchinterval(1e-6)
together = threading.Barrier(len(modules) + 1)

def load(module):
    together.wait()
    try:
        if module:
            services()
            importlib.import_module(module)
        else:
            serve._get_ready()
    except BaseException as error:
        failed.append(f"{module}: {error!r}")

threads = [threading.Thread(target=load, args=(module,)) for module in [*modules, ""]]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps(failed))
"""


def test_threads_that_load_media_at_once_do_not_meet_half_of_it(tmp_path: Path) -> None:
    environment = {**os.environ, "REELBRUSH_STORE": tmp_path.as_uri().replace("file://", "folder:")}
    command = [sys.executable, "-c", PROGRAM, json.dumps(MODULES)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120)
    assert json.loads(done.stdout) == []
