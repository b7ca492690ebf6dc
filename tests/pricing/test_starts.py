"""What jobs waited for their first node is what the next quote counts."""

from __future__ import annotations

from pathlib import Path

from reelbrush.job.names import WORK
from reelbrush.pricing.quote import quote_for
from reelbrush.pricing.starts import ASSUMED, note_start, starts_of
from reelbrush.settings import Settings
from reelbrush.store import FolderStore

CLUSTER = Settings("env:STORE", backend="azureml", nodes=8, vm_size="Standard_NC4as_T4_v3")


def test_a_few_jobs_are_believed(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    for seconds in (40.0, 500.0):
        note_start(store, seconds)
    assert starts_of(store) == ASSUMED == starts_of(None)
    note_start(store, 100.0)
    starts = starts_of(store)
    assert (starts.low, starts.likely, starts.high) == (40.0, 100.0, 500.0)
    assert starts.basis == "The last 3 jobs waited 40 seconds to 8 minutes for a node; that is counted."


def test_old_jobs_are_forgotten_and_damage_is_survived(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    for seconds in (9000.0, *([60.0] * 12)):
        note_start(store, seconds)
    assert starts_of(store).high == 60.0
    store.put_bytes(WORK, ".rates/starts.json", b"{")
    assert starts_of(store) == ASSUMED


def test_quotes_count_it(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)

    def minutes() -> float:
        quote = quote_for(CLUSTER, store, width=640, height=360, frames=300, style="a")
        return quote["minutes"]["likely"]

    assert minutes() > 5
    for _ in range(3):
        note_start(store, 20.0)
    assert minutes() < 2
