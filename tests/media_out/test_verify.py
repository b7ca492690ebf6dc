"""The last look finds what would be wrong for a viewer."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from reelbrush.errors import StitchError
from reelbrush.media.tally import Tally
from reelbrush.media.verify import verify_output
from tests.media_out.making import Work, ffmpeg, packets, paint, picture, tone, words


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Work:
    folder = tmp_path_factory.mktemp("job")
    return paint(folder, ffmpeg(folder / "in.mp4", *picture(), *tone(), "-c:a", "aac"))


SOUND = Tally(1, 1)


def check(
    job: Work,
    path: Path,
    times: array[int] | None = None,
    audio: Sequence[Tally] = (SOUND,),
    subtitles: Sequence[Tally] = (),
) -> None:
    verify_output(
        path,
        job.manifest,
        job.timestamps if times is None else times,
        Fraction(0),
        audio=audio,
        subtitles=subtitles,
    )


def test_a_good_file_passes(job: Work) -> None:
    check(job, job.stitch().path)


def test_lost_moved_and_surplus_frames_are_found(job: Work) -> None:
    path = job.stitch().path
    with pytest.raises(StitchError, match="50 frames instead of 51"):
        check(job, path, array("q", [*job.timestamps, job.timestamps[-1] + 512]))
    with pytest.raises(StitchError, match="50 frames instead of 49"):
        check(job, path, job.timestamps[:-1])
    late = array("q", job.timestamps)
    late[7] += 1
    with pytest.raises(StitchError, match=r"frame 7 .* tick 3584 instead of 3585"):
        check(job, path, late)


def test_missing_tracks_and_wrong_sizes_are_found(job: Work) -> None:
    path = job.stitch().path
    with pytest.raises(StitchError, match="1 audio and 0 subtitle tracks instead of 2 and 1"):
        check(job, path, audio=[SOUND, SOUND], subtitles=[SOUND])
    wider = replace(job.manifest, encode=replace(job.manifest.encode, width=66))
    with pytest.raises(StitchError, match="64x48"):
        verify_output(path, wider, job.timestamps, Fraction(0), audio=[SOUND], subtitles=[])


def test_lost_packets_of_other_tracks_are_found(job: Work) -> None:
    path = job.stitch().path
    _lead_in, *sound = packets(path, "audio")  # it ends at time 0
    size = sum(len(data) for _, data in sound)
    check(job, path, audio=[Tally(len(sound) + 1, size)])  # the container may merge packets
    with pytest.raises(
        StitchError, match=f"track 1 .* holds {len(sound)} packets instead of {len(sound) + 1}"
    ):
        check(job, path, audio=[Tally(len(sound) + 1, size + 1)])


def test_an_index_behind_the_data_is_found(job: Work, tmp_path: Path) -> None:
    slow = ffmpeg(tmp_path / "slow.mp4", "-i", str(job.stitch().path), *words("-c copy"))
    with pytest.raises(StitchError, match="index"):
        check(job, slow)


def test_a_file_that_is_no_video_is_found(job: Work, tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").write_bytes(b"")
    with pytest.raises(StitchError, match="cannot be opened"):
        check(job, tmp_path / "empty.mp4")
