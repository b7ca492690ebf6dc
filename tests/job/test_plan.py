from hypothesis import given
from hypothesis import strategies as st

from reelbrush.job import plan_batches
from reelbrush.job.plan import MAX_BATCHES

segments = st.lists(st.integers(1, 72), max_size=400)


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
