"""What shows only when a model runs in its right range: weak spots, influence between pictures, float16."""

from __future__ import annotations

from dataclasses import replace

from onnx import ModelProto

from scoring.check.conduct import batches, moves_other_channels, refuse_not_finite, sees_whole_picture
from scoring.check.graph import GraphFacts
from scoring.check.half import LARGEST, HalfReport, try_watching
from scoring.check.ranges import Ranges
from scoring.check.subject import Findings, Subject
from scoring.check.verdict import Fact, Warned

_BATCH_TROUBLES = {
    "mixed": "pictures of one call influence each other",
    "fails": "two pictures in one call fail",
}


def observed(
    subject: Subject, facts: GraphFacts, multiple: int, ranges: Ranges, findings: Findings
) -> Subject:
    """Note what shows by running in the found ranges; a model that mixes pictures is made to take one.

    Raises Refused (`not-finite`), TrialFailed.
    """
    model, trial, form, size = subject.model, subject.trial, subject.form, subject.size
    refuse_not_finite(trial, form, size, ranges.input)
    if not ranges.look.sensible:
        findings.warnings.append(
            Warned(
                "unlike-input", "light and dark of its answer have little to do with the input: look at it"
            )
        )
    if form.batch is None:
        found = batches(trial, form, size, ranges.input, ranges.output)
        findings.facts.append(Fact("batches", {"apart": "any number"}.get(found, "one picture"), "measured"))
        if found != "apart":
            subject = _one_by_one(subject)
            findings.warnings.append(Warned("batch", f"{_BATCH_TROUBLES[found]}: it is run on one at a time"))
            findings.changes.append("the declared number of pictures is 1")
    else:
        findings.facts.append(Fact("batches", f"{form.batch} in one call", "declared"))
    _note_statistics(subject, facts, multiple, ranges, findings)
    report = try_watching(model, form, size, ranges.input) if form.dtype != "float16" else None
    if report is not None:
        _note_half(report, findings)
    return subject


def _note_half(report: HalfReport, findings: Findings) -> None:
    value = f"largest inner value {report.largest:.4g} of {LARGEST:g}"
    findings.facts.append(Fact("float16", value, "measured"))
    if report.vanishing:
        why = f"{', '.join(report.vanishing[:3])} would become zero"
    else:
        why = f"{report.where} reaches {report.largest:.4g}"
    if not report.fits:
        findings.warnings.append(Warned("float16", f"it would break in 16-bit floats: {why}"))


def _one_by_one(subject: Subject) -> Subject:
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
    subject: Subject, facts: GraphFacts, multiple: int, ranges: Ranges, findings: Findings
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


def channel_order(
    subject: Subject, facts: GraphFacts, stated: str | None, ranges: Ranges, findings: Findings
) -> str:
    """Return RGB or BGR: as `stated`, else as the graph tells, else assumed RGB; notes exchanged colours."""
    if stated is not None:
        findings.facts.append(Fact("channels", stated, "stated"))
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
    return stated or facts.order or "RGB"
