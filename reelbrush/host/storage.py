"""The host's SQLite file: schema, durability, one transaction at a time, and one owner at a time."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any

from reelbrush.errors import HostError

Row = tuple[Any, ...]

SCHEMA = 1  # `pragma user_version` of the file; raised whenever a host of the version before could not use it
LOG_BYTES = 4 << 20  # of the write-ahead log, from which on it is folded into the database

_SCHEMA = """
create table if not exists instance(
    id text primary key, name text not null, version text not null, execution text not null,
    parent text, parent_execution text, parent_task integer,
    input text, output text, custom_status text, status text not null,
    created integer not null, updated integer not null);
create index if not exists instance_created on instance(created);
create table if not exists history(
    instance text not null, seq integer not null, event text not null,
    primary key(instance, seq)) without rowid;
create table if not exists inbox(
    n integer primary key autoincrement, instance text not null, execution text, kind integer not null,
    due integer not null, event text not null);
create index if not exists inbox_due on inbox(due);
create index if not exists inbox_instance on inbox(instance);
create table if not exists work(
    n integer primary key autoincrement, instance text not null, execution text not null,
    task integer not null, name text not null, input text);
create index if not exists work_instance on work(instance);
create table if not exists receipt(
    function text not null, container text not null, blob text not null, etag text not null,
    state text not null, tries integer not null, error text not null, updated integer not null,
    primary key(function, container, blob, etag));
create table if not exists timer(function text primary key, last integer not null);
"""


class Storage:
    """The open database of one host, which nobody else may use meanwhile.

    What a transaction committed survives the death of this process at once, and a power cut after `sync`; a
    power cut before that takes back the latest transactions, whole and in order.
    """

    def __init__(self, folder: Path) -> None:
        """Open or create `folder`/host.db.

        Raises:
            HostError: another living host owns the folder, or this release cannot use the file.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = _own(folder)
        try:
            self._db = sqlite3.connect(folder / "host.db", isolation_level=None, check_same_thread=False)
            self._path = folder / "host.db"
            self._refuse_newer()
            # folding the log is left to `fold`, beside the event loop, unless it falls far behind
            self._db.executescript(
                "pragma journal_mode=wal; pragma synchronous=normal; pragma wal_autocheckpoint=20000;"
                + _SCHEMA
            )
            self._claim()
        except sqlite3.Error as error:
            self._lock.close()
            raise HostError(
                f"the host's database {folder / 'host.db'} cannot be used: {error}",
                advice="move the file away to begin anew, or name another work folder",
            ) from error

    def _refuse_newer(self) -> None:
        version = self._version()
        if version > SCHEMA:
            self.close()
            raise HostError(
                f"the host's database {self._path} was made by a newer release of the product "
                f"(version {version}, at most {SCHEMA} is known here)",
                advice="upgrade to that release, put back a copy from before it, or name another folder",
                code="newer-version",
            )

    def _claim(self) -> None:
        """Note the version of a new file or of one of before versions, whose columns were the same or more.

        Raises sqlite3.Error for a file of which anything is missing.
        """
        if self._version() == SCHEMA:
            return
        with closing(sqlite3.connect(":memory:")) as model:
            model.executescript(_SCHEMA)
            for (table,) in model.execute("select name from sqlite_master where type='table'").fetchall():
                columns = ", ".join(row[1] for row in model.execute(f"pragma table_info({table})"))
                if columns:
                    self.rows(f"select {columns} from {table} limit 0")  # noqa: S608
        self.write(f"pragma user_version={SCHEMA}")

    def _version(self) -> int:
        ((version,),) = self.rows("pragma user_version")
        return int(version)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Return all rows that the query gives."""
        return self._db.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> Row | None:
        """Return the first row that the query gives, or None."""
        return self._db.execute(sql, parameters).fetchone()

    def write(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run one statement and return the number of rows that it changed."""
        return self._db.execute(sql, parameters).rowcount

    def write_many(self, sql: str, parameters: Sequence[Sequence[Any]]) -> None:
        """Run one statement once for each row of parameters."""
        self._db.executemany(sql, parameters)

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Make the writes inside one unit: all on disk when the block ends, none when it raises. May be
        nested.
        """
        if self._db.in_transaction:
            yield
            return
        self._db.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    @property
    def changes(self) -> int:
        """How many rows were changed since the storage was opened."""
        return self._db.total_changes

    def sync(self) -> None:
        """Bring all that is committed to disk. May run in any thread, beside all else."""
        # in WAL mode a commit is an append to this file, and recovery takes all commits that are whole in it
        file = os.open(f"{self._path}-wal", os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)

    def fold(self) -> None:
        """Move a log that has grown long into the database. May run in any thread, beside all else."""
        log = Path(f"{self._path}-wal")
        if not log.exists() or log.stat().st_size < LOG_BYTES:
            return
        with closing(sqlite3.connect(self._path)) as beside:
            beside.execute("pragma wal_checkpoint(passive)").fetchall()

    def close(self) -> None:
        """Close the database and let others own the folder."""
        self._db.close()
        self._lock.close()


def _own(folder: Path) -> IO[str]:
    # A lock of the open file ends with its process however that ends, and refuses a second host in one
    # process too.
    lock = (folder / "host.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        owner = lock.read().strip() or "unknown"
        lock.close()
        raise HostError(
            f"another host (process {owner}) works in {folder}",
            advice="wait until it has ended, stop it, or name another work folder",
        ) from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock
