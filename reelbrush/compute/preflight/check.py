"""One thing that the preflight looked at, and what it found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from reelbrush.compute.workspace import Workspace


class Outcome(Enum):
    """What became of a check."""

    OK = "ok"
    FAILED = "FAIL"  # runs will not start, fail, or cost what nobody expects
    REMARK = "note"  # works, but somebody may want it otherwise
    UNCHECKED = "skip"  # could not be looked at, mostly because this identity may not


@dataclass(frozen=True)
class Check:
    """A result for people; `code` is a stable word for programs, set where something failed."""

    name: str
    outcome: Outcome
    text: str
    code: str = ""
    fix: str = ""


def passed(name: str, text: str) -> Check:
    """Return a check that found all well."""
    return Check(name, Outcome.OK, text)


def failed(name: str, code: str, text: str, fix: str) -> Check:
    """Return a check that found what has to be put right."""
    return Check(name, Outcome.FAILED, text, code, fix)


def remark(name: str, text: str, fix: str = "") -> Check:
    """Return a check that found something to know."""
    return Check(name, Outcome.REMARK, text, fix=fix)


def unchecked(name: str, why: object) -> Check:
    """Return a check that could not be made."""
    return Check(name, Outcome.UNCHECKED, f"not checked: {why}")


def az_ml(workspace: Workspace, command: str) -> str:
    """Return a command of the Azure CLI's `ml` extension for this workspace."""
    return f"az ml {command} --workspace-name {workspace.name} --resource-group {workspace.resource_group}"
