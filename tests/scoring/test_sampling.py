"""A job's flicker: which frames are sampled, and what the ledger's pages say."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from reelbrush.job import BatchState
from reelbrush.job.codec import read_document
from reelbrush.job.ledger import FlickerSums, LedgerPage
from scoring.batch import RunSettings, run_batch
from scoring.contract import Contract
from scoring.mpi import Rank
from scoring.sampling import FrameSample, sampled_offsets, samples_flicker, take_samples
from scoring.stop import StopRequest
from tests.scoring.jobs import PreparedJob, prepare
from tests.scoring.models import block_model, save_style
from tests.scoring.pans import pan

BLOCKS = Contract(size_multiple=8)


def write_clip(path: Path, frames: list[np.ndarray]) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", Fraction(25))
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.options = {"g": "12", "keyint_min": "12", "sc_threshold": "0", "crf": "12"}
        for picture in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


def pages_of(folder: Path, clip: Path, style: str, styles: Path, threads: int) -> list[LedgerPage]:
    folder.mkdir()
    prepared: PreparedJob = prepare(folder, clip, style)
    settings = RunSettings(threads=threads, styles=styles, providers="cpu")
    progress = run_batch(
        prepared.store, prepared.job.id, prepared.request(), settings, Rank(), StopRequest(1)
    )
    assert progress.state is BatchState.DONE
    paths = [prepared.page_path(segment.index) for segment in prepared.manifest.segments]
    return [read_document(LedgerPage, path.read_bytes()) for path in paths]


def test_pages_tell_the_flicker_of_their_middle_pair(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", pan(25, (3, 1), noise=1.0))
    styles = tmp_path / "styles"
    save_style(styles, "blocks", block_model(BLOCKS, 17), BLOCKS)
    pages = pages_of(tmp_path / "one", clip, "blocks", styles, threads=1)
    assert [page.frame_count for page in pages] == [12, 12, 1]
    assert pages[2].flicker is None  # a single frame
    for page in pages[:2]:
        assert page.flicker is not None and page.flicker.pairs == 1
        assert page.flicker.ratio > 1.2  # blocks stick to the screen while the picture moves
    again = pages_of(tmp_path / "three", clip, "blocks", styles, threads=3)
    assert [page.flicker for page in pages] == [page.flicker for page in again]


def test_copies_are_not_measured(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", pan(12, (3, 1)))
    assert [page.flicker for page in pages_of(tmp_path / "job", clip, "identity", tmp_path, 1)] == [None]


@pytest.mark.parametrize(
    ("count", "offsets"), [(1, []), (2, [0, 1]), (3, [1, 2]), (24, [11, 12]), (72, [35, 36])]
)
def test_the_middle_pair_is_sampled(count: int, offsets: list[int]) -> None:
    assert list(sampled_offsets(count)) == offsets


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7])
def test_samples_do_not_depend_on_how_frames_are_grouped(size: int) -> None:
    originals = np.stack(pan(7, (3, 1), noise=1.0))
    painted = originals // 2 + np.arange(7, dtype=np.uint8)[:, None, None, None]
    wanted = sampled_offsets(7)
    samples = [
        sample
        for first in range(0, 7, size)
        for sample in take_samples(first, originals[first:][:size], painted[first:][:size], wanted)
    ]
    assert [int(np.median(s.painted.astype(int) - s.original // 2)) for s in samples] == [3, 4]
    sums = samples_flicker(samples)
    assert sums is not None and sums.pairs == 1


def test_one_sample_is_no_pair() -> None:
    frame = pan(1, (0, 0))[0]
    assert samples_flicker([]) is None
    assert samples_flicker([FrameSample(frame, 255 - frame)]) is None


def test_sums_add_up() -> None:
    both = FlickerSums(2, 6.0, 2.0) + FlickerSums(1, 1.0, 1.5)
    assert both == FlickerSums(3, 7.0, 3.5) and both.ratio == 2.0


@pytest.mark.parametrize("flicker", [{"pairs": 0, "painted": 1.0, "original": 1.0}, {"pairs": 1}, [], 3])
def test_pages_with_other_flicker_are_unreadable(flicker: object) -> None:
    page = {"segment": 0, "frame_count": 1, "timestamps_sha256": "", "sha256": "", "size": 1, "run": "r"}
    assert read_document(LedgerPage, json.dumps(page)).flicker is None  # as older releases wrote it
    with pytest.raises(ValueError, match="flicker"):
        read_document(LedgerPage, json.dumps({**page, "flicker": flicker}))
