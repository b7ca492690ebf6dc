"""Where a job runs while its processes are killed: a served folder, or one beside a storage account."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from activities.services import scratch_folder
from reelbrush.compute.select import local_runs_folder
from reelbrush.job import Options, job_id
from reelbrush.store import BlobStore, FolderStore, Store
from tests.torture.kills.account import Account

PATIENCE = 180.0  # seconds for anything to happen on a busy machine
STYLE = "slow"
_SEGMENT = re.compile(r"segment (\d+) frames ")
_VARIABLE = "KILLS_ACCOUNT"


class Place:
    """A folder that `reelbrush serve` serves, again after each kill."""

    def __init__(self, folder: Path, styles: Path, account: Account | None = None) -> None:
        """`styles` is a folder of styles; `account` holds the blobs, the folder itself where None."""
        self.folder, self._styles, self.account = folder, styles, account
        folder.mkdir(parents=True, exist_ok=True)
        self.host: subprocess.Popen[str] | None = None
        self.base, self._refusal = "", ""
        self._said = folder.parent / f"{folder.name}-said.txt"
        self.store: Store = FolderStore(folder)
        if account is not None:
            os.environ[_VARIABLE] = account.connection
            self.store = BlobStore(f"env:{_VARIABLE}")
        self.runs = local_runs_folder(self.store.uri)  # of an account it lies outside the folder

    def serve(self) -> None:
        """Start the host and wait until it tells its address."""
        environment = {
            **os.environ,
            "REELBRUSH_POLL_SECONDS": "0.5",
            "REELBRUSH_STYLES": str(self._styles),
            "REELBRUSH_WORK_HOURS": "5",
        }
        command = [sys.executable, "-m", "reelbrush", "serve", str(self.folder), "--port", "0"]
        command += ["--style", STYLE, "--workers", "1"]
        if self.account is not None:
            command += ["--store", f"env:{_VARIABLE}"]
        with self._said.open("w+") as said:
            self.host = subprocess.Popen(command, env=environment, stderr=said, text=True)
            end = time.monotonic() + PATIENCE
            while True:
                said.seek(0)
                text = said.read()
                found = re.search(r"http://[0-9.:]+", text)
                if found is not None:
                    self.base = found[0]
                    return
                assert self.host.poll() is None and time.monotonic() < end, text
                time.sleep(0.02)

    def kill_host(self) -> None:
        """SIGKILL; its scorers go on."""
        assert self.host is not None
        self.host.kill()
        self.host.wait()

    def stop(self) -> None:
        """End the host in good order, and whatever of this place still runs where that fails."""
        if self.host is not None and self.host.poll() is None:
            self.host.send_signal(signal.SIGTERM)
            self.host.wait(PATIENCE)

    def end_all(self) -> None:
        """Kill everything that is left."""
        for process in self.processes():
            process.kill()
        if self.host is not None:
            self.host.wait()
        if self.account is not None:
            shutil.rmtree(self.runs, ignore_errors=True)

    def processes(self, word: str = "") -> list[psutil.Process]:
        """Return the living processes that were told of this folder, and have `word` in their command."""
        found: list[psutil.Process] = []
        for process in psutil.process_iter(["cmdline", "status", "environ"]):
            line = process.info["cmdline"] or []
            told = [*line, (process.info["environ"] or {}).get("TMPDIR", "")]
            if (
                any(str(self.folder) in part or str(self.runs) in part for part in told)
                and process.info["status"] != psutil.STATUS_ZOMBIE
                and (not word or word in line)
            ):
                found.append(process)
        return found

    def scorers(self) -> list[psutil.Process]:
        """Return the scoring processes of this place, with those that they started."""
        return self.processes("scoring")

    def upload(self, clip: Path) -> str:
        """Put a video in and return the id of the job that it starts."""
        name = f"{STYLE}/film.mp4"
        self.store.put_bytes("input", name, clip.read_bytes())
        blob = self.store.stat("input", name)
        assert blob is not None
        return job_id(blob, STYLE, Options())

    def view(self, job: str) -> dict[str, Any] | None:
        """Return the job as the API shows it; None while it cannot be asked."""
        try:
            with urllib.request.urlopen(f"{self.base}/api/jobs/{job}", timeout=60) as answer:
                return json.loads(answer.read())
        except (urllib.error.URLError, OSError, ValueError) as error:
            self._refusal = repr(error)
            return None

    def retry(self, job: str) -> None:
        """Ask for a failed job again."""
        request = urllib.request.Request(f"{self.base}/api/jobs/{job}/retry", method="POST")
        urllib.request.urlopen(request, timeout=60).close()

    def until(self, job: str, check: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the first view of the job of which `check` holds."""
        end = time.monotonic() + PATIENCE
        while True:
            view = self.view(job)
            if view is not None and check(view):
                return view
            assert time.monotonic() < end, f"the job stands still: {view}; {self._plight()}"
            time.sleep(0.05)

    def _plight(self) -> str:
        """Return what the host says, and why it was not asked with success."""
        assert self.host is not None
        said = self._said.read_text()
        return f"{self._refusal}; the host at {self.base} ended with {self.host.poll()} and said {said}"

    def output(self, view: dict[str, Any]) -> str:
        """Return the sha256 of the output that a view names."""
        container, _, name = str(view["result"]["blob"]).partition("/")
        return hashlib.sha256(self.store.read_bytes(container, name)).hexdigest()

    def pages(self, job: str) -> dict[str, str]:
        """Return the ledger's pages by name: a segment that is painted again took other seconds."""
        names = [blob.name for blob in self.store.list("work", f"{job}/")]
        found = [name for name in names if re.search(r"/segments/\d+\.json$", name)]
        return {name: self.store.read_bytes("work", name).decode() for name in found}

    def painted(self) -> Counter[int]:
        """Return how often each segment was encoded to its end, by the logs of all runs."""
        logs = (path.read_text() for path in self.runs.glob("*/log.txt"))
        return Counter(int(found) for log in logs for found in _SEGMENT.findall(log))

    def left_behind(self) -> list[str]:
        """Return what is there that should not be, once the host has ended and the work was swept."""
        found = [f"process {process.pid} goes on" for process in self.processes()]
        for database in self.folder.glob("**/host.db"):
            with sqlite3.connect(database) as connection:
                (state,) = connection.execute("PRAGMA integrity_check").fetchone()
            connection.close()
            found += [f"{database.name}: {state}"] * (state != "ok")
        if isinstance(self.store, FolderStore):
            with scratch_folder(self.store):  # every split and stitch sweeps when it begins
                pass
            found += [f".tmp/{path.name} is left" for path in (self.store.root / ".tmp").iterdir()]
        return found
