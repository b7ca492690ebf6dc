"""`reelbrush check-style`: what an ONNX file is, and whether it can be a style."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from reelbrush.errors import StyleError
from scoring.check.card import Text, check_folder, read_picture, write_style
from scoring.check.examine import Stated, check_model
from scoring.check.verdict import Verdict
from scoring.rewrite.lighten import lightened_verdict

ACCEPTED_EXIT, REFUSED_EXIT = 0, 1


@dataclass(frozen=True)
class CheckRequest:
    """What is to be checked and where an accepted model goes; `out` None writes nothing."""

    data: bytes
    name: str  # of the file, for the messages
    out: Path | None
    text: Text = field(default_factory=Text)
    stated: Stated = field(default_factory=Stated)
    picture: Path | None = None
    as_json: bool = False


def check_style(request: CheckRequest) -> int:
    """Check, print the verdict, write the style; returns the exit code: 0 accepted, 1 refused.

    Raises StyleError when `out`, `picture` or a stated range cannot be used; then nothing was checked.
    """
    for option, limits in (
        ("--range", request.stated.range),
        ("--output-range", request.stated.output_range),
    ):
        if limits is not None and not (all(map(math.isfinite, limits)) and limits[0] < limits[1]):
            raise StyleError(
                f"{option} {limits[0]:g} {limits[1]:g} is no range",
                advice="Give the value for black, then a larger one for white",
            )
    picture = None if request.picture is None else read_picture(request.picture)
    if request.out is not None:
        check_folder(request.out)
    verdict = check_model(request.data, request.stated)
    written = None
    if verdict.accepted and request.out is not None:
        written = request.out
        verdict = lightened_verdict(verdict)
        try:
            write_style(request.out, request.data, verdict, request.text, picture)
        except OSError as error:
            raise StyleError(f"{request.out} cannot be written: {error.strerror}") from None
    if request.as_json:
        document: dict[str, Any] = {"file": request.name, **verdict.document()}
        if written is not None:
            document["written"] = str(written)
        click.echo(json.dumps(document, ensure_ascii=False, indent=1))
    else:
        click.echo("\n".join(_lines(request.name, verdict, written)))
    return ACCEPTED_EXIT if verdict.accepted else REFUSED_EXIT


def _lines(name: str, verdict: Verdict, written: Path | None) -> list[str]:
    """Names and texts come from the file, so that what would steer a terminal is replaced."""
    if verdict.accepted:
        lines = [f"accepted  {name}"]
    else:
        lines = [
            f"refused   {name} [{verdict.code}]",
            f"reason    {verdict.reason}",
            f"fix       {verdict.fix}",
        ]
    width = max((len(fact.name) for fact in verdict.facts), default=0)
    lines += [f"  {fact.name:<{width}}  {fact.value} ({fact.how})" for fact in verdict.facts]
    lines += [f"warning   {warning.code}: {warning.text}" for warning in verdict.warnings]
    lines += [f"changed   {change}" for change in verdict.changes]
    if written is not None:
        lines.append(f"written   {written}")
    return ["".join(letter if letter.isprintable() else "?" for letter in line) for line in lines]
