"""Jobs of every recorded release, stopped after any turn, go on in the present one."""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace
from pathlib import Path

import pytest

from reelbrush.host import InstanceStatus
from reelbrush.host.history import EventType
from reelbrush.store import FolderStore
from tests.torture.toll import FULL, Toll
from tests.torture.upgrade.cut import Cut, cuts
from tests.torture.upgrade.furnished import ID, Kitchen, cook, furnish, left_segments, way_of
from tests.torture.upgrade.present import NodesHere, Present, played, present

_NEEDED = {"refused": "encrypted", "overspent": "over-budget"}  # recorded jobs that had to fail, and why


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory: pytest.TempPathFactory) -> Kitchen:
    return cook(tmp_path_factory.mktemp("kitchen"))


def wrong(kitchen: Kitchen, store: FolderStore, status: InstanceStatus) -> str:
    """Return what is wrong with a job that was done."""
    if status.runtime_status != "Completed":
        return f"{status.runtime_status}: {status.custom_status}, {status.output}"
    container, _, name = kitchen.output.partition("/")
    digest = hashlib.sha256(store.read_bytes(container, name)).hexdigest()
    return "" if digest == kitchen.right[way_of(store, kitchen.job)] else "the output has other bytes"


async def gone_on(kitchen: Kitchen, cut: Cut, app: Present, pages: dict[str, int], needed: str = "") -> str:
    """Wait for the job's end, retry it where it failed with a reason; return what is wrong then."""
    status = await app.host.wait(ID, timeout=150)
    if status.runtime_status == "Failed":
        error = await app.error(ID)
        if error.get("code") != (needed or _NEEDED.get(cut.case)) or not error.get("message"):
            return f"failed: {status.custom_status}, {status.output}"
        status = await app.retry(status)
    elif needed:
        return f"it went on: {status.custom_status}"
    told = wrong(kitchen, app.store, status)
    now = left_segments(app.store)
    again = [page for page, changed in pages.items() if now.get(page, changed) != changed]
    return told or (f"painted again: {again}" if again else "")


@pytest.mark.torture("histories of earlier releases, cut at every turn", full=450, slice=8)
def test_a_cut_history_goes_on(
    toll: Toll, kitchen: Kitchen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = cuts(kitchen.job.source, kitchen.output)
    chosen = every if FULL else random.Random(toll.seeds()[0]).sample(every, len(toll.seeds()))
    for number, cut in enumerate(chosen):
        chance = random.Random(f"{toll.seeds()[0]} {cut.title}")
        late, seen, kept = (chance.random() < 0.5 for _ in range(3))
        folder = tmp_path / str(number)
        # what was under way has had its effect, or not, whether or not its answer came
        store = furnish(kitchen, cut.later() if late or seen else cut, folder / "store")
        cut.leave(folder / "hub", late)
        nodes = NodesHere(store)
        if kept:
            nodes.waiting_runs.update(
                path.parent.name for path in store.root.glob("work/*/runs/*/batch.json")
            )
        pages = left_segments(store)

        async def body(cut: Cut = cut, pages: dict[str, int] = pages, nodes: NodesHere = nodes) -> str:
            assert isinstance(nodes.store, FolderStore)
            hub = nodes.store.root.with_name("hub")
            async with present(nodes.store, hub, cut.at, monkeypatch, nodes) as app:
                return await gone_on(kitchen, cut, app, pages)

        told = played(body())
        if told:
            toll.lost(f"{cut.title}, {late=} {seen=} {kept=}: {told}")
        else:
            toll.survived()
    toll.figure("cuts there are", str(len(every)))


@pytest.mark.torture("histories that the present release cannot replay", full=45, slice=3)
def test_a_history_of_another_orchestrator_fails_with_a_reason(
    toll: Toll, kitchen: Kitchen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = [cut for cut in cuts(kitchen.job.source, kitchen.output) if list(cut.done_steps())]
    chance = random.Random(toll.seeds()[0])
    for number, cut in enumerate(chance.sample(every, toll.tries)):
        folder = tmp_path / str(number)
        store = furnish(kitchen, cut, folder / "store")
        steps = [i for i, e in enumerate(cut.past) if e["EventType"] == EventType.TASK_SCHEDULED]
        place, past = chance.choice(steps), list(cut.past)
        past[place] = {**past[place], "Name": "step_of_long_ago"}
        replace(cut, past=tuple(past)).leave(folder / "hub", late=True)
        nodes, pages = NodesHere(store), left_segments(store)

        async def body(
            cut: Cut = cut, folder: Path = folder, nodes: NodesHere = nodes, pages: dict[str, int] = pages
        ) -> str:
            store = FolderStore(folder / "store")
            async with present(store, folder / "hub", cut.at, monkeypatch, nodes) as app:
                return await gone_on(kitchen, cut, app, pages, "app-changed")

        told = played(body())
        if told:
            toll.lost(f"first seed {toll.seeds()[0]}, {cut.title}, step {place}: {told}")
        else:
            toll.survived()
