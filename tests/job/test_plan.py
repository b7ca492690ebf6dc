from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from reelbrush.job import plan_batches
from reelbrush.job.plan import MAX_BATCHES, Figures, Plan, duration, expected_seconds, plan

# a segment that is published already counts 0 frames
frames_left = st.one_of(st.just(0), st.integers(1, 72))
segments = st.lists(frames_left, max_size=400).filter(lambda frames: any(frames) or not frames)


@given(segments, st.integers(1, 200), st.one_of(st.none(), st.integers(1, 5000)))
def test_batches_partition_the_segments(frames: list[int], nodes: int, batch_frames: int | None) -> None:
    batches = plan_batches(frames, nodes, batch_frames)
    covered = [i for b in batches for i in range(b.first_segment, b.first_segment + b.segment_count)]
    assert covered == list(range(len(frames)))
    assert [b.index for b in batches] == list(range(len(batches)))
    assert len(batches) <= MAX_BATCHES
    for b in batches:
        assert b.frame_count == sum(frames[b.first_segment : b.first_segment + b.segment_count]) > 0


@given(st.integers(1, 64), st.integers(1, 300))
def test_nodes_get_about_equal_shares(nodes: int, count: int) -> None:
    sizes = [b.frame_count for b in plan_batches([48] * count, nodes)]
    assert max(sizes) - min(sizes) <= 48


def test_a_short_clip_is_one_batch() -> None:
    assert len(plan_batches([48, 48], nodes=8)) == 1
    assert plan_batches([], nodes=8) == ()


def test_wanted_batch_sizes_are_kept_as_far_as_segments_allow() -> None:
    assert [b.frame_count for b in plan_batches([48] * 4, 1, batch_frames=96)] == [96, 96]
    assert len(plan_batches([48] * 4, 1, batch_frames=24)) == 4
    assert len(plan_batches([48] * 4, 1, batch_frames=1000)) == 1


def clusters(most_nodes: int = 1000) -> st.SearchStrategy[Figures]:
    return st.builds(
        Figures,
        seconds_per_frame=st.floats(1e-4, 5),
        nodes=st.integers(1, most_nodes),
        processes=st.integers(1, 8),
        startup_seconds=st.floats(1, 300),
        evictions_per_node_hour=st.floats(0, 2),
    )


def covered(plan: Plan) -> list[int]:
    return [i for b in plan.batches for i in range(b.first_segment, b.first_segment + b.segment_count)]


@settings(deadline=None, max_examples=60)
@given(segments, clusters())
def test_a_plan_holds_every_segment_once(frames: list[int], figures: Figures) -> None:
    made = plan(frames, figures)
    assert covered(made) == list(range(len(frames)))
    assert [b.index for b in made.batches] == list(range(len(made.batches)))
    assert len(made.batches) <= MAX_BATCHES
    assert 1 <= made.nodes_per_run <= max(1, -(-figures.nodes // MAX_BATCHES))
    for b in made.batches:
        assert b.frame_count == sum(frames[b.first_segment : b.first_segment + b.segment_count])
    assert all(reason.endswith(".") for reason in made.reasons) and (made.reasons or not frames)


@settings(deadline=None, max_examples=40)
@given(st.integers(200, 3000), clusters(100))
def test_more_nodes_never_make_it_much_later(count: int, figures: Figures) -> None:
    calm = replace(figures, evictions_per_node_hour=0.0)
    ends: list[float] = []
    for nodes in (1, 2, 5, 10, 30, 100):
        now = replace(calm, nodes=nodes)
        made = plan([48] * count, now)
        ends.append(expected_seconds(made.batches, made.nodes_per_run, now))
    assert all(later <= earlier * 1.06 for earlier, later in pairwise(ends)), ends


def test_little_work_is_one_batch_and_much_is_spread() -> None:
    figures = Figures(0.02, nodes=8)
    assert len(plan([48] * 100, figures).batches) == 1, "96 seconds of work"
    assert len(plan([48] * 3500, figures).batches) == 8, "56 minutes of work are 7 for each node"


def test_long_work_is_cut_finer_than_there_are_nodes() -> None:
    calm = Figures(1.0, nodes=2, run_seconds=1e9)
    made = plan([48] * 1000, calm)
    rough = plan([48] * 1000, replace(calm, evictions_per_node_hour=1.0))
    assert 2 <= len(made.batches) < len(rough.batches) - 5, "what is lost at the end is a part of a batch"
    assert max(b.frame_count for b in rough.batches) < 6000, "of 13 hours of work"
    assert rough.reasons[-1] == "One node in 1 node hours is reckoned to be taken away."


def test_a_batch_fits_twice_into_the_limit_of_a_run() -> None:
    made = plan([48] * 1000, Figures(1.0, nodes=1, run_seconds=3600))
    assert max(b.frame_count for b in made.batches) <= 1800 + 48


def test_a_thousand_nodes_are_used_by_runs_of_several() -> None:
    made = plan([48] * 10_000, Figures(1.0, nodes=1000))
    assert (len(made.batches), made.nodes_per_run) == (100, 10)
    small = plan([48] * 1000, Figures(1.0, nodes=1000))
    assert small.nodes_per_run == 2, "13 hours of work for 100 nodes are 8 minutes each, not for 1000"
    blind = plan([48] * 10_000, Figures(None, nodes=1000))
    assert (len(blind.batches), blind.nodes_per_run) == (100, 10)


def test_processes_and_nodes_of_a_run_share_the_work() -> None:
    single = plan([48] * 3500, Figures(0.02, nodes=8))
    quad = plan([48] * 3500, Figures(0.02, nodes=8, processes=4))
    assert (len(single.batches), len(quad.batches)) == (8, 2)
    assert plan([48] * 3500, Figures(0.02, nodes=8, run_nodes=4)).nodes_per_run == 4


@given(segments, st.integers(1, 100), st.integers(0, 5000))
def test_without_a_rate_it_is_the_old_plan(frames: list[int], nodes: int, batch_frames: int) -> None:
    made = plan(frames, Figures(None, nodes, batch_frames=batch_frames))
    assert made.batches == plan_batches(frames, nodes, batch_frames or None)
    wished = plan(frames, Figures(0.5, nodes, batch_frames=96))
    assert wished.batches == plan_batches(frames, nodes, 96)


@given(st.floats(0.1, 1e6))
def test_durations_are_short_words(seconds: float) -> None:
    number, _, unit = duration(seconds).partition(" ")
    assert unit in ("seconds", "minutes", "hours")
    assert float(number) * {"seconds": 1, "minutes": 60, "hours": 3600}[unit] <= seconds * 1.5 + 1
