"""What a check has in hand while it goes on: the model as it would be run, and what was found so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from onnx import ModelProto

from scoring.check.trials import Form, Trial
from scoring.check.verdict import Fact, Warned


@dataclass
class Findings:
    """What has been found so far, kept when the model is refused in the end."""

    facts: list[Fact] = field(default_factory=list[Fact])
    warnings: list[Warned] = field(default_factory=list[Warned])
    changes: list[str] = field(default_factory=list[str])
    license: str = ""


@dataclass(frozen=True)
class Subject:
    """The model as it would be run: the file's own or a rewritten one, loaded, with a size that it takes."""

    model: ModelProto
    trial: Trial
    form: Form
    size: tuple[int, int]
