"""The check of a model from its bytes to its verdict, in the order in which one answer needs another."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from onnx import ModelProto

from reelbrush.errors import StyleError
from scoring.check.conduct import (
    batches,
    moves_other_channels,
    refuse_chance,
    refuse_deafness,
    refuse_not_finite,
    sees_whole_picture,
)
from scoring.check.dynamic import free_sizes
from scoring.check.ends import entry, exit_bounds
from scoring.check.form import find_form
from scoring.check.graph import GraphFacts, graph_facts, refuse_unknown_operators
from scoring.check.half import LARGEST, try_watching
from scoring.check.pictures import scene
from scoring.check.proof import is_exact
from scoring.check.ranges import BYTES, UNIT, Hints, Ranges, find_ranges
from scoring.check.reading import parse_model
from scoring.check.sizes import find_multiple, refuse_other_sizes, smallest_side
from scoring.check.trials import Form, Range, Trial, TrialFailed
from scoring.check.verdict import ACCEPTED, Fact, Refused, Verdict, Warned
from scoring.contract import Contract
from scoring.probe import proven_session


@dataclass(frozen=True)
class Stated:
    """What the user knows better than any check: None leaves it to be found out."""

    channels: str | None = None  # RGB or BGR
    range: Range | None = None
    output_range: Range | None = None


@dataclass
class _Findings:
    """What has been found so far, kept when the model is refused in the end."""

    facts: list[Fact] = field(default_factory=list[Fact])
    warnings: list[Warned] = field(default_factory=list[Warned])
    changes: list[str] = field(default_factory=list[str])
    license: str = ""


@dataclass(frozen=True)
class _Subject:
    """The model as it would be run: the file's own or a rewritten one, loaded, with a size that it takes."""

    model: ModelProto
    trial: Trial
    form: Form
    size: tuple[int, int]


def check_model(data: bytes, stated: Stated | None = None) -> Verdict:
    """Examine the ONNX file `data` and return the verdict; nothing a file holds makes this raise.

    The model is run some dozens of times on one CPU thread, on pictures of about 128x160 where it takes any
    size. `stated` overrides what would be found.
    """
    findings = _Findings()
    try:
        subject, contract = _examined(data, stated or Stated(), findings)
    except Refused as refusal:
        verdict = Verdict(refusal.code, refusal.reason, refusal.fix)
    except TrialFailed as failure:
        verdict = Verdict(
            "does-not-run",
            f"it fails on some pictures and runs on others: {failure}",
            "Check the export with onnxruntime on several pictures",
        )
    else:
        verdict = Verdict(ACCEPTED, contract=contract, model=subject.model)
    return replace(
        verdict,
        facts=tuple(findings.facts),
        warnings=tuple(findings.warnings),
        changes=tuple(findings.changes),
        license=findings.license,
    )


def _examined(data: bytes, stated: Stated, findings: _Findings) -> tuple[_Subject, Contract]:
    model = parse_model(data)
    refuse_unknown_operators(model)
    facts = graph_facts(model)
    findings.license = facts.license
    findings.facts.append(Fact("opset", str(facts.opset), "declared"))
    trial = Trial(model)
    form, size, found = find_form(facts, trial)
    findings.facts += found
    subject = _Subject(model, trial, form, size)
    hints = Hints(
        stated.range, stated.output_range, entry(model, form.input), exit_bounds(model, form.output)
    )
    likely = _likely_ranges(hints, form)
    refuse_chance(trial, form, size, likely[0])
    refuse_other_sizes(trial, form, size)
    if form.fixed_size is not None or form.batch is not None:
        subject = _freed(subject, likely, findings)
    subject, multiple = _sized(subject, findings)
    ranges = find_ranges(subject.trial, subject.form, subject.size, hints)
    findings.facts += ranges.facts
    subject = _observed(subject, facts, multiple, ranges, findings)
    contract = Contract(
        input=subject.form.input,
        output=subject.form.output,
        layout=subject.form.layout,
        channels=_channels(subject, facts, stated, ranges, findings),
        dtype=subject.form.dtype,
        range=ranges.input,
        size_multiple=multiple,
        fixed_size=subject.form.fixed_size,
        output_range=None if ranges.output == ranges.input else ranges.output,
    )
    if not facts.license:
        findings.warnings.append(Warned("no-license", "the file names no licence: ask before publishing"))
    _last_gate(subject, contract)
    return subject, contract


def _likely_ranges(hints: Hints, form: Form) -> tuple[Range, ...]:
    """The ranges to prove things in before the range is known."""
    if form.dtype == "uint8":
        return (BYTES,)
    if hints.stated_input is not None:
        return (hints.stated_input,)
    if hints.entry is not None:
        expected = tuple(limits for limits in (BYTES, UNIT) if hints.entry.expects(limits))
        if expected:
            return expected
    return (UNIT, BYTES)


def _freed(subject: _Subject, likely: tuple[Range, ...], findings: _Findings) -> _Subject:
    """The model with free size and number of pictures, where that is proven to compute the same."""
    form = subject.form
    rewrite = free_sizes(subject.model, form)
    if rewrite is not None and is_exact(subject.model, form, rewrite, likely):
        trial = Trial(rewrite.model)
        size = subject.size if form.fixed_size is None else (128, 160)
        if form.fixed_size is not None or batches(trial, rewrite.form, size, likely[0], likely[0]) == "apart":
            findings.changes += rewrite.changes
            return _Subject(rewrite.model, trial, rewrite.form, size)
    if form.fixed_size is not None:
        findings.warnings.append(
            Warned(
                "fixed-size",
                f"it takes {_words(form.fixed_size)} only (height x width) and cannot be freed of that: "
                "frames are scaled to it and back, which loses detail",
            )
        )
    return subject


def _sized(subject: _Subject, findings: _Findings) -> tuple[_Subject, int]:
    """The multiple that sides need; a model that runs at one size only gets that as its fixed size."""
    trial, form = subject.trial, subject.form
    if form.fixed_size is not None:
        return _proven_fixed(subject, findings), 1
    try:
        multiple = find_multiple(trial, form)
    except TrialFailed:
        only = replace(subject, form=replace(form, fixed_size=subject.size))
        findings.warnings.append(
            Warned("fixed-size", f"of all sizes that were tried it takes {_words(subject.size)} only")
        )
        return _proven_fixed(only, findings), 1
    findings.facts.append(Fact("size", f"any multiple of {multiple}" if multiple > 1 else "any", "measured"))
    least = smallest_side(trial, form, multiple)
    if least > multiple:
        findings.warnings.append(
            Warned("small-pictures", f"pictures with sides below about {least} px do not get through")
        )
    return subject, multiple


def _proven_fixed(subject: _Subject, findings: _Findings) -> _Subject:
    trial, form, size = subject.trial, subject.form, subject.size
    given = form.size_of(trial.run(form.tensor(scene(*size), BYTES), form.output))
    if given != size:
        raise Refused(
            "size",
            f"it turns pictures of {_words(size)} into {_words(given)} (height x width)",
            "Styles keep the size: pad inside the model as much as its convolutions take away",
        )
    findings.facts.append(Fact("size", f"{_words(size)} only", "declared"))
    return subject


def _words(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _observed(
    subject: _Subject, facts: GraphFacts, multiple: int, ranges: Ranges, findings: _Findings
) -> _Subject:
    """What shows only by running in the right range; a model that mixes pictures is made to take one."""
    model, trial, form, size = subject.model, subject.trial, subject.form, subject.size
    refuse_deafness(trial, form, size, ranges.input)
    refuse_not_finite(trial, form, size, ranges.input)
    if form.batch is None:
        found = batches(trial, form, size, ranges.input, ranges.output)
        findings.facts.append(Fact("batches", {"apart": "any number"}.get(found, "one picture"), "measured"))
        if found != "apart":
            subject = _one_by_one(subject)
            text = {"mixed": "pictures of one call influence each other", "fails": "two in one call fail"}[
                found
            ]
            findings.warnings.append(Warned("batch", f"{text}: it is run on one at a time"))
            findings.changes.append("the declared number of pictures is 1")
    else:
        findings.facts.append(Fact("batches", f"{form.batch} in one call", "declared"))
    _note_statistics(subject, facts, multiple, ranges, findings)
    if form.dtype == form.output_dtype == "float16":
        return subject
    report = try_watching(model, form, size, ranges.input)
    if report is not None:
        findings.facts.append(
            Fact("float16", f"largest inner value {report.largest:.4g} of {LARGEST:g}", "measured")
        )
        if not report.fits:
            why = (
                f"{report.where} reaches {report.largest:.4g}"
                if not report.vanishing
                else f"{', '.join(report.vanishing[:3])} would become zero"
            )
            findings.warnings.append(Warned("float16", f"it would break in 16-bit floats: {why}"))
    return subject


def _one_by_one(subject: _Subject) -> _Subject:
    model = ModelProto()
    model.CopyFrom(subject.model)
    value = next(value for value in model.graph.input if value.name == subject.form.input)
    dimensions = value.type.tensor_type.shape.dim
    if not dimensions:
        for _ in range(4):
            dimensions.add()
    dimensions[0].dim_value = 1
    return replace(subject, model=model, form=replace(subject.form, batch=1))


def _note_statistics(
    subject: _Subject, facts: GraphFacts, multiple: int, ranges: Ranges, findings: _Findings
) -> None:
    form = subject.form
    if form.fixed_size is not None:
        whole, how = bool(facts.statistics), "graph"
    else:
        whole = sees_whole_picture(subject.trial, form, multiple, ranges.input, ranges.output)
        how = "measured"
    findings.facts.append(Fact("looks at", "the whole picture" if whole else "near pixels", how))
    if whole:
        names = f" ({', '.join(facts.statistics)})" if facts.statistics else ""
        findings.warnings.append(
            Warned(
                "whole-picture",
                f"each pixel hangs on the whole picture{names}: "
                "it flickers when something enters, and cannot be tiled",
            )
        )


def _channels(
    subject: _Subject, facts: GraphFacts, stated: Stated, ranges: Ranges, findings: _Findings
) -> str:
    if stated.channels is not None:
        findings.facts.append(Fact("channels", stated.channels, "stated"))
    elif facts.order is not None:
        findings.facts.append(Fact("channels", f"{facts.order}: {facts.order_because}", "graph"))
    else:
        findings.facts.append(Fact("channels", "RGB", "assumed"))
    if moves_other_channels(subject.trial, subject.form, subject.size, ranges.input, ranges.output):
        findings.warnings.append(
            Warned(
                "swaps-channels", "its first colour channel follows the last of the input, and the reverse"
            )
        )
    return stated.channels or facts.order or "RGB"


def _last_gate(subject: _Subject, contract: Contract) -> None:
    """What every run does before its first frame: wrap, load and probe the model under the contract."""
    try:
        proven_session(subject.model, contract, "checked", "cpu")
    except StyleError as error:
        raise Refused("contract", error.message.removeprefix("style checked: "), error.advice) from None
