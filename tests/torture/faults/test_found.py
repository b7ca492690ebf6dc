"""What random faults found, kept as plain tests."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from activities.finish import finish
from activities.services import Services
from reelbrush.compute import RunRequest
from reelbrush.job import ATTEMPTS, WorkNames, run_id, to_json
from reelbrush.job.names import ENDED, INDEX, SWEPT, WORK
from reelbrush.store import Store
from tests.activities import test_stitch as stitched
from tests.activities.test_finish import RESULT, write_pages
from tests.app.test_upkeep import JOB, Scene, played
from tests.torture.faults.cluster import Cluster
from tests.torture.faults.lives import Life

to = stitched.to


def test_a_job_whose_record_is_gone_is_forgotten_with_its_place_in_the_list(tmp_path: Path) -> None:
    async def body(there: Scene) -> None:
        await there.start()
        await there.host.wait(JOB.id, timeout=60)
        there.store.put_bytes(WORK, f"{ENDED}1767225600000-{JOB.id}", b"")
        there.store.delete(WORK, WorkNames(JOB.id).record)
        assert len(there.left(INDEX)) == 1
        for days in (31, 62):
            await there.keep_up(days=days)
        assert there.left(INDEX) == there.left(SWEPT) == []

    played(body, tmp_path)


@pytest.mark.parametrize(
    "told", [{"retries": 1}, {"retries": 0, "attempts": [2 * ATTEMPTS + 1], "nodeSeconds": 1.0}]
)
def test_a_run_that_the_cluster_had_forgotten_does_not_outlive_its_job(
    told: dict[str, Any], to: Services
) -> None:
    def never(life: Life) -> Store:
        raise AssertionError("nothing is painted")

    cluster = Cluster(never, lambda: 0.0, None, 10, lambda run: None)
    write_pages(to, None, None)
    late = run_id(stitched.JOB.id, 0, 1)
    to.store.put_bytes(WORK, stitched.NAMES.batch(late), json.dumps({}).encode())
    cluster.submit(RunRequest(stitched.JOB.id, late))
    request = {"job": to_json(stitched.JOB), "result": RESULT, **told}
    finish(replace(to, compute=cluster), request)
    assert cluster.open_runs() == []
