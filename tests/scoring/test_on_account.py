"""`python -m scoring` as on a node: blobs and styles of a real account, the node's identity, kills."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from reelbrush.job import BatchProgress, BatchState, from_json
from reelbrush.job.names import INPUT, STYLES, WORK
from reelbrush.store import BlobStore, FolderStore
from reelbrush.style_shelf import shelve_style
from scoring.contract import Contract
from tests.azurite_account import ACCOUNT, KEY, Credential, azurite, azurite_with_identity
from tests.scoring.jobs import PreparedJob, make_clip, prepare
from tests.scoring.models import save_style, slow_model

ROOT = Path(__file__).resolve().parents[2]
FRAMES, SEGMENTS = 60, 5
CLIENT = "3f1c7b1e-0000-4000-8000-00000000c11e"
VARIABLE = "STORE_OF_THE_NODE"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> PreparedJob:
    """A job of a slow style in a folder, with its style beside it."""
    folder = tmp_path_factory.mktemp("made")
    make_clip(folder / "clip.mp4", FRAMES)
    save_style(folder / "styles", "slow", slow_model(12), Contract())
    return prepare(folder, folder / "clip.mp4", "slow")


@pytest.fixture(scope="module")
def undisturbed(made: PreparedJob, tmp_path_factory: pytest.TempPathFactory) -> list[str | None]:
    styles = str(made.store.root.parent / "styles")
    assert run_to_end(made.store.uri, made, made.request(attempt=9), "--styles", styles)[0] == 0
    hashes = made.page_hashes()
    for segment in made.manifest.segments:
        made.page_path(segment.index).unlink()
        made.segment_path(segment.index).unlink()
    return hashes


@pytest.fixture
def account(tmp_path: Path, made: PreparedJob, monkeypatch: pytest.MonkeyPatch) -> Iterator[BlobStore]:
    """A fresh account with the job's blobs and its style."""
    with azurite(tmp_path / "azurite") as connection:
        monkeypatch.setenv(VARIABLE, connection)
        yield moved(made, BlobStore(f"env:{VARIABLE}"))


def moved(made: PreparedJob, account: BlobStore) -> BlobStore:
    """Copy what a run needs into the account."""
    folder: FolderStore = made.store
    made.request(attempt=1)
    made.request(attempt=2)
    for container in (INPUT, WORK):
        for blob in folder.list(container):
            account.put_bytes(container, blob.name, folder.read_bytes(container, blob.name))
    if container := account.stat(INPUT, "clip.mp4"):
        # the account has an ETag of its own: the job is told of it
        for run in (run_name(made, 1), run_name(made, 2)):
            document = json.loads(account.read_bytes(WORK, made.names.batch(run)))
            document["job"]["source"]["etag"] = container.etag
            account.put_bytes(WORK, made.names.batch(run), json.dumps(document).encode())
    shelve_style(account, folder.root.parent / "styles", "slow")
    return account


def run_name(made: PreparedJob, attempt: int) -> str:
    return f"{made.job.id}-b0-a{attempt}"


def command(uri: str, made: PreparedJob, run: str, *more: str) -> list[str]:
    own = ["--store", uri, "--job", made.job.id, "--run", run]
    return [sys.executable, "-m", "scoring", *own, *(more or ("--styles", "store:"))]


def run_to_end(uri: str, made: PreparedJob, run: str, *more: str, **more_environment: str) -> tuple[int, str]:
    environment = {n: v for n, v in os.environ.items() if not n.startswith(("OMPI_", "PMI"))}
    environment |= more_environment
    done = subprocess.run(
        command(uri, made, run, *more), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
    return done.returncode, done.stdout + done.stderr


def hashes(account: BlobStore, made: PreparedJob) -> list[str | None]:
    names = [made.names.page(made.manifest.generation, i) for i in range(SEGMENTS)]
    found = [account.read_bytes(WORK, name) if account.stat(WORK, name) else None for name in names]
    return [json.loads(page)["sha256"] if page else None for page in found]


def refuse_half_done(account: BlobStore, made: PreparedJob) -> None:
    """Fail unless each page has its whole file and no other name lies among the segments."""
    blobs = {b.name: b.size for b in account.list(WORK, made.names.segments(made.manifest.generation))}
    for name in blobs:
        assert re.fullmatch(r".*/segments/\d{5}\.(mp4|json)", name), name
        if name.endswith(".json"):
            page = json.loads(account.read_bytes(WORK, name))
            assert blobs[name.replace(".json", ".mp4")] == page["size"]


def started(account: BlobStore, made: PreparedJob, segment: int) -> subprocess.Popen[bytes]:
    """Start run 1 and return when `segment` is published."""
    process = subprocess.Popen(
        command(account.uri, made, run_name(made, 1)),
        cwd=ROOT,
        env=os.environ | {"AZUREML_RUN_ID": run_name(made, 1)},
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while hashes(account, made)[segment] is None:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    return process


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_node_that_is_taken_away_leaves_nothing_half_done(
    account: BlobStore, made: PreparedJob, undisturbed: list[str | None], number: signal.Signals
) -> None:
    process = started(account, made, 0)
    process.send_signal(number)
    asked = time.monotonic()
    code = process.wait(60)
    refuse_half_done(account, made)
    before = hashes(account, made)
    assert None in before
    if number == signal.SIGTERM:
        assert code == 75
        assert time.monotonic() - asked < 15  # the grace on a cluster is 10 s
        document = account.read_bytes(WORK, made.names.result(run_name(made, 1)))
        result = from_json(BatchProgress, json.loads(document))
        assert (result.state, result.retryable) == (BatchState.CANCELED, True)
    assert run_to_end(account.uri, made, run_name(made, 2))[0] == 0
    assert hashes(account, made) == undisturbed
    refuse_half_done(account, made)


class Endpoint(BaseHTTPRequestHandler):
    """Answers as the identity endpoint of a node of Azure Machine Learning does."""

    asked: list[tuple[str | None, str | None]]

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        self.asked.append((query.get("clientid", [None])[0], self.headers.get("secret")))
        token = Credential().get_token(query["resource"][0])
        body = json.dumps(
            {"access_token": token.token, "expires_on": str(token.expires_on), "token_type": "Bearer"}
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variables", "client"),
    [
        ({"DEFAULT_IDENTITY_CLIENT_ID": CLIENT}, CLIENT),
        ({"DEFAULT_IDENTITY_CLIENT_ID": "another", "AZURE_CLIENT_ID": CLIENT}, CLIENT),
        ({}, None),  # Kubernetes
    ],
)
def test_a_node_signs_in_with_its_identity(
    tmp_path: Path,
    made: PreparedJob,
    undisturbed: list[str | None],
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    client: str | None,
) -> None:
    Endpoint.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with azurite_with_identity(tmp_path / "azurite") as url:
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "azurite" / "cert.pem"))
            key = f"DefaultEndpointsProtocol=https;AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={url};"
            monkeypatch.setenv(VARIABLE, key)
            account = moved(made, BlobStore(f"env:{VARIABLE}"))
            monkeypatch.delenv(VARIABLE)
            secret = "the-secret-of-the-node"
            identity = {"MSI_ENDPOINT": f"http://127.0.0.1:{server.server_port}/msi", "MSI_SECRET": secret}
            code, log = run_to_end(url, made, run_name(made, 1), **identity, **variables)
            assert code == 0, log
            assert hashes(account, made) == undisturbed
            assert set(Endpoint.asked) == {(client, secret)}
            assert secret not in log and "Bearer" not in log and "sig=" not in log
    finally:
        server.shutdown()
        server.server_close()


def test_what_the_log_of_a_run_shows(account: BlobStore, made: PreparedJob) -> None:
    code, log = run_to_end(account.uri, made, run_name(made, 1))
    assert code == 0
    lines = [line.partition(" ")[2] for line in log.splitlines()]
    assert lines[0].startswith(f"run {run_name(made, 1)} of job {made.job.id}, process 0 of 1 on ")
    assert any(line.startswith("style slow: model.onnx, ") for line in lines)
    assert any(line.startswith("device cpu, versions ") and "onnxruntime" in line for line in lines)
    assert sum(line.startswith("segment ") for line in lines) == SEGMENTS
    assert re.fullmatch(rf"run {run_name(made, 1)} done: {FRAMES} of {FRAMES} frames in .* s", lines[-1])
    assert KEY not in log


def test_ranks_are_told_apart_in_the_log(account: BlobStore, made: PreparedJob) -> None:
    ranks = {"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_LOCAL_RANK": "1"}
    code, log = run_to_end(account.uri, made, run_name(made, 1), CUDA_VISIBLE_DEVICES="0", **ranks)
    assert code == 0, log
    assert all(re.match(r"\d\d:\d\d:\d\d \[1\] ", line) for line in log.splitlines())
    assert "process 1 of this node shares GPU 0: the node has 1 GPU" in log


def test_a_style_that_is_not_in_the_store(account: BlobStore, made: PreparedJob) -> None:
    account.delete(STYLES, "slow/card.json")
    code, log = run_to_end(account.uri, made, run_name(made, 1))
    assert code == 3 and "there is no style 'slow' in the store. Known styles: identity" in log
