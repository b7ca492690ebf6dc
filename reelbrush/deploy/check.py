"""One thing that was looked at before a deployment, what was found, and the line that tells it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Outcome(Enum):
    """What became of a check."""

    OK = "ok"
    FAILED = "FAIL"  # the deployment will fail, or will not work
    REMARK = "note"  # works, but somebody may want it otherwise
    UNCHECKED = "skip"  # could not be looked at


@dataclass(frozen=True)
class Check:
    """A result for people; `fix` is a command or a sentence, empty where nothing is to be done."""

    name: str
    outcome: Outcome
    text: str
    fix: str = ""

    def __str__(self) -> str:
        """Return one line, and a second one with the fix if there is one."""
        line = f"{self.outcome.value:<5} {self.name}: {self.text}"
        return f"{line}\n      fix: {self.fix}" if self.fix else line


def passed(name: str, text: str) -> Check:
    """Return a check that found all well."""
    return Check(name, Outcome.OK, text)


def failed(name: str, text: str, fix: str) -> Check:
    """Return a check that found what has to be put right."""
    return Check(name, Outcome.FAILED, text, fix)


def remark(name: str, text: str, fix: str = "") -> Check:
    """Return a check that found something to know."""
    return Check(name, Outcome.REMARK, text, fix)


def unchecked(name: str, why: object, fix: str = "") -> Check:
    """Return a check that could not be made."""
    return Check(name, Outcome.UNCHECKED, f"not checked: {why}", fix)
