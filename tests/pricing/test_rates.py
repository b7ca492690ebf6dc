"""Rates: what pages tell is remembered per device, style, precision and frame size."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from reelbrush.job import BlobRef, Job, LedgerPage, Options
from reelbrush.job.names import WORK
from reelbrush.pricing.evictions import evictions_per_node_hour, note_evictions
from reelbrush.pricing.rates import Rate, note_rates, painted_style, rate_of
from reelbrush.settings import Settings
from reelbrush.store import FolderStore

JOB = Job("clip-0123456789", BlobRef("input", "clip.mp4", "e", 1), "starry-night")
HD, FULL_HD = 1280 * 720, 1920 * 1080
T4 = "Tesla T4"
LOW = Settings("env:STORE", backend="azureml", vm_priority="lowpriority")


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def page(index: int, per_frame: float, frames: int = 48, device: str = T4, **versions: str) -> LedgerPage:
    seconds = {"infer": per_frame * frames * 5, "total": per_frame * frames}
    told = {"device": device, **versions} if device else versions
    return LedgerPage(index, frames, "", "", 1, "r", seconds, told)


def rate(store: FolderStore, device: str = T4, pixels: int = HD, **more: str) -> Rate:
    found = rate_of(
        store, device, more.get("style", "starry-night"), more.get("precision", "float32"), pixels
    )
    assert found is not None
    return found


def test_the_middle_segment_counts_and_not_the_slow_start(store: FolderStore) -> None:
    note_rates(store, JOB, HD, [page(0, 2.0), *(page(i, 0.02) for i in range(1, 8))])
    found = rate(store)
    assert found.seconds_per_frame == pytest.approx(0.02)
    assert (found.device, found.measured, found.scaled, found.frames) == (T4, True, False, 384)
    assert found.at.startswith("20")


def test_what_was_never_measured_is_not_told(store: FolderStore) -> None:
    assert rate_of(store, T4, "starry-night", "float32", HD) is None
    note_rates(store, JOB, HD, [page(0, 0.0), replace(page(1, 0.02), seconds={})])
    assert rate_of(store, T4, "starry-night", "float32", HD) is None
    note_rates(store, JOB, HD, [page(0, 0.02)])
    for device, style, precision in (
        ("A100", "starry-night", "float32"),
        (T4, "great-wave", "float32"),
        (T4, "starry-night", "int8"),
        ("cpu", "starry-night", "float32"),
    ):
        assert rate_of(store, device, style, precision, HD) is None


@pytest.mark.parametrize(
    ("device", "model", "other"),
    [
        (T4, "T4", "A100"),
        ("NVIDIA A100 80GB PCIe", "A100", "A10"),
        ("NVIDIA H100 NVL", "H100", "T4"),
        ("cpu", "cpu", "T4"),
    ],
)
def test_a_device_is_found_by_its_model(store: FolderStore, device: str, model: str, other: str) -> None:
    note_rates(store, JOB, HD, [page(0, 0.02, device=device)])
    assert rate(store, model).device == device == rate(store, device).device
    assert rate_of(store, other, "starry-night", "float32", HD) is None


def test_any_gpu_will_do_where_the_size_is_not_known(store: FolderStore) -> None:
    note_rates(store, JOB, HD, [page(0, 0.5, device="")])
    assert rate(store, "").device == "cpu", "better than nothing"
    note_rates(store, JOB, FULL_HD, [page(1, 0.02)])
    assert rate(store, "").device == T4
    assert rate(store, "cpu").seconds_per_frame == pytest.approx(0.5)


def test_another_size_is_scaled_and_told_so(store: FolderStore) -> None:
    note_rates(store, JOB, HD, [page(0, 0.02)])
    found = rate(store, pixels=FULL_HD)
    assert found.scaled and found.seconds_per_frame == pytest.approx(0.045) and found.pixels == HD
    note_rates(store, JOB, FULL_HD, [page(0, 0.03)])
    assert not rate(store, pixels=FULL_HD).scaled
    assert rate(store, pixels=FULL_HD).seconds_per_frame == pytest.approx(0.03)
    assert rate(store).seconds_per_frame == pytest.approx(0.02), "each size keeps its own"


def test_the_newest_counts_most_and_a_few_frames_little(store: FolderStore) -> None:
    note_rates(store, JOB, HD, [page(0, 0.10, 480)])
    note_rates(store, JOB, HD, [page(0, 0.02, 480)])
    assert rate(store).seconds_per_frame == pytest.approx(0.7 * 0.02 + 0.3 * 0.10)
    before = rate(store).seconds_per_frame
    note_rates(store, JOB, HD, [page(0, 1.0, 2)])
    assert rate(store).seconds_per_frame < before + 0.01


def test_precision_that_was_stepped_down_is_another_rate(store: FolderStore) -> None:
    pages = [page(0, 0.02, device="cpu"), page(1, 0.01, device="cpu", precision="float16")]
    note_rates(store, JOB, HD, pages)
    assert rate(store, "cpu").seconds_per_frame == pytest.approx(0.02)
    assert rate(store, "cpu", precision="float16").seconds_per_frame == pytest.approx(0.01)


def test_a_gpu_that_painted_in_16_bits_is_found_by_what_is_asked_for(store: FolderStore) -> None:
    note_rates(store, JOB, HD, [page(0, 0.01, precision="float16")])
    assert rate(store, precision=JOB.options.precision).seconds_per_frame == pytest.approx(0.01)


def test_mixes_are_styles_of_their_own_and_nothing_painted_is_none(store: FolderStore) -> None:
    mixed = Options(mix="great-wave", mix_share=Fraction(1, 2))
    assert painted_style("a", Options()) == "a" and painted_style("a", mixed) == "a+great-wave"
    assert painted_style("a", Options(strength=Fraction(0))) == ""
    note_rates(store, replace(JOB, options=Options(strength=Fraction(0))), HD, [page(0, 0.001)])
    assert [*store.list(WORK, ".rates/")] == []
    note_rates(store, replace(JOB, options=mixed), HD, [page(0, 0.04)])
    assert rate(store, style="starry-night+great-wave").seconds_per_frame == pytest.approx(0.04)
    assert rate_of(store, T4, "starry-night", "float32", HD) is None


def test_a_damaged_document_is_measured_anew(store: FolderStore) -> None:
    note_rates(store, JOB, HD, [page(0, 0.02)])
    (blob,) = store.list(WORK, ".rates/")
    store.put_bytes(WORK, blob.name, b"{cut o")
    assert rate_of(store, T4, "starry-night", "float32", HD) is None
    note_rates(store, JOB, HD, [page(0, 0.03)])
    assert rate(store).seconds_per_frame == pytest.approx(0.03)


@examples(deadline=None)
@given(st.lists(st.tuples(st.integers(64, 4000), st.floats(1e-4, 10)), min_size=1, max_size=12))
def test_no_rate_lies_outside_what_was_measured(sides: list[tuple[int, float]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        store = FolderStore(Path(folder))
        for side, megapixel in sides:
            note_rates(store, JOB, side * side, [page(0, megapixel * side * side / 1e6)])
        found = rate(store, pixels=1_000_000).seconds_per_frame
        low, high = min(rate for _, rate in sides), max(rate for _, rate in sides)
        assert low * 0.999 <= found <= high * 1.001


def test_evictions_are_learnt_for_low_priority_alone(store: FolderStore) -> None:
    dedicated = replace(LOW, vm_priority="dedicated")
    assert evictions_per_node_hour(dedicated, store) == 0.0
    assumed = evictions_per_node_hour(LOW, store)
    assert 0 < assumed < 0.2 and evictions_per_node_hour(LOW, None) == assumed
    note_evictions(dedicated, store, 9, 3600.0)
    assert evictions_per_node_hour(LOW, store) == assumed
    note_evictions(LOW, store, 20, 3600.0 * 40)
    assert evictions_per_node_hour(LOW, store) == pytest.approx(20.5 / 50)
    note_evictions(LOW, store, 0, 3600.0 * 5000)
    assert evictions_per_node_hour(LOW, store) < assumed
