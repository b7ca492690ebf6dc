"""Fails when the product became slower against yardsticks that do not change with it.

    python benchmarks/guard.py [--only NAME,NAME] [--json FILE]
    python benchmarks/guard.py --record

Each pair is the CPU time of a piece of the product over that of a piece of the libraries below it, in turns,
in one process. A ratio more than 20 % above what guard.json has for this class of machines ends it with 1;
a class that was never recorded is held against loose bounds alone, and told so. Takes about half a minute of
CPU time. `--record` writes the ratios of this machine: run it after a change that was meant.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")  # before numpy
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from contenders.machine import cpu_fields, describe
from guarded.pairs import Scenes, made
from guarded.record import RECORD, Recorded, machine_class, record, recorded, versions_of
from guarded.verdict import RECORDED_TURNS, TURNS, Verdict, failures, judge


def main() -> None:
    """Measure, print, and record or judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="names of pairs, with commas between them")
    parser.add_argument("--record", action="store_true", help="write the ratios of this machine")
    parser.add_argument("--file", type=Path, default=RECORD, help="what is read and recorded")
    parser.add_argument("--json", type=Path, help="write what was measured here")
    wanted = parser.parse_args()
    facts = describe()
    machine, versions = machine_class(facts, cpu_fields()), versions_of(facts)
    known = None if wanted.record else recorded(wanted.file, machine)
    with tempfile.TemporaryDirectory() as folder:
        pairs = made(Scenes(Path(folder)), filter(None, wanted.only.split(",")))
        turns = RECORDED_TURNS if wanted.record else TURNS
        verdicts = judge(pairs, known.ratios if known else {}, turns=turns)
    print(table(verdicts))
    if wanted.json:
        rows = [
            {"name": v.pair.name, "ratio": v.ratio, "recorded": v.recorded, "turns": v.turns}
            for v in verdicts
        ]
        wanted.json.write_text(
            json.dumps({"machine": facts, "class": machine, "pairs": rows}, indent=1) + "\n"
        )
    if wanted.record:
        day = datetime.now(UTC).date().isoformat()
        record(
            wanted.file, machine, Recorded(day, versions, {v.pair.name: round(v.ratio, 3) for v in verdicts})
        )
        print(f"recorded for {machine}")
    elif known is None:
        print(f"not recorded for this class of machines, only checked against bounds: {machine}")
    elif known.versions != versions:
        print(f"recorded on {known.date} with {known.versions}, this is {versions}")
    wrong = failures(verdicts)
    for sentence in wrong:
        print(f"slower: {sentence}", file=sys.stderr)
    sys.exit(1 if wrong else 0)


def table(verdicts: list[Verdict]) -> str:
    """Return what was measured as a table of Markdown."""
    lines = [
        "| pair | ratio | recorded | limit | turns | CPU ms | of the yardstick | what |",
        "|---|--:|--:|--:|--:|--:|--:|---|",
    ]
    for verdict in verdicts:
        before = "" if verdict.recorded is None else f"{verdict.recorded:.3g}"
        cells = [
            verdict.pair.name,
            f"{verdict.ratio:.3g}",
            before,
            f"{verdict.limit:.3g}",
            str(verdict.turns),
        ]
        cells += [f"{verdict.work_ms:.1f}", f"{verdict.yardstick_ms:.1f}", verdict.pair.what]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
