"""Pieces of work as the processes of one job wrote them down."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PAINTING = "infer-"  # begins the names of the threads that paint


@dataclass(frozen=True)
class Span:
    """One piece of work; times are seconds since the job's trigger."""

    process: int  # 0 is the host, 1.. are scoring processes in the order of their start
    lane: str  # process, steps, functions, turns, decode, infer-N, encode or publish
    what: str
    since: float
    until: float

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.until - self.since


def read_spans(folder: Path, trigger: int) -> list[Span]:
    """Return what all processes wrote into `folder`, by time; `trigger` is in nanoseconds since the epoch."""
    processes: list[list[dict[str, str | int]]] = []
    for path in folder.glob("*.jsonl"):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        if lines:
            processes.append(lines)
    processes.sort(key=lambda lines: int(lines[0]["from"]))
    spans: list[Span] = []
    for number, lines in enumerate(processes):
        for line in lines:
            since, until = (int(line[end]) - trigger for end in ("from", "to"))
            spans.append(Span(number, str(line["lane"]), str(line["what"]), since / 1e9, until / 1e9))
    return sorted(spans, key=lambda span: span.since)


def lanes_of(spans: Sequence[Span]) -> list[tuple[int, str]]:
    """Return the rows of a picture: (process, lane), in the order in which work passes them."""
    order = ("functions", "turns", "steps", "decode", PAINTING, "encode", "publish")
    found = {(span.process, span.lane) for span in spans if span.lane != "process"}

    def place(row: tuple[int, str]) -> tuple[int, int, str]:
        kind = PAINTING if row[1].startswith(PAINTING) else row[1]
        return row[0], order.index(kind), row[1]

    return sorted(found, key=place)


def painting(spans: Sequence[Span]) -> list[Span]:
    """Return the calls of the model, by time."""
    return [span for span in spans if span.lane.startswith(PAINTING)]


def steps(spans: Sequence[Span], name: str) -> list[Span]:
    """Return the calls of one activity, by time."""
    return [span for span in spans if span.lane == "steps" and span.what == name]
