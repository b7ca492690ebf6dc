"""Mutated media in every container, from the split to the verified output, in a process of their own."""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.torture.fuzz.mutators import mutated
from tests.torture.fuzz.patient import Patient
from tests.torture.fuzz.seeds import make_seeds, public_seeds
from tests.torture.toll import Toll

CPU_SECONDS = 30.0  # of one try
PEAK_MB = 1000  # what an intermediate of 4K pictures may take; see docs/limits.md


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    made = make_seeds(tmp_path_factory.mktemp("seeds"))
    return made + public_seeds(Path(os.environ.get("REELBRUSH_SHARED", ROOT.parent / "shared")))


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.torture("mutated media: a video or a reason", full=4500, slice=70)
def test_mutated_media_end_with_a_video_or_a_reason(toll: Toll, seeds: list[Path], tmp_path: Path) -> None:
    ends = Counter[str]()
    slowest = largest = 0.0
    with Patient(tmp_path, CPU_SECONDS, PEAK_MB) as patient:
        for seed in toll.seeds():
            rng = random.Random(seed)
            source, other = rng.choice(seeds), rng.choice(seeds)
            hostile = tmp_path / "hostile"
            hostile.write_bytes(mutated(source.read_bytes(), other.read_bytes(), rng))
            ending = patient.attempt("film", path=str(hostile))
            ends[ending.end.split(" ")[0]] += 1
            slowest, largest = max(slowest, ending.cpu), max(largest, ending.peak)
            if ending.fault:
                toll.lost(f"seed {seed}, {source.name}: {ending.end}: {ending.fault}")
            else:
                toll.survived()
    toll.figure("ends", ", ".join(f"{end} {count}" for end, count in ends.most_common()))
    toll.figure("longest try, largest process", f"{slowest:.1f} s of CPU, {largest:.0f} MB")
    toll.figure("time in the product", f"{patient.cpu:.0f} s of CPU")
