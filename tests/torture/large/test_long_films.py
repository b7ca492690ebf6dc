"""Films of hours: every step of a job takes time in proportion, and hardly more memory than a short one."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.torture.large.films import Film, make
from tests.torture.toll import FULL, Toll

MB = 1 << 20
SHORT, LONG = (90_000, 900_000) if FULL else (3600, 18_000)  # frames
STEPS = ("split", "plan", "playlist", "batch rows", "stitch with gaps", "stitch", "finish")
ROUNDS = 3  # of which the quickest counts: others use the cores too
BENT = 1.5  # times as much computing for each frame, at most
NOISE = 0.25  # seconds of computing that nobody can tell apart
GROWTH = 1.3  # times the memory of the short film, at most, beside:
# bytes for a frame with its sound: FFmpeg's index of it, about 110 for each file that is open, two of them
# while one is written and one read; the ledger's pages; 8 for each list of times
BYTES_A_FRAME = {"split": 200, "stitch": 420}
BYTES_OTHERWISE = 150
PAYLOAD = 10_000  # bytes
_ADTS = 7  # bytes of the header of AAC in a transport stream


@dataclass
class Report:
    """What one process measured of one film."""

    kind: str  # container of the source
    frames: int
    segments: int
    measured: dict[str, list[float]]
    answers: dict[str, Any]

    def cpu(self, step: str) -> float:
        """Seconds."""
        return self.measured[step][0]

    def peak(self, step: str) -> int:
        """Bytes."""
        return int(self.measured[step][1])


def job_of(folder: Path, film: Film, name: str) -> Report:
    """Take a film through all steps in a new process that has done it before with a short one."""
    source = folder / "input" / f"{name}.mp4"
    source.parent.mkdir(parents=True)
    make(source, film)
    make(folder / "input" / "warm.mp4", replace(film, frames=144))
    command = [sys.executable, "-m", "tests.torture.large.steps", str(folder), "warm.mp4", source.name]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    report = json.loads(done.stdout.splitlines()[-1])
    assert "segments" in report, report
    return Report(film.container, film.frames, report["segments"], report["measured"], report["answers"])


def compared(
    folder: Path, short: Film, long: Film, steps: tuple[str, ...]
) -> tuple[Report, Report, list[str]]:
    """Run both until each step's time is in proportion, ROUNDS times at most; say what is wrong at last."""
    cpu: dict[str, list[float]] = {step: [1e9, 1e9] for step in steps}
    peak: dict[str, list[int]] = {step: [1 << 60, 1 << 60] for step in steps}
    reports: list[Report] = []
    wrong: list[str] = []
    for turn in range(ROUNDS):
        reports = [job_of(folder / f"{turn}-{film.frames}", film, "film") for film in (short, long)]
        for step in steps:
            cpu[step] = [min(old, each.cpu(step)) for old, each in zip(cpu[step], reports, strict=True)]
            peak[step] = [min(old, each.peak(step)) for old, each in zip(peak[step], reports, strict=True)]
        wrong = [problem for step in steps for problem in _wrong(step, cpu[step], peak[step], short, long)]
        if not wrong:
            break
    return reports[0], reports[1], wrong


def _wrong(step: str, cpu: list[float], peak: list[int], short: Film, long: Film) -> list[str]:
    times = long.frames / short.frames
    problems: list[str] = []
    if cpu[1] > BENT * times * cpu[0] + NOISE:
        problems.append(f"{step}: {cpu[0]:.2f} s for {short.frames} frames, {cpu[1]:.2f} s for {long.frames}")
    allowed = GROWTH * peak[0] + BYTES_A_FRAME.get(step, BYTES_OTHERWISE) * (long.frames - short.frames)
    if peak[1] > allowed:
        problems.append(f"{step}: {peak[1] // MB} MiB for {long.frames} frames, allowed are {allowed // MB}")
    return problems


def times_of(path: Path) -> tuple[np.ndarray, int, int]:
    """Times of all pictures in 1/12800 s from the first one on, then packets and bytes of sound."""
    pictures, packets, size = [], 0, 0
    with av.open(str(path)) as film:
        video, sound = film.streams.video[0], film.streams.audio[0]
        assert video.time_base is not None
        scale = 12_800 * video.time_base
        for packet in film.demux([video, sound]):
            if packet.size and packet.stream is video:
                pictures.append(packet.pts)
            elif packet.size:
                packets, size = packets + 1, size + packet.size
    times = np.sort(np.array(pictures, np.int64))
    return ((times - times[0]) * float(scale)).round().astype(np.int64), packets, size


def unlike(folder: Path, report: Report) -> str:
    """Say what of the source is not in the output, "" where all is."""
    result = report.answers["stitch"].get("result")
    if result is None:
        return f"the stitch says {report.answers['stitch']}"
    source, output = times_of(folder / "input" / "film.mp4"), times_of(folder / result["blob"])
    if len(output[0]) != report.frames or not np.array_equal(source[0], output[0]):
        return f"{len(output[0])} of {report.frames} frames, or at other times"
    header = _ADTS * (report.kind == "mpegts")  # bytes of each packet that no other container has
    if (source[1], source[2] - header * source[1]) != output[1:]:
        return f"sound of {output[1:]} packets and bytes instead of {source[1:]}"
    return "" if report.answers["playlist"] == report.segments else "segments are missing in the playlist"


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.torture("a long film: each step in linear time, flat memory, small payloads", full=7, slice=7)
def test_a_long_film(tmp_path: Path, toll: Toll) -> None:
    short, long, wrong = compared(tmp_path, Film(SHORT), Film(LONG), STEPS)
    folders = sorted(tmp_path.glob(f"*-{LONG}"))
    for step in STEPS:
        bad = [problem for problem in wrong if problem.startswith(f"{step}: ")]
        size = long.measured[step][2]
        if bad:
            toll.lost("; ".join(bad))
        elif size > PAYLOAD:
            toll.lost(f"{step} answers {size:.0f} bytes")
        elif step == "stitch" and (what := unlike(folders[-1], long)):
            toll.lost(what)
        else:
            toll.survived()
        toll.figure(
            f"{step}, {SHORT:,} and {LONG:,} frames",
            f"{short.cpu(step):.2f} and {long.cpu(step):.2f} s of computing, "
            f"{short.peak(step) / MB:.0f} and {long.peak(step) / MB:.0f} MiB",
        )
    toll.figure("segments", str(long.segments))


KINDS = (
    Film(0, "mpegts", uneven=True, cues=False),
    Film(0, uneven=True, options=(("movflags", "+faststart"),)),
    Film(0, "matroska", uneven=True),
    Film(0, key_frames=False),
    Film(0, options=(("movflags", "frag_keyframe+empty_moov+default_base_moof"),)),
    Film(0, "matroska", options=(("live", "1"),)),
)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.torture("long films of every make: uneven, TS, MKV, fragments, one key frame", full=6, slice=1)
def test_long_films_of_every_make(tmp_path: Path, toll: Toll) -> None:
    for seed in toll.seeds():
        kind = KINDS[(seed - 1) % len(KINDS)]
        frames = (1200, 6000) if not FULL else (18_000, 90_000) if kind.key_frames else (6000, 30_000)
        folder = tmp_path / str(seed)
        films = [replace(kind, frames=count) for count in frames]
        _, long, wrong = compared(folder, films[0], films[1], ("split", "stitch"))
        what = "; ".join(wrong) or unlike(sorted(folder.glob(f"*-{frames[1]}"))[-1], long)
        if what:
            toll.lost(f"seed {seed}, {kind}: {what}")
        else:
            toll.survived()
        name = f"{kind.container}{' uneven' * kind.uneven}{' one key frame' * (not kind.key_frames)}"
        name += "".join(f" {value}" for _, value in kind.options)
        toll.figure(
            f"{name}, {frames[1]:,} frames",
            f"split {long.cpu('split'):.2f}, stitch {long.cpu('stitch'):.2f} s",
        )


def test_what_bends_or_grows_is_seen() -> None:
    short, long = Film(1000), Film(10_000)
    assert not _wrong("split", [1.0, 14.0], [100 * MB, 120 * MB], short, long)
    assert _wrong("split", [1.0, 16.0], [100 * MB, 120 * MB], short, long)
    assert _wrong("split", [1.0, 14.0], [100 * MB, 140 * MB], short, long)
