"""Jobs with strength, colour and two styles, with real models from the decoder to the published segments."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from reelbrush.errors import StyleError
from reelbrush.job import Batch, BatchProgress, BatchState, BlobRef, Job, Options
from scoring.batch import RunSettings, run_batch
from scoring.blend import blend, recolour
from scoring.contract import Contract
from scoring.mpi import Rank
from scoring.probe import open_session, probe_picture
from scoring.repaint import Repainter, open_repainter
from scoring.stop import StopRequest
from scoring.styles import SHIPPED, load_style
from tests.scoring.jobs import PreparedJob, make_clip, prepare
from tests.scoring.models import block_model, save_style

HALF = Fraction(1, 2)


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    make_clip(path, 40)
    return path


@pytest.fixture(scope="session")
def styles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The styles `blocks`, `pairs` (a model for exactly two pictures) and `lost` (a card without a model)."""
    folder = tmp_path_factory.mktemp("styles")
    save_style(folder, "blocks", block_model(Contract(size_multiple=4), 13), Contract(size_multiple=4))
    pairs = block_model(Contract(), 13)
    for value in (*pairs.graph.input, *pairs.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 2
    save_style(folder, "pairs", pairs, Contract())
    save_style(folder, "lost", pairs, Contract())
    (folder / "lost" / "model.onnx").unlink()
    return folder


def repainter(styles: Path, options: Options, style: str = "blocks") -> Repainter:
    job = Job("a", BlobRef("input", "a", "0", 1), style, options)
    return open_repainter(job, styles, "cpu", time_base=Fraction(1, 25), first_tick=0)


def test_default_options_are_the_painting_itself() -> None:
    frames = probe_picture()
    painter = repainter(SHIPPED, Options(), "starry-night")
    assert painter.second is None
    assert (painter.paint(frames, [0]) == open_session(load_style("starry-night"), "cpu").paint(frames)).all()


def test_strength_0_is_the_source_and_runs_no_model(styles: Path) -> None:
    frames = probe_picture()
    painter = repainter(styles, Options(strength=Fraction(0), preserve_color=True, mix="lost"), "lost")
    assert painter.paint(frames, [0]) is frames
    assert painter.versions["provider"] == "none" and "onnxruntime" not in painter.versions
    for options, style in ((Options(strength=Fraction(0)), "none"), (Options(mix="none"), "blocks")):
        with pytest.raises(StyleError, match="there is no style 'none'"):
            repainter(styles, options, style)


def test_a_style_without_share_is_not_opened(styles: Path) -> None:
    assert repainter(styles, Options(mix="lost", mix_share=Fraction(0))).second is None
    assert repainter(styles, Options(mix="blocks", mix_share=Fraction(1)), "lost").first is None
    with pytest.raises(StyleError, match="cannot be read"):
        repainter(styles, Options(mix="lost", mix_share=HALF))


def test_a_style_does_not_run_where_the_fade_gives_it_no_share(styles: Path) -> None:
    frames = probe_picture()
    wish = Options(mix="identity", mix_share=Fraction(1), fade_start_ms=80, fade_end_ms=160)
    painter = repainter(styles, wish)
    before, after = replace(painter, second=None), replace(painter, first=None)
    assert (before.paint(frames, [2]) == painter.paint(frames, [0])).all()
    assert (after.paint(frames, [4]) == frames).all()
    assert (painter.paint(frames, [3]) != frames).any()


def test_mix_then_colour_then_strength(styles: Path) -> None:
    frames = probe_picture()
    one = open_session(load_style("blocks", styles), "cpu").paint(frames)
    mixed = blend(one, frames, 77)
    assert (one != frames).any()
    options = Options(mix="identity", mix_share=Fraction(3, 10))
    assert (repainter(styles, options).paint(frames, [0]) == mixed).all()
    options = Options(mix="identity", mix_share=Fraction(3, 10), preserve_color=True, strength=HALF)
    wanted = blend(frames, recolour(frames, mixed), 128)
    assert (repainter(styles, options).paint(frames, [0]) == wanted).all()


def test_styles_for_other_numbers_of_frames_are_mixed(styles: Path) -> None:
    frames = np.concatenate([np.roll(probe_picture(), shift, 1) for shift in (0, 9)])
    options = Options(mix="pairs", mix_share=Fraction(1), fade_start_ms=0, fade_end_ms=80)
    painter = repainter(styles, options)
    assert painter.frames_per_call == 2
    blocks = open_session(load_style("blocks", styles), "cpu")
    second = open_session(load_style("pairs", styles), "cpu").paint(frames)
    first = np.concatenate([blocks.paint(frames[i : i + 1]) for i in (0, 1)])
    wanted = np.concatenate([first[:1], blend(first[1:], second[1:], 128)])
    assert (painter.paint(frames, [0, 1]) == wanted).all()


def score(prepared: PreparedJob, styles: Path, batches: list[Batch] | None = None, threads: int = 1) -> None:
    for batch in batches or [None]:
        run = prepared.request(batch)
        settings = RunSettings(threads=threads, providers="cpu", styles=styles)
        progress = run_batch(prepared.store, prepared.job.id, run, settings, Rank(), StopRequest(1))
        assert progress.state is BatchState.DONE, progress.error


def job(folder: Path, name: str, clip: Path, style: str, options: Options) -> PreparedJob:
    (folder / name).mkdir()
    return prepare(folder / name, clip, style, options=options)


def test_published_segments(tmp_path: Path, clip: Path, styles: Path) -> None:
    """Segments of 12 frames at 25 per second: the fade lies in the second and third."""
    identity = job(tmp_path, "identity", clip, "identity", Options())
    score(identity, styles)
    nothing = job(tmp_path, "nothing", clip, "blocks", Options(strength=Fraction(0)))
    score(nothing, styles)
    assert nothing.page_hashes() == identity.page_hashes(), "strength 0 is the decoded source, byte for byte"
    blocks = job(tmp_path, "blocks", clip, "blocks", Options())
    score(blocks, styles)
    wish = Options(mix="blocks", mix_share=Fraction(1), fade_start_ms=480, fade_end_ms=1300)
    fading = job(tmp_path, "fading", clip, "identity", wish)
    score(fading, styles)
    hashes = fading.page_hashes()
    assert (hashes[0], hashes[3]) == (identity.page_hashes()[0], blocks.page_hashes()[3])
    assert set(hashes[1:3]).isdisjoint(identity.page_hashes() + blocks.page_hashes())
    shared = job(tmp_path, "shared", clip, "identity", wish)
    score(shared, styles, [Batch(1, 2, 2, 16), Batch(0, 0, 2, 24)], threads=3)
    assert shared.page_hashes() == hashes, "how segments are grouped changes nothing"


def test_a_cut_follows_the_times_of_a_variable_rate(tmp_path: Path, styles: Path) -> None:
    times = [500, 540, 700, 709, 710, 1500, 1510, 1900]  # milliseconds; the video does not begin at 0
    with av.open(str(tmp_path / "clip.mkv"), "w") as container:
        stream = container.add_stream("libx264", 1000)
        stream.width, stream.height, stream.pix_fmt, stream.time_base = 64, 48, "yuv420p", Fraction(1, 1000)
        stream.options = {"bf": "0"}
        for time in times:
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 200, np.uint8), format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    wish = Options(mix="blocks", mix_share=Fraction(1), fade_start_ms=210, fade_end_ms=210)
    (tmp_path / "job").mkdir()
    prepared = prepare(tmp_path / "job", tmp_path / "clip.mkv", "identity", None, wish)
    score(prepared, styles)
    with av.open(str(prepared.segment_path(0))) as container:
        red = [int(f.to_ndarray(format="rgb24")[..., 0].mean()) for f in container.decode(video=0)]
    assert [value < 150 for value in red] == [time - 500 >= 210 for time in times]


def test_the_ledger_names_both_models(tmp_path: Path, clip: Path, styles: Path) -> None:
    mixed = job(tmp_path, "mixed", clip, "identity", Options(mix="blocks", mix_share=HALF))
    score(mixed, styles)
    models = [load_style(name, styles).card.model.sha256 for name in ("identity", "blocks")]
    page = json.loads(mixed.page_path(0).read_text())
    assert page["versions"]["model"] == "+".join(models)


def test_an_unknown_second_style_is_told_before_any_frame(tmp_path: Path, clip: Path, styles: Path) -> None:
    prepared = job(tmp_path, "unknown", clip, "blocks", Options(mix="none", mix_share=HALF))
    settings = RunSettings(providers="cpu", styles=styles)
    run = prepared.request()
    progress: BatchProgress = run_batch(
        prepared.store, prepared.job.id, run, settings, Rank(), StopRequest(1)
    )
    assert (progress.error_code, progress.retryable, progress.frames_done) == ("style", False, 0)
    assert "no style 'none'" in (progress.error or "")
