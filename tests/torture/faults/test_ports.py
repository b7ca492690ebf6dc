"""Without faults the ports keep what every store and backend keeps; with them every fault is one."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError

from reelbrush.compute import RunRequest
from reelbrush.errors import ComputeError, StoreError
from reelbrush.job import BatchState
from reelbrush.store import FolderStore
from tests.store.test_contract import (
    test_a_file_of_many_blocks_is_put_whole,
    test_deleting_is_repeatable,
    test_deleting_what_is_no_blob_is_no_error,
    test_lists_are_sorted_and_prefixed,
    test_many_blobs_are_deleted_at_once,
    test_missing_blobs_are_said,
    test_of_many_writers_of_a_new_blob_one_wins,
    test_pages_hold_every_blob_once_in_order,
    test_ranges_are_read,
    test_readers_seek,
    test_small_blobs_are_replaced_whole,
    test_unusual_names_survive,
)
from tests.torture.faults.cluster import Cluster
from tests.torture.faults.compute import FaultyCompute
from tests.torture.faults.lives import Died, Life
from tests.torture.faults.places import Fault, Injector, Place
from tests.torture.faults.store import FaultyStore

__all__ = [  # of the contract of stores
    "test_a_file_of_many_blocks_is_put_whole",
    "test_deleting_is_repeatable",
    "test_deleting_what_is_no_blob_is_no_error",
    "test_lists_are_sorted_and_prefixed",
    "test_many_blobs_are_deleted_at_once",
    "test_missing_blobs_are_said",
    "test_of_many_writers_of_a_new_blob_one_wins",
    "test_pages_hold_every_blob_once_in_order",
    "test_ranges_are_read",
    "test_readers_seek",
    "test_small_blobs_are_replaced_whole",
    "test_unusual_names_survive",
]


class Nobody:
    """Meddles with nothing."""

    def meddle(self, fault: Fault) -> None:
        """Do nothing."""


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    return faulty(tmp_path)


@pytest.fixture
def box() -> str:
    return "box"


def faulty(folder: Path, *faults: Fault) -> FaultyStore:
    return FaultyStore(FolderStore(folder / "store"), Injector(list(faults)), Life("app"), Nobody())


def at(kind: str, operation: str = "put_bytes", times: int = 1) -> Fault:
    return Fault(Place("app", operation, "box/a"), kind, times)


@pytest.mark.parametrize(("kind", "there"), [("error before", False), ("error after", True)])
def test_an_error_comes_before_or_after_the_effect(tmp_path: Path, kind: str, there: bool) -> None:
    store = faulty(tmp_path, at(kind))
    with pytest.raises(StoreError) as told:
        store.put_bytes("box", "a", b"1")
    assert told.value.retryable and (store.stat("box", "a") is not None) is there
    store.put_bytes("box", "a", b"1")


@pytest.mark.parametrize("kind", ["crash before", "crash after", "half"])
def test_the_dead_do_nothing_more(tmp_path: Path, kind: str) -> None:
    store, beside = faulty(tmp_path, at(kind)), FolderStore(tmp_path / "store")
    with pytest.raises(Died):
        store.put_bytes("box", "a", b"12")
    with pytest.raises(Died):
        store.put_bytes("box", "b", b"1")
    assert [blob.name for blob in beside.list("box")] == (["a"] if kind == "crash after" else [])
    assert len(list((tmp_path / "store" / ".tmp").glob("*"))) == (kind == "half")


def test_outages_last_for_calls(tmp_path: Path) -> None:
    store = faulty(tmp_path, at("503", times=3))
    for name in ("a", "b", "c"):
        with pytest.raises(HttpResponseError):
            store.put_bytes("box", name, b"1")
    store.put_bytes("box", "d", b"1")
    assert [blob.name for blob in store.list("box")] == ["d"]


def test_readers_tear_and_listings_are_stale(tmp_path: Path) -> None:
    store = faulty(tmp_path, at("torn", "open"), Fault(Place("app", "list", "box/"), "stale"))
    store.put_bytes("box", "a", bytes(5000))
    assert list(store.list("box")) == [] and len(list(store.list("box"))) == 1
    with store.open("box", "a") as reader, pytest.raises(StoreError):
        assert isinstance(reader, io.BufferedReader) and reader.read(600)
        reader.read()


def test_the_way_to_a_cluster_breaks_too(tmp_path: Path) -> None:
    def no_store(life: Life) -> FaultyStore:
        raise AssertionError("nothing is painted here")

    cluster = Cluster(no_store, lambda: 0.0, None, 10, lambda run: None)
    place: Callable[[str], Place] = lambda operation: Place("app", operation, "j-b0-a1")  # noqa: E731
    lost = Fault(place("submit"), "error after")
    port = FaultyCompute(cluster, Injector([lost]), Life("app"), Nobody())
    run = RunRequest("j", "j-b0-a1")
    with pytest.raises(ComputeError):
        port.submit(run)
    assert list(cluster.runs) == [run.run]
    port.submit(run)
    assert len(cluster.runs) == 1 and port.status("j", ["never"]) == {}
    port.cancel("j")
    assert port.status("j", [run.run])[run.run].state is BatchState.CANCELED
    port.release("j")
    assert port.status("j", [run.run]) == {} and port.log_tail(run.run) == ""
