import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelbrush.job import ended_name, index_name, stamped_job, swept_name, ticket_name

JOBS = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,3}-[0-9a-f]{10}", fullmatch=True)
TIMES = st.integers(0, 9_999_999_999_999)


@given(TIMES, JOBS)
def test_names_tell_their_time_and_job(time: int, job: str) -> None:
    for name in (index_name, ticket_name, ended_name, swept_name):
        assert stamped_job(name(time, job)) == (time, job)


@given(TIMES, TIMES, JOBS)
def test_tickets_are_in_order_of_time_and_the_index_the_other_way(a: int, b: int, job: str) -> None:
    assert (ticket_name(a, job) < ticket_name(b, job)) == (a < b)
    assert (index_name(a, job) > index_name(b, job)) == (a < b)


@pytest.mark.parametrize("name", [".jobs/abc", ".jobs/123-job", ".jobs/1234567890123-", "x", ""])
def test_other_names_are_no_jobs(name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        stamped_job(name)
