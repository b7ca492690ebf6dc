"""The check of a model from its bytes to its verdict, in the order in which one answer needs another."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from reelbrush.errors import StyleError
from scoring.check.conduct import refuse_chance, refuse_deafness
from scoring.check.ends import entry, exit_bounds
from scoring.check.form import find_form, only_input
from scoring.check.graph import graph_facts, refuse_unknown_operators
from scoring.check.observe import channel_order, observed
from scoring.check.ranges import BYTES, UNIT, Hints, find_ranges
from scoring.check.reading import parse_model
from scoring.check.settle_size import freed, sized
from scoring.check.sizes import refuse_other_sizes
from scoring.check.subject import Findings, Subject
from scoring.check.trials import Form, Range, Trial, TrialFailed
from scoring.check.verdict import ACCEPTED, Fact, Refused, Verdict, Warned
from scoring.contract import Contract, check_contract
from scoring.probe import proven_session


@dataclass(frozen=True)
class Stated:
    """What the user knows better than any check: None leaves it to be found out."""

    channels: str | None = None  # RGB or BGR
    range: Range | None = None
    output_range: Range | None = None


def check_model(data: bytes, stated: Stated | None = None) -> Verdict:
    """Examine the ONNX file `data` and return the verdict; nothing that it holds raises but MemoryError.

    The model is run some dozens of times on one CPU thread, on pictures of about 128x160 where it takes any
    size. `stated` overrides what would be found.
    """
    findings = Findings()
    try:
        # NaN and infinity are looked for where they matter; numpy need not warn of them
        with np.errstate(all="ignore"):
            subject, contract = _examined(data, stated or Stated(), findings)
    except Refused as refusal:
        verdict = Verdict(refusal.code, refusal.reason, refusal.fix)
    except TrialFailed as failure:
        verdict = Verdict(
            "does-not-run",
            f"it fails on some pictures and runs on others: {failure}",
            "Check the export with onnxruntime on several pictures",
        )
    except MemoryError:
        raise
    except Exception as error:  # a file can be broken in more ways than can be listed
        text = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        verdict = Verdict("invalid-graph", f"its graph makes no sense: {text}", "Export it again")
    else:
        verdict = Verdict(ACCEPTED, contract=contract, model=subject.model)
    return replace(
        verdict,
        facts=tuple(findings.facts),
        warnings=tuple(findings.warnings),
        changes=tuple(findings.changes),
        license=findings.license,
    )


def _examined(data: bytes, stated: Stated, findings: Findings) -> tuple[Subject, Contract]:
    model = parse_model(data)
    refuse_unknown_operators(model)
    facts = graph_facts(model)
    findings.license = facts.license
    findings.facts.append(Fact("opset", str(facts.opset), "declared"))
    only_input(facts)
    trial = Trial(model)
    form, size, found = find_form(facts, trial)
    findings.facts += found
    if form.dtype == "uint8" and stated.range not in (None, BYTES):
        raise Refused("range", "it takes bytes, whose range is 0..255", "Leave --range out")
    subject = Subject(model, trial, form, size)
    hints = Hints(
        stated.range, stated.output_range, entry(model, form.input), exit_bounds(model, form.output)
    )
    likely = _likely_ranges(hints, form)
    if form.fixed_size is not None or form.batch is not None:
        subject = freed(subject, likely, findings)
    refuse_chance(subject.trial, subject.form, subject.size, likely)
    refuse_other_sizes(subject.trial, subject.form, subject.size)
    refuse_deafness(subject.trial, subject.form, subject.size, likely)
    subject, multiple = sized(subject, findings)
    ranges = find_ranges(subject.trial, subject.form, subject.size, hints)
    findings.facts += ranges.facts
    subject = observed(subject, facts, multiple, ranges, findings)
    contract = Contract(
        input=subject.form.input,
        output=subject.form.output,
        layout=subject.form.layout,
        channels=channel_order(subject, facts, stated.channels, ranges, findings),
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


def _last_gate(subject: Subject, contract: Contract) -> None:
    """What every run does before its first frame: wrap, load and probe the model under the contract."""
    try:
        check_contract(contract, "checked")
        proven_session(subject.model, contract, "checked", "cpu")
    except StyleError as error:
        raise Refused("contract", error.message.removeprefix("style checked: "), error.advice) from None
