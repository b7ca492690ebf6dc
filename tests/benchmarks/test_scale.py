"""The projection to many nodes: its sums, and the planner's batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import ROOT


@pytest.fixture
def scaling(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The modules of the projection; benchmarks find each other beside the command."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    from scaling import constants, films, fixes, nodes, projection

    yield SimpleNamespace(constants=constants, films=films, fixes=fixes, nodes=nodes, projection=projection)
    projection.planned.cache_clear()


def nothing(scaling: Any, **values: float) -> Any:
    """Constants of a service in which nothing takes any time but `values`."""
    free = dict.fromkeys(
        ("trigger", "node_start", "run_start", "submit", "poll", "look", "step", "plan"), 0.0
    )
    free |= dict.fromkeys(("index_frame", "stitch_frame", "stitch_segment", "finish_segment", "idle"), 0.0)
    free |= {"range_seconds": 0.0, "stitch_share": 0.0, "line": 1e18, "disk": 1e18, "hash_rate": 1e18}
    return replace(scaling.constants.Constants(), **{**free, **values})


def cpu(scaling: Any, cores: float = 2) -> Any:
    return scaling.nodes.Node("here", "Standard_F4s_v2", cores)


def film(scaling: Any, seconds: int = 3600) -> Any:
    return scaling.films.Film("film", 1080, seconds, 1e6)


def test_where_nothing_else_takes_time_twice_the_nodes_are_twice_as_fast(scaling: Any) -> None:
    cost, constants = scaling.films.FrameCost(0.02, 0.36, 0.04, 1e5), nothing(scaling)
    one, many = (
        scaling.projection.project(film(scaling), cost, cpu(scaling), n, constants, cold=True)
        for n in (1, 20)
    )
    assert one.work_seconds == pytest.approx(90_000 * 0.42 * scaling.nodes.INFLATION / 2)
    assert one.seconds == pytest.approx(one.work_seconds, rel=1e-6)
    assert scaling.projection.efficiency(one, many) > 0.98  # segments are not divided


def test_steps_are_added_and_serial_ones_do_not_shrink(scaling: Any) -> None:
    cost = scaling.films.FrameCost(0.02, 0.36, 0.04, 1e5)
    constants = nothing(scaling, trigger=3.0, node_start=100.0, run_start=50.0, index_frame=1e-3)
    constants = replace(constants, stitch_share=1.0, stitch_segment=0.1, finish_segment=0.01)
    found = scaling.projection.project(film(scaling), cost, cpu(scaling), 20, constants, cold=True)
    assert found.batches == 20
    assert found.steps["trigger"] == 3 and found.steps["nodes"] == 100 and found.steps["run starts"] == 50
    assert found.steps["split"] == pytest.approx(90)
    assert found.steps["stitch"] == pytest.approx(187.5) and found.steps["finish"] == pytest.approx(18.75)
    assert found.steps["paint"] == pytest.approx(found.work_seconds / 20)
    warm = scaling.projection.project(film(scaling), cost, cpu(scaling), 20, constants, cold=False)
    assert found.seconds - warm.seconds == pytest.approx(100)
    assert found.node_seconds - warm.node_seconds == pytest.approx(20 * 100)
    assert found.serial == pytest.approx(found.seconds - found.steps["paint"])


def test_batches_are_those_of_the_planner_in_order_of_submission(scaling: Any) -> None:
    chosen = scaling.projection.planned((48,) * 10, 1.0, 2)
    constants = nothing(scaling, submit=2.0, run_start=5.0)
    scored = scaling.projection.scoring(chosen, 1.0, 2, constants, wait=7.0)
    runs = len(chosen.batches)
    assert scored.busy == pytest.approx(480 + 5 * runs)
    longest = max(batch.frame_count for batch in chosen.batches)
    assert sum(scored.steps.values()) >= 2 + 7 + 5 + longest
    queued = scaling.projection.scoring(chosen, 1.0, 1, constants, wait=0.0)
    assert sum(queued.steps.values()) == pytest.approx(2 + 480 + 5 * runs)
    assert queued.steps["run starts"] == 5 * runs


def test_a_process_is_no_faster_than_the_thread_that_encodes(scaling: Any) -> None:
    cost = scaling.films.FrameCost(0.02, 0.4, 0.05, 1e5)
    assert cpu(scaling, 100).seconds_per_frame(film(scaling), cost) == 0.05
    graphics = replace(cpu(scaling, 12), paper=(0.001,))
    assert graphics.seconds_per_frame(film(scaling), cost) == 0.05
    slow = replace(graphics, paper=(0.1,))
    assert slow.seconds_per_frame(film(scaling), cost) == pytest.approx(0.1 * 1080 * 1920 / 1e6)


def test_a_reader_waits_for_no_range_that_comes_ahead(scaling: Any) -> None:
    constants = replace(scaling.constants.Constants(), range_seconds=0.01, range_bytes=1e6, line=1e8)
    assert replace(constants, ranges_ahead=1).reading == pytest.approx(1e6 / 0.02)
    assert replace(constants, ranges_ahead=2, line=1e9).reading == pytest.approx(2e6 / 0.011)
    assert replace(constants, ranges_ahead=3).reading == 1e8, "the line is all there is"


def test_the_stitch_reads_once_and_sends(scaling: Any) -> None:
    constants = replace(nothing(scaling, line=1e6, hash_rate=1e9), stitch_share=1.0)
    clip = replace(film(scaling, 60), source_bytes_per_second=0.0)
    stitching = scaling.projection.stitching
    assert stitching(30, clip, 1e8, constants) == pytest.approx(100 + 0.1 + 100)
    assert stitching(30, clip, 1e8, replace(constants, line=1e18, disk=1e6)) == pytest.approx(500)
    moved = replace(constants, line=1e18, disk=1e6, index_moved=0.0)
    assert stitching(30, clip, 1e8, moved) == pytest.approx(300)


def test_every_constant_says_where_it_comes_from(scaling: Any) -> None:
    names = [field.name for field in fields(scaling.constants.Constants)]
    assert list(scaling.constants.SOURCES) == names


def test_each_fix_makes_the_film_faster(scaling: Any) -> None:
    cost = scaling.films.FrameCost(0.02, 0.3, 0.04, 2e5)
    constants = scaling.constants.Constants()
    gains = scaling.fixes.gains(film(scaling, 600), cost, cpu(scaling), 20, constants, 0.9)
    assert [gain.seconds for gain in gains] == sorted((gain.seconds for gain in gains), reverse=True)
    assert gains[0].seconds > 1.05 * gains[-1].seconds and gains[0].most_nodes <= gains[-1].most_nodes


def test_every_node_has_a_price(scaling: Any) -> None:
    assert all(node.price > 0 for node in scaling.nodes.NODES)
    assert not any(node.measured for node in scaling.nodes.NODES if "paper" in node.name)
