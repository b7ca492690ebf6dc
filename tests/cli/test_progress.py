from typing import Any

from reelbrush.cli.progress import Rate, clock, progress_text

JOB: dict[str, Any] = {
    "phase": "scoring",
    "progress": {
        "framesDone": 1860,
        "framesTotal": 3000,
        "percent": 62,
        "batchesDone": 7,
        "batchesTotal": 12,
        "retries": 0,
    },
}


def test_the_line_tells_everything() -> None:
    text = progress_text(JOB, 45.2, 41.2)
    assert text == "scoring 1860/3000 (62%)  41.2 fps  elapsed 00:45  left 00:27  batches 7/12"


def test_nothing_is_guessed_before_something_was_measured() -> None:
    assert "fps" not in progress_text(JOB, 1, None) and "left" not in progress_text(JOB, 1, None)
    assert progress_text({"phase": "splitting"}, 3, None) == "splitting  elapsed 00:03"


def test_frames_of_an_earlier_run_do_not_count_as_speed() -> None:
    rate = Rate()
    rate.update(100.0, 500)
    assert rate.fps is None
    rate.update(110.0, 700)
    assert rate.fps == 20
    rate.update(115.0, 700)
    assert rate.fps == 20, "between two reports the rate stays"


def test_clocks() -> None:
    assert [clock(s) for s in (0, 59.9, 61, 3600, 86399)] == [
        "00:00",
        "00:59",
        "01:01",
        "1:00:00",
        "23:59:59",
    ]


def test_what_the_app_measured_counts_more() -> None:
    progress = {**JOB["progress"], "framesPerSecond": 50.0}
    text = progress_text({**JOB, "progress": progress, "etaSeconds": 33}, 45.2, 41.2)
    assert "50.0 fps" in text and "left 00:33" in text


def test_waiting_is_told_in_words() -> None:
    queued = {"phase": "queued", "summary": "queued: 3 jobs ahead"}
    assert progress_text(queued, 3, None) == "queued: 3 jobs ahead  elapsed 00:03"
    assert progress_text({**JOB, "phase": "waitingForCompute"}, 3, None).startswith(
        "waiting for a node 1860/"
    )
