"""What the cluster benchmarks run against: a storage account, the stand-in for the cluster, the app."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imageio_ffmpeg
from azure.storage.blob import BlobServiceClient

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from reelbrush.job import Job, Options, job_id  # noqa: E402
from reelbrush.store import Store, open_store  # noqa: E402
from tests.azurite_account import azurite  # noqa: E402
from tests.fakes.azureml.stand_in import StandIn  # noqa: E402

_HASH = re.compile(r"-[0-9a-f]{10}-b")
ACCOUNT = "BENCHMARK_ACCOUNT"  # variable with the connection string, of the app and of the nodes
_NEEDLESS = ("https_proxy", "http_proxy", "no_proxy", "all_proxy", "ALL_PROXY", "MSI_ENDPOINT")


@dataclass(frozen=True)
class Cloud:
    """An account and a workspace; `settings` of the app by name, without REELBRUSH_."""

    store: Store
    connection: str
    azure_ml: StandIn
    folder: Path
    settings: dict[str, str]

    def upload(self, film: Path, style: str) -> Job:
        """Put a video where uploads go and return the job that it becomes."""
        with film.open("rb") as file:
            blob = self._client().get_blob_client("input", f"{style}/{film.name}")
            blob.upload_blob(file, max_concurrency=4)
        source = self.store.stat("input", f"{style}/{film.name}")
        assert source is not None
        return Job(job_id(source, style, Options()), source, style, Options())

    def serve(self, jobs: list[str]) -> dict[str, Any]:
        """Run the app in a process of its own until the jobs have ended; return what its meter saw."""
        metered = self.folder / "metered.json"
        environment = {name: value for name, value in os.environ.items() if name not in _NEEDLESS}
        environment |= self.azure_ml.environment | {ACCOUNT: self.connection}
        environment |= {f"REELBRUSH_{name}": value for name, value in self.settings.items()}
        program = [sys.executable, str(ROOT / "benchmarks" / "cluster_app.py")]
        arguments = [str(self.folder / "host"), ACCOUNT, str(metered), *jobs]
        log = self.folder / "app.log"
        with log.open("wb") as out:
            done = subprocess.run(
                [*program, *arguments], env=environment, stdout=out, stderr=out, check=False
            )
        if done.returncode:
            raise SystemExit(f"the app ended with {done.returncode}: {log.read_text()[-4000:]}")
        return json.loads(metered.read_text())

    def _client(self) -> BlobServiceClient:
        client = BlobServiceClient.from_connection_string(self.connection)
        if not client.get_container_client("input").exists():
            client.create_container("input")
        return client


@contextmanager
def cloud(folder: Path, **settings: object) -> Generator[Cloud]:
    """Yield a cloud of its own on `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with azurite(folder / "azurite") as connection, StandIn(folder / "azure-ml") as azure_ml:
        os.environ[ACCOUNT] = connection
        azure_ml.node_environment[ACCOUNT] = connection
        all_settings = {
            "STORE": f"env:{ACCOUNT}",
            "WORKSPACE": azure_ml.workspace_id,
            "BLOB_SOURCE": "LogsAndContainerScan",
            **{name.upper(): str(value) for name, value in settings.items()},
        }
        yield Cloud(open_store(f"env:{ACCOUNT}"), connection, azure_ml, folder, all_settings)


def make_film(path: Path, segments: int, repeats: int = 1, size: str = "64x48") -> Path:
    """Write `segments` * `repeats` segments of 48 frames, 25 frames per second."""
    seconds = segments * 48 / 25
    source = f"testsrc2=size={size}:rate=25:duration={seconds}"
    ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y"]
    encode = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "40", "-g", "48", "-bf", "0"]
    first = path.with_name(f"part-{path.name}")
    command = [*ffmpeg, "-f", "lavfi", "-i", source, *encode, "-pix_fmt", "yuv420p"]
    subprocess.run([*command, "-x264-params", "keyint=48:min-keyint=48:scenecut=0", str(first)], check=True)
    again = [*ffmpeg, "-stream_loop", str(repeats - 1), "-i", str(first), "-c", "copy", str(path)]
    subprocess.run(again, check=True)
    first.unlink()
    return path


def stable(text: str) -> str:
    """Return a text without the hashes of jobs' ids, which are others for each upload."""
    return _HASH.sub("-b", text)


def steady(azure_ml: StandIn) -> None:
    """Let what is drawn for calls and runs depend on the seed alone, as far as their names do."""
    faults = azure_ml.service.faults
    eviction, of_call = faults.eviction, faults.of_call

    def evicted(run: str, start: int, low_priority: bool) -> Any:
        return eviction(stable(run), start, low_priority)

    faults.eviction = evicted  # type: ignore[method-assign]
    faults.of_call = lambda operation, path: of_call(operation, stable(path))  # type: ignore[method-assign]


def machine() -> str:
    """Say in one line on what the numbers were taken."""
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    model = names[0].partition(":")[2].strip() if names else "unknown CPU"
    load = os.getloadavg()[0]
    return f"{len(os.sched_getaffinity(0))} cores of {model}, load {load:.1f}"


def print_table(rows: list[tuple[str, object]]) -> None:
    """Print what was measured as a table of Markdown."""
    print("| what | measured |\n|---|---|")
    for name, value in rows:
        print(f"| {name} | {value} |")


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self.began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Return the seconds until now."""
        return round(time.monotonic() - self.began, 1)
