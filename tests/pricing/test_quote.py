"""Quotes: ranges that hold the likely figure, each with a sentence that says what it stands on."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from reelbrush.job import BlobRef, Job, LedgerPage, Options
from reelbrush.pricing.quote import quote_for
from reelbrush.pricing.rates import note_rates
from reelbrush.settings import Settings
from reelbrush.store import FolderStore

T4 = Settings("env:STORE", backend="azureml", nodes=8, vm_size="Standard_NC4as_T4_v3")
JOB = Job("clip-0123456789", BlobRef("input", "clip.mp4", "e", 1), "starry-night")


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def measured(
    store: FolderStore, per_frame: float, pixels: int = 1280 * 720, device: str = "Tesla T4"
) -> None:
    pages = [
        LedgerPage(i, 48, "", "", 1, "r", {"total": 48 * per_frame}, {"device": device}) for i in range(5)
    ]
    note_rates(store, JOB, pixels, pages)


def ask(settings: Settings, store: FolderStore | None, frames: int = 150_000, **more: Any) -> dict[str, Any]:
    size = {"width": 1280, "height": 720, "style": "starry-night"} | more
    return quote_for(settings, store, frames=frames, frame_rate=Fraction(30000, 1001), **size)


def text(quote: dict[str, Any]) -> str:
    return " ".join(quote["reasons"])


def test_a_measured_style_is_quoted_by_its_rate(store: FolderStore) -> None:
    measured(store, 0.02)
    quote = ask(T4, store)
    assert quote["measured"] and quote["secondsPerFrame"] == pytest.approx(0.02)
    assert (quote["device"], quote["frames"], quote["batches"], quote["nodes"]) == ("Tesla T4", 150_000, 7, 7)
    paint = 150_000 * 0.02 / 3600
    starts = 7 * (300 + 45) / 3600
    assert quote["gpuHours"]["likely"] == pytest.approx(paint + starts, rel=0.01)
    assert quote["cost"]["likely"] == pytest.approx(0.526 * (paint + starts), rel=0.01)
    assert quote["cost"]["currency"] == "USD" and quote["cost"]["priceDate"].startswith("2026")
    assert 5 + 7 < quote["minutes"]["likely"] < 5 + 10
    assert "50.0 frames per second on one GPU (Tesla T4), measured on 20" in text(quote)
    assert "150,000 frames of 1280x720, 83 minutes of film." in quote["reasons"]


def test_a_style_that_is_new_says_so_and_keeps_its_distance(store: FolderStore) -> None:
    quote = ask(T4, store)
    assert not quote["measured"] and quote["device"] == "T4"
    assert "Not measured yet" in text(quote) and "takes 21 ms" in text(quote)
    paint = 150_000 * quote["secondsPerFrame"] / 3600
    assert quote["gpuHours"]["high"] > 3 * paint and quote["gpuHours"]["low"] < 0.7 * paint


def test_another_frame_size_widens_the_range(store: FolderStore) -> None:
    measured(store, 0.02)
    same = ask(T4, store, 1_400_000)
    other = ask(T4, store, 1_400_000, width=1920, height=1080)

    def breadth(quote: dict[str, Any]) -> float:
        return quote["minutes"]["high"] / quote["minutes"]["low"]

    assert other["measured"] and breadth(other) > breadth(same)
    assert "of another size (0.92 megapixels)" in text(other)


def test_low_priority_is_told_as_a_bound_and_counts_evictions(store: FolderStore) -> None:
    measured(store, 0.02)
    dear, cheap = ask(T4, store), ask(replace(T4, vm_priority="lowpriority"), store)
    assert cheap["cost"]["likely"] >= dear["cost"]["likely"] and "never exceeds" in text(cheap)
    assert cheap["gpuHours"]["likely"] > dear["gpuHours"]["likely"], "what is done twice is paid for"
    own = ask(replace(T4, vm_priority="lowpriority", price_per_hour=0.1), store)
    assert own["cost"]["likely"] < dear["cost"]["likely"] / 4 and "priceDate" not in own["cost"]


def test_idle_gpus_of_a_node_are_counted(store: FolderStore) -> None:
    measured(store, 0.02)
    quad = replace(T4, vm_size="Standard_NC64as_T4_v3", processes=4)
    one, four = ask(T4, store, frames=600_000), ask(quad, store, frames=600_000)
    assert four["batches"] < one["batches"]
    lazy = ask(replace(quad, processes=1), store, frames=600_000)
    assert lazy["gpuHours"]["likely"] > 2.5 * four["gpuHours"]["likely"]


def test_without_a_price_no_cost_is_told(store: FolderStore) -> None:
    for settings, word in (
        (replace(T4, vm_size=""), "REELBRUSH_VM_SIZE"),
        (replace(T4, vm_size="Standard_F16s_v2"), "vm_sizes.json"),
        (Settings("folder:/x"), "this machine"),
    ):
        quote = ask(settings, store)
        assert "cost" not in quote and word in text(quote)


def test_this_machine_is_quoted_too(store: FolderStore) -> None:
    here = Settings("folder:/x", nodes=2)
    unmeasured = ask(here, store, frames=300)
    assert unmeasured["device"] == "cpu" and unmeasured["batches"] == unmeasured["nodes"] == 1
    measured(store, 0.05, device="cpu")  # as one run of two threads takes
    quote = ask(here, store, frames=30_000)
    assert quote["measured"] and quote["minutes"]["likely"] == pytest.approx(1500 / 60, rel=0.1)
    assert "Starting nodes" not in text(quote)
    paid = ask(replace(here, price_per_hour=1.0), store, frames=300)
    assert paid["cost"]["likely"] == pytest.approx(paid["gpuHours"]["likely"], rel=0.01)


def test_a_machine_of_many_cores_is_reckoned_faster_however_runs_share_them() -> None:
    def minutes(cores: int, **more: Any) -> float:
        return ask(Settings("folder:/x", nodes=cores, **more), None, frames=48_000)["minutes"]["likely"]

    one = minutes(1)
    for cores in (2, 3, 4, 5, 8, 10):
        assert minutes(cores) == pytest.approx(one / cores, rel=0.1)
        for wished in (96, 480):
            assert minutes(cores, batch_frames=wished) == pytest.approx(one / cores, rel=0.2), "starts count"
    assert ask(Settings("folder:/x", nodes=8), None)["nodes"] == 2


def test_a_short_clip_is_one_batch_on_a_cluster_that_knows_nothing() -> None:
    assert ask(T4, None, frames=300)["batches"] == 1
    assert ask(T4, None, frames=1)["frames"] == 1


def test_what_is_not_painted_is_quoted_without_a_rate_of_a_style(store: FolderStore) -> None:
    measured(store, 0.02)
    assert not ask(T4, store, options=Options(strength=Fraction(0)))["measured"]


@examples(deadline=None, max_examples=40)
@example(1_500_000, 7680, 1000, "lowpriority", "Standard_ND96isr_H100_v5")  # the most batches
@given(
    st.integers(1, 150_000),
    st.integers(16, 7680),
    st.integers(1, 1000),
    st.sampled_from(["dedicated", "lowpriority"]),
    st.sampled_from(["", "Standard_NC4as_T4_v3", "Standard_ND96isr_H100_v5", "Standard_F16s_v2"]),
)
def test_every_range_is_in_order_and_every_reason_a_sentence(
    frames: int, width: int, nodes: int, priority: str, size: str
) -> None:
    settings = replace(T4, nodes=nodes, vm_priority=priority, vm_size=size)
    quote = quote_for(settings, None, width=width, height=720, frames=frames, style="a")
    for name in ("gpuHours", "minutes", "cost"):
        if name in quote:
            figures = quote[name]
            assert 0 <= figures["low"] <= figures["likely"] <= figures["high"]
    assert 1 <= quote["batches"] <= 100 and 1 <= quote["nodes"] <= nodes
    assert all(re.fullmatch(r"[A-Z0-9].*\.", reason) for reason in quote["reasons"])
    assert ("cost" in quote) == size.startswith("Standard_N")
    assert max(map(len, quote["reasons"])) < 260
