"""Addresses that carry their own right: each gives one thing on one blob or job until its end, no more."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import httpx2 as httpx
import pytest
from azure.storage.blob import BlobSasPermissions, BlobServiceClient, generate_blob_sas

from function_app.api.signature import watch_token
from reelbrush.store import BlobStore, FolderStore, Store
from reelbrush.store.account_links import EMULATOR
from reelbrush.store.folder_links import READ, WRITE, Link, link_key
from tests.azurite_account import KEY, azurite
from tests.torture.access.conftest import Guarded
from tests.torture.access.judge import held
from tests.torture.toll import Toll

BLOCK = {"x-ms-blob-type": "BlockBlob"}
FILM, OTHER = b"the film of " * 20, b"somebody else's"
CREATE_BLOCKS_SINCE = "2026-04-06"  # of the REST API: `c` allows Put Block and Put Block List
LIST = b"<?xml version='1.0'?><BlockList><Latest>MQ==</Latest></BlockList>"
QUERIES = (
    "", "comp=block&blockid=MQ%3D%3D", "comp=blocklist", "comp=metadata", "comp=properties", "comp=tags",
    "comp=lease", "comp=snapshot", "comp=tier", "comp=appendblock", "comp=undelete", "comp=page",
    "restype=container&comp=list", "restype=container", "comp=list", "restype=service&comp=properties",
    "comp=acl&restype=container", "comp=blocklist&blocklisttype=all",
)  # fmt: skip
OUTSIDE = (
    ("input", "../.keys/url", READ), (".keys", "url", READ), ("input", "mine.mp4/x", WRITE),
    ("input", ".", READ), ("work", "../.keys/url", WRITE), ("..", "etc/passwd", READ),
)  # fmt: skip
NAMES = ("mine.mp4", "nobody.mp4")  # one is there
METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH")


def altered(url: str, draw: random.Random) -> Iterator[str]:
    """Yield addresses that were made of a good one by somebody without the key."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))

    def made(path: str = parts.path, **fields: str | None) -> str:
        changed = {**query, **fields}
        kept = {name: value for name, value in changed.items() if value is not None}
        return urlunsplit(parts._replace(path=path, query=urlencode(kept)))

    signature = query["sig"]
    at = draw.randrange(len(signature) - 4)
    letter = draw.choice([c for c in "ABCabc012" if c != signature[at]])
    yield made(sig=signature[:at] + letter + signature[at + 1 :])
    yield made(sig=signature.swapcase())
    yield made(sig="")
    yield made(sig=None)
    yield made(sig=signature[:-2])
    later = datetime.now(UTC) + timedelta(days=draw.randrange(1, 3000))
    yield made(se=later.strftime("%Y-%m-%dT%H:%M:%SZ"))
    yield made(se=None)
    for permission in ("r", "c", "w", "cw", "rcw", "racwdxltmeop", "d", ""):
        if permission != query["sp"]:
            yield made(sp=permission)
    yield made(sp=None)
    name = parts.path.rpartition("/")[2]
    yield made(path=parts.path.replace(name, "theirs.mp4"))
    yield made(path=parts.path.replace("/input/", "/output/"))
    yield made(path=f"{parts.path}.json")
    yield made(path=parts.path.replace(name, "x/..%2Ftheirs.mp4"))
    yield made(path=parts.path.replace(f"/input/{name}", "/input"))
    yield made(path=parts.path.replace(f"/input/{name}", "/"))
    if "sr" in query:
        for scope in ("c", "d", "bs", "bv"):
            yield made(sr=scope)


class Attack:
    """A store with two films, and a plain HTTP client with no right but an address."""

    def __init__(self, toll: Toll, store: Store) -> None:
        self.toll, self._store = toll, store
        self.client = httpx.Client(timeout=60, follow_redirects=True)
        self.reset()

    def reset(self) -> None:
        """Put both films where they belong."""
        self._store.put_bytes("input", "mine.mp4", FILM)
        self._store.put_bytes("input", "theirs.mp4", OTHER)
        self._known = self._blobs()

    def _blobs(self) -> dict[str, str]:
        return {blob.name: blob.etag for blob in self._store.list("input")}

    def refused(self, method: str, url: str, what: str) -> None:
        """Count a request that must get nothing and change nothing."""
        data = LIST if "blocklist" in url else b"evil"
        content = None if method in ("GET", "HEAD", "DELETE") else data
        answer = self.client.request(method, url, headers=BLOCK, content=content)
        told = any(film[:12] in answer.content for film in (FILM, OTHER)) or b"theirs" in answer.content
        if answer.status_code < 400 or told:
            self.toll.leaked(f"{what}: {method} {url} was answered {answer.status_code}")
        elif self._blobs() != self._known:
            self.toll.leaked(f"{what}: {method} {url} changed a blob")
            self.reset()
        else:
            self.toll.survived()


@pytest.mark.torture(
    "addresses of blobs of a folder: another blob, verb, time, signature", full=1200, slice=250
)
def test_an_address_of_a_folder(toll: Toll, painted: Guarded, tmp_path: Path) -> None:
    served = painted.served
    store, key = served.store, link_key(served.store.root)
    attack = Attack(toll, store)

    def address(name: str = "mine.mp4", *, write: bool, seconds: int = 600) -> str:
        return served.base + store.signed_url("input", name, write=write, seconds=seconds)

    foreign = served.base + FolderStore(tmp_path / "elsewhere").signed_url(
        "input", "mine.mp4", write=False, seconds=600
    )
    for seed in toll.seeds():
        draw = random.Random(seed)
        if toll.tried >= toll.tries:
            break
        for write, name in itertools.product((False, True), NAMES):
            over = address(name, write=write, seconds=-120)
            attack.refused("PUT" if write else "GET", over, "its time is over")
            for url, method in itertools.product(altered(address(name, write=write), draw), ("GET", "PUT")):
                attack.refused(method, url, "altered")
        for method, query in itertools.product(METHODS, QUERIES):
            if method not in ("GET", "HEAD"):
                attack.refused(method, f"{address(write=False)}&{query}", "a right to read")
            attack.refused(method, f"{address(write=True)}&{query}", "a right to make what is there")
        attack.refused("GET", foreign, "signed by another folder")
        attack.refused("GET", served.base + "/blobs/input/mine.mp4", "not signed")
        hour = datetime.now(UTC) + timedelta(hours=1)
        for container, name, right in OUTSIDE:
            url = Link(container, name, right, hour).url(key).replace("../", "..%2F")
            attack.refused("PUT" if right == WRITE else "GET", served.base + url, "a path outside")


@pytest.mark.torture("addresses of blobs of an account, as Azurite checks them", full=400, slice=130)
def test_an_address_of_an_account(toll: Toll, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with azurite(tmp_path / "azurite") as connection:
        monkeypatch.setenv("ATTACKED_ACCOUNT", connection)
        store = BlobStore("env:ATTACKED_ACCOUNT")

        attack = Attack(toll, store)
        for seed in toll.seeds():
            draw = random.Random(seed)
            if toll.tried >= toll.tries:
                break
            for write, name in itertools.product((False, True), NAMES):
                url = store.signed_url("input", name, write=write, seconds=600)
                past = store.signed_url("input", name, write=write, seconds=-120)
                attack.refused("PUT" if write else "GET", past, "its time is over")
                for one, method in itertools.product(altered(url, draw), ("GET", "PUT")):
                    attack.refused(method, one, "altered")
            reads = store.signed_url("input", "mine.mp4", write=False, seconds=600)
            makes = created(store.service, "mine.mp4")
            for method, query in itertools.product(("PUT", "DELETE"), QUERIES):
                attack.refused(method, f"{reads}&{query}", "a right to read")
                attack.refused(method, f"{makes}&{query}", "a right to make what is there")
            for query in QUERIES:
                attack.refused("GET", f"{makes}&{query}", "a right to make what is there")


def created(service: BlobServiceClient, name: str) -> str:
    """Return an address as it is made for every account but the emulator's."""
    client = service.get_blob_client("input", name)
    end = datetime.now(UTC) + timedelta(minutes=10)
    permission = BlobSasPermissions(create=True)
    sas = generate_blob_sas(EMULATOR, "input", name, account_key=KEY, permission=permission, expiry=end)
    return f"{client.url}?{sas}"


@pytest.mark.torture(
    "an upload's address of an account in Azure: one blob, create, minutes, https", full=40, slice=40
)
def test_what_an_upload_of_an_account_is_given(toll: Toll, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "OTHER_ACCOUNT",
        f"DefaultEndpointsProtocol=https;AccountName=films;AccountKey={KEY};EndpointSuffix=core.windows.net",
    )
    store = BlobStore("env:OTHER_ACCOUNT")
    monkeypatch.setattr(store, "ensure", str)
    query: dict[str, str] = {}
    for minutes in range(1, 41):
        url = store.signed_url("input", f"clip {minutes}.mp4", write=True, seconds=minutes * 60)
        query = dict(parse_qsl(urlsplit(url).query))
        left = (datetime.fromisoformat(query["se"]) - datetime.now(UTC)).total_seconds()
        kept = (
            url.startswith(f"https://films.blob.core.windows.net/input/{quote(f'clip {minutes}.mp4')}?"),
            query["sp"] == "c",
            query["sr"] == "b",
            query["spr"] == "https",
            query["sv"] >= CREATE_BLOCKS_SINCE,
            minutes * 60 - 30 <= left <= minutes * 60 + 60,
        )
        held(toll, all(kept), f"{kept}")
    toll.figure("version of the REST API", query["sv"])


@pytest.mark.torture("tokens for watching: another job, expired, forged", full=3000, slice=300)
def test_a_token_is_for_one_job_until_its_end(toll: Toll, painted: Guarded) -> None:
    served, now = painted.served, time.time()
    good = watch_token(served.store, painted.job, 600, now)

    client = httpx.Client(base_url=served.base, timeout=60)

    def ask(job: str, token: str, file: str) -> int:
        return client.get(f"/api/jobs/{job}/watch/{quote(token, safe='')}/{file}").status_code

    for file in ("index.m3u8", "media.json", "init.mp4", "00000.m4s"):
        assert ask(painted.job, good, file) == 200, file
    end, _, signature = good.partition("-")
    for seed in toll.seeds():
        draw = random.Random(seed)
        at = draw.randrange(len(signature) - 1)
        letter = draw.choice("ABCDwxyz0189_-".replace(signature[at], ""))
        job, token = draw.choice([
            (painted.other, good),
            (painted.job, watch_token(served.store, painted.other, 600, now)),
            (painted.job, watch_token(served.store, painted.job, -draw.randrange(60, 9000), now)),
            (painted.job, f"{int(end) + draw.randrange(1, 10**6)}-{signature}"),
            (painted.job, f"{end}-{signature[:at]}{letter}{signature[at + 1 :]}"),
            (painted.job, f"0{end}-{signature}"),
            (painted.job, f"{end}-{signature}="),
            (painted.job, f"{end}-"),
            (painted.job, signature),
            (painted.job, f"{end}\u0660-{signature}"),
            (painted.job, f"{good}\n"),
            (painted.job.upper(), good),
        ])  # fmt: skip
        file = draw.choice(["index.m3u8", "media.json", "init.mp4", "00000.m4s", "../index.m3u8", "source"])
        status = ask(job, token, file)
        refused = status in (403, 404)
        held(toll, refused, (seed, job, token, file, status))
