"""Everything around one play: store, cluster, clock, the host's lives, and other people who meddle."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
import urllib.error
import urllib.request
from collections import deque
from datetime import UTC, datetime, timedelta
from pathlib import Path

import activities.stalled
import activities.submit
import activities.traced
from activities.services import services
from reelbrush.host.clock import MICROSECONDS, ManualClock, moment
from reelbrush.job import Options, job_id
from reelbrush.job.names import INPUT, WORK
from reelbrush.store import FolderStore
from scoring.contract import Contract
from scoring.identity import identity_model
from tests.scoring.models import save_style
from tests.torture.faults.cluster import OPEN, Cluster, Run
from tests.torture.faults.compute import FaultyCompute
from tests.torture.faults.host import HostLife
from tests.torture.faults.lives import PATIENCE, Life
from tests.torture.faults.places import Fault, Injector
from tests.torture.faults.ports import CRASHES, DEATHS, STALLS
from tests.torture.faults.published import Published
from tests.torture.faults.store import RECENT, FaultyStore

STYLE = "plain"
BLOB = f"{STYLE}/film.mp4"
BORN = 1_760_000_000  # seconds since 1970: the source's time of change, so that its ETag is always the same
MODES = ("local", "cluster")
RUN_SECONDS, POLL_SECONDS, QUEUE_MINUTES = 1500, 30, 10


class World:
    """One play's surroundings, in a folder of its own."""

    def __init__(self, folder: Path, film: Path, mode: str, injector: Injector, work_hours: int = 24) -> None:
        self.folder, self.mode, self.injector = folder, mode, injector
        self.store = FolderStore(folder / "store")
        self.temporary = folder / "tmp"
        self.temporary.mkdir(parents=True)
        (self.store.root / INPUT / STYLE).mkdir(parents=True)
        self.clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
        self.film = film
        self.jobs: list[str] = []
        self.wishes: list[tuple[str, str]] = []  # what people asked for and were promised, with the job
        self.unanswered: list[tuple[str, str]] = []  # what they asked of an app that died or failed meanwhile
        self.sent_anew: list[str] = []  # jobs whose upload could not be used
        self.life = Life("app")
        self.host: HostLife | None = None
        self.deaths = 0
        self._behind = 0.0  # seconds that the clock of the next process is behind
        self._put_back = 0.0  # seconds by which the clocks of hosts were put back so far
        self.began = self.now
        self.work_hours = work_hours
        self._recent = deque[str](maxlen=RECENT)
        self._loop: asyncio.AbstractEventLoop | None = None
        save_style(folder / "styles", STYLE, identity_model(), Contract())
        self.cluster = Cluster(
            self._store_of_run,
            self._cluster_time,
            folder / "styles" if mode == "local" else None,
            RUN_SECONDS,
            self._fate,
        )
        self.upload(BORN)
        self.published = Published(self.jobs[0])
        injector.job = self.jobs[0]

    @property
    def job(self) -> str:
        """The job that the play is about."""
        return self.jobs[0]

    @property
    def now(self) -> datetime:
        """The time that all clocks show."""
        return moment(self.clock.now())

    def upload(self, changed: int) -> None:
        """Put the source in place as a whole; `changed` is its time of change, in seconds since 1970."""
        temporary = self.store.temporary()
        shutil.copyfile(self.film, temporary)
        os.utime(temporary, (changed, changed))
        self.store.publish(INPUT, BLOB, temporary)
        source = self.store.stat(INPUT, BLOB)
        assert source is not None
        self.jobs.append(job_id(source, STYLE, Options()))

    def upload_again(self) -> None:
        """Upload the same film once more: another version, another job."""
        self.upload(BORN + 60 * len(self.jobs))

    def source_is_whole(self) -> bool:
        """Whether the source still has the bytes that were uploaded."""
        return self.store.read_bytes(INPUT, BLOB) == self.film.read_bytes()

    async def boot(self) -> None:
        """Begin a new life of the host."""
        self._loop = asyncio.get_running_loop()
        services.cache_clear()
        activities.submit._shelved.clear()  # pyright: ignore[reportPrivateUsage]
        activities.traced._parents.clear()  # pyright: ignore[reportPrivateUsage]
        activities.stalled._standing.clear()  # pyright: ignore[reportPrivateUsage]
        if self._behind:
            self.clock = ManualClock(self.now - timedelta(seconds=self._behind))
            self._put_back += self._behind
            self._behind = 0.0
        self.life = Life("app")
        self.host = HostLife(
            self.folder / "host", self.store.root, self.clock, self.injector, self.life, self
        )
        try:
            await self.host.start()
        except BaseException:
            if not self.life.dead:
                raise

    async def bury(self) -> None:
        """End the present life of the host, however it stands."""
        assert self.host is not None
        self.deaths += self.life.dead
        await self.host.end()

    def meddle(self, fault: Fault) -> None:
        """See `Meddler`."""
        kind, amount = fault.kind, fault.amount
        if kind in DEATHS or kind in STALLS:
            for run in self.cluster.runs.values():
                if run.batch == fault.place.who and run.state in OPEN:
                    run.fate, run.looks_to_wait = kind, int(amount) if kind == "pause" else 0
        elif kind in CRASHES:
            self._behind = amount
        elif kind == "slow":
            self._pass(amount)
        elif kind in ("cancel", "retry"):
            self._ask(kind)
        elif kind == "told again":
            self.tell_again()
        elif kind == "uploaded again":
            self.upload_again()
        elif kind in ("deleted", "truncated"):
            self._damage(kind, amount)

    def store_of_app(self) -> FaultyStore:
        """Return the way to the store of the host that lives now."""
        return FaultyStore(self.store, self.injector, self.life, self, self._noted, self._recent)

    def compute_of_app(self) -> FaultyCompute:
        """Return the way to the cluster of the host that lives now."""
        passing = (lambda: self._pass(20)) if self.mode == "local" else None  # its looks follow no timer
        return FaultyCompute(self.cluster, self.injector, self.life, self, passing)

    def _store_of_run(self, life: Life) -> FaultyStore:
        self.published.began(life)

        def noted(operation: str, container: str, name: str) -> None:
            if operation == "put_bytes" and container == WORK:
                self.published.put(life, name)

        return FaultyStore(self.store, self.injector, life, self, noted, self._recent)

    def _noted(self, operation: str, container: str, name: str) -> None:
        if operation.startswith("delete") and container == WORK:
            self.published.gone(name)

    def _fate(self, run: Run) -> None:
        """Ask what becomes of a run as a whole."""
        fault = self.injector.due("cluster", "run", run.batch)
        if fault is None:
            return
        if fault.kind == "queued long":
            run.not_before = self._cluster_time() + fault.amount * 60
        elif fault.kind == "forgotten":
            run.forgotten = True
        elif fault.kind == "twice":
            run.twice = True
        elif fault.kind == "no node":
            run.not_before = self._cluster_time() + fault.amount * 60
            self.cluster.broken = ["QuotaExceeded: the family has no vCPUs left"]

    def _cluster_time(self) -> float:
        """Return the seconds of the cluster's own clock, which nobody puts back."""
        return self.clock.now() / MICROSECONDS + self._put_back

    def _pass(self, seconds: float) -> None:
        """Let time pass, from any thread."""
        done = threading.Event()

        def advance() -> None:
            self.clock.advance(timedelta(seconds=seconds))
            done.set()

        assert self._loop is not None
        self._loop.call_soon_threadsafe(advance)
        done.wait(30)

    def _ask(self, wish: str) -> None:
        """Ask the app over HTTP, as people do."""
        assert self.host is not None
        url = f"{self.host.host.base_url}/api/jobs/{self.job}/{wish}"
        try:
            with urllib.request.urlopen(
                urllib.request.Request(url, method="POST"), timeout=PATIENCE
            ) as answer:
                if answer.status == 202:
                    self.wishes.append((wish, self.job))
        except OSError as error:  # HTTPError is one
            if not isinstance(error, urllib.error.HTTPError) or error.code >= 500:
                self.unanswered.append((wish, self.job))

    def tell_again(self) -> None:
        """Let the trigger be told of the upload once more, as Event Grid does at least once."""
        host = self.host
        if host is None or self._loop is None:
            return

        def tell() -> None:
            parts = host.host._running  # pyright: ignore[reportPrivateUsage]
            if parts is not None:
                for trigger in parts.blobs.triggers_of("start_on_upload"):
                    found = trigger.place.find(INPUT, BLOB)
                    if found is not None:
                        parts.blobs.tell(trigger, found)

        self._loop.call_soon_threadsafe(tell)

    def _damage(self, kind: str, which: float) -> None:
        """Delete or cut short a blob of the job's work; `which` in 0..1 chooses it."""
        blobs = [
            blob.name
            for blob in self.store.list(WORK, f"{self.job}/")
            if kind == "deleted" or "/segments/" in blob.name or "/runs/" in blob.name
        ]
        if not blobs:
            return
        name = blobs[min(len(blobs) - 1, int(which * len(blobs)))]
        self.published.gone(name.removesuffix(".json"))
        if kind == "deleted":
            self.store.delete(WORK, name)
            return
        path = self.store.path(WORK, name)
        data = path.read_bytes()
        self.store.put_bytes(WORK, name, data[: len(data) // 2])
