"""A job whose segments are painted by the identity and published one by one, in any order."""

from __future__ import annotations

import asyncio
import hashlib
import json
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from activities.services import Services, read_manifest, read_timestamps
from activities.split import split
from activities.stitch import stitch
from function_app.api.messages import Reply, Request
from function_app.api.problems import Refused
from function_app.api.signature import watch_token
from function_app.api.surface import Surface
from function_app.watch.handlers import get_watch_file
from reelbrush.compute.local import LocalCompute
from reelbrush.job import Job, LedgerPage, Manifest, Options, WorkNames, job_id, timestamps_hash, to_json
from reelbrush.job.names import INPUT, WORK
from reelbrush.media.decode import SegmentReader
from reelbrush.media.encode import SegmentEncoder
from reelbrush.settings import Settings
from reelbrush.store import FolderStore, Store

NOW = datetime(2030, 1, 1, tzinfo=UTC)


@dataclass
class Instances:
    """Stands for the durable client: every job has the status `runs`, "" for unknown ones."""

    runs: str = "Running"
    asked: int = 0

    async def get_status(self, job: str, *, show_input: bool = True) -> Any:
        self.asked += 1
        return SimpleNamespace(runtime_status=SimpleNamespace(name=self.runs)) if self.runs else None


@dataclass
class Screening:
    """A split job in a store, with all its segments encoded in `folder` and none published."""

    folder: Path
    to: Services
    job: Job
    instances: Instances = field(default_factory=Instances)

    @property
    def store(self) -> Store:
        return self.to.store

    @property
    def names(self) -> WorkNames:
        return WorkNames(self.job.id)

    @cached_property
    def manifest(self) -> Manifest:
        return read_manifest(self.store, self.job)

    @cached_property
    def timestamps(self) -> array[int]:
        return read_timestamps(self.store, self.manifest)

    def encoded(self, index: int) -> Path:
        return self.folder / f"{index:05d}.mp4"

    def publish(self, *indices: int) -> None:
        for index in indices:
            segment, path = self.manifest.segments[index], self.encoded(index)
            times = self.timestamps[segment.first_frame : segment.first_frame + segment.frame_count]
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            page = LedgerPage(
                index, segment.frame_count, timestamps_hash(times), digest, path.stat().st_size, "r"
            )
            generation = self.manifest.generation
            self.store.put_file(WORK, self.names.segment(generation, index), path)
            self.store.put_bytes(WORK, self.names.page(generation, index), json.dumps(to_json(page)).encode())

    def publish_all(self) -> None:
        self.publish(*range(len(self.manifest.segments)))

    def stitched(self) -> Path:
        """Stitch as the job would and return the output's file."""
        result = stitch(self.to, self.job)["result"]
        container, _, name = result["blob"].partition("/")
        assert isinstance(self.store, FolderStore)
        return self.store.path(container, name)

    def token(self, seconds: int = 3600) -> str:
        return watch_token(self.store, self.job.id, seconds, NOW.timestamp())

    async def ask(self, file: str, *, token: str | None = None, now: datetime = NOW, **headers: str) -> Reply:
        """Ask the handler for `file`, which may have a query."""
        name, _, query = file.partition("?")
        request = Request(
            "GET",
            f"http://localhost/api/jobs/{self.job.id}/watch/t/{file}",
            headers={key.replace("_", "-"): value for key, value in headers.items()},
            query=dict(part.split("=") for part in query.split("&") if part),
            params={"id": self.job.id, "token": token or self.token(), "file": name},
        )
        surface = Surface(self.instances, self.to, now)  # type: ignore[arg-type]
        try:
            return await get_watch_file(surface, request)
        except Refused as refused:
            return refused.reply

    def get(self, file: str, **options: Any) -> Reply:
        return asyncio.run(self.ask(file, **options))

    def playlist(self) -> str:
        reply = self.get("index.m3u8")
        assert reply.status == 200, reply.body
        return str(reply.body)

    def uris(self) -> list[str]:
        """The URIs of the playlist's segments."""
        return [line for line in self.playlist().splitlines() if line and not line.startswith("#")]

    def film(self, uris: Iterable[str] | None = None) -> bytes:
        """The initialization section and the fragments at `uris` (all of the playlist), one after another."""
        return b"".join(
            piece(self.get(uri)) for uri in ("init.mp4", *(self.uris() if uris is None else uris))
        )


def piece(reply: Reply) -> bytes:
    assert reply.status == 200 and isinstance(reply.body, bytes), reply.body
    return reply.body


def code(reply: Reply) -> str:
    """The code of a problem."""
    assert reply.status >= 400 and isinstance(reply.body, dict), reply.body
    return str(reply.body["code"])


def screening(folder: Path, source: Path, store: Store | None = None, **settings: Any) -> Screening:
    """Upload `source`, split it as the product does, and encode every segment unchanged."""
    store = store or FolderStore(folder / "store")
    store.put_file(INPUT, source.name, source)
    blob = store.stat(INPUT, source.name)
    assert blob is not None
    job = Job(job_id(blob, "identity", Options()), blob, "identity")
    compute = LocalCompute(store.uri, folder / "runs", workers=1)
    made = Screening(folder, Services(Settings(store=store.uri, **settings), store, compute), job)
    answer = split(made.to, job, careful=False)
    assert "error" not in answer, answer
    _encode(made)
    return made


def _encode(made: Screening) -> None:
    manifest = made.manifest
    media = manifest.media
    container = WORK if media.ordinal else INPUT
    size = (manifest.encode.width, manifest.encode.height)
    with SegmentReader(lambda: made.store.open(container, media.blob), media, manifest.video, size) as reader:
        for segment in manifest.segments:
            times = made.timestamps[segment.first_frame : segment.first_frame + segment.frame_count]
            with SegmentEncoder(made.encoded(segment.index), manifest.encode) as encoder:
                for frame in reader.frames(segment, list(times)):
                    encoder.write(frame)
