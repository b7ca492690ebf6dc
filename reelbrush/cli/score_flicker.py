"""`reelbrush score-flicker`: how steady a painted video is, measured against its original."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from reelbrush.errors import ReelbrushError, Refusal
from scoring.film import Film, open_film
from scoring.flicker import FlickerScore, FlickerTally, frame_pairs
from scoring.flow import Picture

OK, FAILED, NOT_FOUND, INTERRUPTED = 0, 1, 3, 130


@dataclass
class Shot:
    """Frames between two cuts; `last` grows while the film is read."""

    first: int  # counted from 0
    last: int  # inclusive
    tally: FlickerTally = field(default_factory=FlickerTally)


@dataclass(frozen=True)
class FilmFlicker:
    """The flicker of a whole film, over all pairs and by shots; None where no pair was measured."""

    frames: int
    score: FlickerScore | None
    shots: tuple[Shot, ...]

    def to_json(self) -> dict[str, object]:
        """Return the numbers as plain data; `score` is null where nothing could be compared."""
        shots = [
            {"first": shot.first, "last": shot.last, "score": shot.tally.score and asdict(shot.tally.score)}
            for shot in self.shots
        ]
        return {"frames": self.frames, "score": self.score and asdict(self.score), "shots": shots}


def score_flicker(painted: Path, original: Path, every: int, as_json: bool) -> int:
    """Measure and print; return the exit code.

    0, 1 when nothing can be compared, 3 for a missing file, 130 when interrupted.
    """
    for path in (painted, original):
        if not path.is_file():
            print(f"there is no file {path}", file=sys.stderr)
            return NOT_FOUND
    try:
        measured = measure_films(open_film(painted), open_film(original), every)
    except (ReelbrushError, OSError) as error:
        print(error, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    if as_json:
        print(json.dumps(measured.to_json()))
    elif measured.score is not None:
        print("\n".join(_lines(measured)))
    if measured.score is None:
        print("no pair of frames can be compared: the motion cannot be followed", file=sys.stderr)
        return FAILED
    return OK


def measure_films(painted: Film, original: Film, every: int = 1) -> FilmFlicker:
    """Compare every `every`-th pair of frames; frame i of one film is frame i of the other.

    Two frames of each film are held at most. Shows a bar on a terminal. Raises Refusal when the films differ
    in size or in the number of frames.
    """
    if painted.size != original.size:
        raise Refusal(
            f"the painted video is {_size(painted)}, the original {_size(original)}",
            code="sizes-differ",
            advice="Give the two videos of one job, first the painted one",
        )
    total = FlickerTally()
    shots = [Shot(0, 0)]
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("flicker", total=original.expected_frames)
        for pair in frame_pairs(_in_lockstep(original, painted), every):
            if pair.cut:
                shots.append(Shot(pair.first + 1, pair.first + 1))
            shots[-1].last = pair.first + 1
            shots[-1].tally.add(pair.flicker)
            total.add(pair.flicker)
            progress.update(task, completed=pair.first + 2)
    return FilmFlicker(shots[-1].last + 1, total.score, tuple(shots))


def _in_lockstep(original: Film, painted: Film) -> Iterator[tuple[Picture, Picture]]:
    sources, paintings, count = original.frames(), painted.frames(), 0
    while True:
        source, painting = next(sources, None), next(paintings, None)
        if source is None and painting is None:
            return
        if source is None or painting is None:
            shorter = "original" if source is None else "painted video"
            raise Refusal(
                f"the {shorter} ends after {count} frames, the other goes on",
                code="frames-differ",
                advice="Give the two videos of one job, first the painted one",
            )
        yield source, painting
        count += 1


def _size(film: Film) -> str:
    return f"{film.size[0]}x{film.size[1]}"


def _lines(measured: FilmFlicker) -> Iterator[str]:
    yield _row("shot", "frames", "pairs", "original", "painted", "flicker", "followed")
    for number, shot in enumerate(measured.shots, 1):
        yield _row(str(number), f"{shot.first}..{shot.last}", *_numbers(shot.tally.score))
    yield _row("all", f"0..{measured.frames - 1}", *_numbers(measured.score))
    if measured.score is not None:
        yield f"flicker {measured.score.ratio:.2f} (1 is as steady as the original)"


def _row(shot: str, frames: str, *numbers: str) -> str:
    return f"{shot:>4}  {frames:<15} {numbers[0]:>6}" + "".join(f" {number:>9}" for number in numbers[1:])


def _numbers(score: FlickerScore | None) -> tuple[str, ...]:
    if score is None:
        return ("0", "-", "-", "-", "-")
    levels = (f"{number:.2f}" for number in (score.original, score.painted, score.ratio))
    return (str(score.pairs), *levels, f"{score.share:.0%}")
