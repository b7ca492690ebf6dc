"""The answer of a check: an accepted model with its contract, or a refusal with its reason and its fix."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from onnx import ModelProto

from reelbrush.job import to_json
from scoring.contract import Contract

ACCEPTED = "accepted"

HOW = ("declared", "graph", "measured", "stated", "assumed")
"""Where a fact is from: the model's declared types, its nodes and metadata, running it, the user, a guess."""

REFUSALS = {
    "not-onnx": "the file is something else",
    "truncated": "the file ends in the middle",
    "external-data": "weights lie in other files",
    "opset": "newer than the runtime",
    "custom-operators": "operators that only its maker's runtime has",
    "invalid-graph": "the runtime cannot load it",
    "inputs": "not exactly one input",
    "outputs": "no output, or several pictures",
    "rank": "no batch of pictures",
    "channels": "not three colours in and out",
    "dtype": "numbers of a type that no style has",
    "layout": "input and output have their axes in different order",
    "not-an-image-model": "it answers with something that is no picture",
    "too-large": "made for more pixels in one call than are tried",
    "does-not-run": "no picture that was tried gets through",
    "scale": "the output is larger or smaller by a factor",
    "size": "the output is not of the input's size",
    "nondeterministic": "two runs differ",
    "not-finite": "NaN or infinity",
    "one-colour": "everything becomes one colour",
    "ignores-input": "the answer is always the same picture",
    "range": "no value range gives a sensible picture",
    "contract": "the found contract does not pass the last gate",
}
"""Every code of a refusal, and what it is about. Codes are stable."""


class Refused(Exception):
    """A model that cannot be a style. `code` is one of REFUSALS; `fix` says what its maker can do."""

    def __init__(self, code: str, reason: str, fix: str) -> None:
        super().__init__(reason)
        assert code in REFUSALS, code
        self.code = code
        self.reason = reason
        self.fix = fix


@dataclass(frozen=True)
class Fact:
    """One thing found out: a name, its value in words, and how it is known (one of HOW)."""

    name: str
    value: str
    how: str


@dataclass(frozen=True)
class Warned:
    """Something that does not forbid the model's use; `code` is a stable word."""

    code: str
    text: str


@dataclass(frozen=True)
class Verdict:
    """What a check found. `code` is ACCEPTED, or one of REFUSALS with `reason` and `fix`.

    `model` is what the product should run: the file's own model, or a rewritten one with `changes`, the
    list of what was done to it. `contract` and `model` are None when the model is refused.
    """

    code: str
    reason: str = ""
    fix: str = ""
    contract: Contract | None = None
    facts: tuple[Fact, ...] = ()
    warnings: tuple[Warned, ...] = ()
    changes: tuple[str, ...] = ()
    license: str = ""
    model: ModelProto | None = field(default=None, repr=False, compare=False)

    @property
    def accepted(self) -> bool:
        """Whether the model can be a style."""
        return self.code == ACCEPTED

    def document(self) -> dict[str, Any]:
        """The verdict as plain JSON values, without the model."""
        data: dict[str, Any] = {
            name: to_json(getattr(self, name)) for name in ("code", "reason", "fix", "contract", "license")
        }
        data |= {name: [to_json(item) for item in getattr(self, name)] for name in ("facts", "warnings")}
        data["changes"] = list(self.changes)
        return {name: value for name, value in data.items() if value not in ("", None)}
