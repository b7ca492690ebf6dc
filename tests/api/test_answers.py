"""What the API answers, over the embedded host."""

from __future__ import annotations

from tests.api.serving import Served


def test_jobs_are_shown(app: Served) -> None:
    for state, job in app.jobs.items():
        view = app.job(job)
        print(view)
        assert view["status"] == state
