"""The losses over the steps of a training, as a CSV file."""

import csv
from collections.abc import Mapping
from pathlib import Path

FILE = "losses.csv"
STEP, SECONDS = "step", "seconds"

Row = Mapping[str, float]


class LossLog:
    """The rows `step, seconds, <name of each loss>...` of a training, also those of earlier sessions."""

    def __init__(self, folder: Path, step: int) -> None:
        """Rows of later steps than `step`, where a resumed training begins, are dropped."""
        self.path = folder / FILE
        known = read_log(self.path) if self.path.exists() else []
        self._rows: list[Row] = [row for row in known if row[STEP] <= step]

    def add(self, step: int, seconds: float, losses: Row) -> None:
        """Add one row, in place of an earlier one of the same step; the file holds it when this returns."""
        self._rows = [row for row in self._rows if row[STEP] != step]
        self._rows.append({STEP: step, SECONDS: seconds, **losses})
        # The warm-up knows fewer losses than what follows, so columns may be added: all is written anew.
        names = list(dict.fromkeys(name for row in self._rows for name in row))
        fresh = self.path.with_suffix(".new")
        with fresh.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            writer.writerows(
                [f"{row[name]:.6g}" if name in row else "" for name in names] for row in self._rows
            )
        fresh.replace(self.path)


def read_log(path: Path) -> list[dict[str, float]]:
    """The rows of a log; what was not known in a row is missing in it."""
    with path.open(newline="", encoding="utf-8") as file:
        return [{name: float(text) for name, text in row.items() if text} for row in csv.DictReader(file)]
