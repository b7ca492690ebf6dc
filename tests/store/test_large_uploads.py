"""Uploads of more than 256 MB: sent in blocks, with little of them in memory at any time."""

from __future__ import annotations

import hashlib
import http.client
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from reelbrush.store import BlobStore, FolderStore

SIZE = 300_000_000
MOST_BYTES = 64 << 20  # above what the process had before

MOST = """
def most():  # KiB ever resident; unlike ru_maxrss it does not begin with what the parent had
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
"""

PUT = (
    MOST
    + """
import sys
from pathlib import Path
from reelbrush.store import open_store
store = open_store(sys.argv[1])
store.put_bytes("input", "small", b"x")
before = most()
store.put_file("input", "film.mp4", Path(sys.argv[2]))
print(most() - before)
"""
)

SERVE = (
    MOST
    + """
import asyncio, sys
from pathlib import Path
from reelbrush.host.blob_http import BlobEndpoint
from reelbrush.host.server import LocalServer

async def main():
    server = LocalServer(0)
    await server.start([BlobEndpoint(Path(sys.argv[1])).route])
    before = most()
    print(server.base_url, flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await server.stop()
    print(most() - before)

asyncio.run(main())
"""
)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A file of 300 MB and its SHA-256; no two of its blocks are the same."""
    path = tmp_path_factory.mktemp("film") / "film"
    known = hashlib.sha256()
    with path.open("wb") as file:
        for number in range(SIZE // 1_000_000):
            piece = number.to_bytes(4) * 250_000
            known.update(piece)
            file.write(piece)
    yield path, known.hexdigest()
    path.unlink()


def digest(pieces: Iterator[bytes]) -> str:
    known = hashlib.sha256()
    for piece in pieces:
        known.update(piece)
    return known.hexdigest()


@pytest.mark.slow
def test_an_account_takes_a_large_file_in_blocks(
    account: str, film: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORE_CONNECTION", account)
    command = [sys.executable, "-c", PUT, "env:STORE_CONNECTION", str(film[0])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) * 1024 < MOST_BYTES
    store = BlobStore("env:STORE_CONNECTION")
    blob = store.stat("input", "film.mp4")
    assert blob is not None and blob.size == SIZE
    blocks = store.service.get_blob_client("input", "film.mp4").get_block_list("committed")[0]
    assert len(blocks) == -(-SIZE // (8 << 20))
    with store.open("input", "film.mp4") as reader:
        assert digest(iter(lambda: reader.read(4 << 20), b"")) == film[1]


@pytest.mark.slow
@pytest.mark.parametrize("pieces", [1, 20])
def test_the_host_takes_a_large_body(tmp_path: Path, film: tuple[Path, str], pieces: int) -> None:
    store = FolderStore(tmp_path)
    url = store.signed_url("input", "film.mp4", write=True, seconds=600, size=SIZE)
    command = [sys.executable, "-c", SERVE, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None and server.stdout is not None
        connection = http.client.HTTPConnection(urlsplit(server.stdout.readline().strip()).netloc)
        send = sender(connection)
        with film[0].open("rb") as file:
            if pieces == 1:
                send(url, file, SIZE)
            else:
                ids = [f"{number:06d}" for number in range(pieces)]
                for block in ids:
                    send(f"{url}&comp=block&blockid={block}", file, SIZE // pieces)
                listed = "".join(f"<Latest>{block}</Latest>" for block in ids)
                commit = f"<BlockList>{listed}</BlockList>"
                send(url + "&comp=blocklist", commit.encode(), len(commit))
        print(file=server.stdin, flush=True)
        grown = int(server.stdout.readline())
    assert grown * 1024 < MOST_BYTES
    with store.open("input", "film.mp4") as reader:
        assert digest(iter(lambda: reader.read(4 << 20), b"")) == film[1]
    assert not [path for path in (tmp_path / ".tmp").iterdir() if path.name != "blocks"]


def sender(connection: http.client.HTTPConnection) -> Callable[..., None]:
    """Give a function that puts so many bytes of a file, or some bytes, and expects 201."""

    def send(url: str, body: object, size: int) -> None:
        connection.putrequest("PUT", url)
        connection.putheader("x-ms-blob-type", "BlockBlob")
        connection.putheader("Content-Length", str(size))
        connection.endheaders()
        if isinstance(body, bytes):
            connection.send(body)
        else:
            while size:
                piece = body.read(min(1 << 20, size))  # type: ignore[attr-defined]
                connection.send(piece)
                size -= len(piece)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 201, url

    return send
