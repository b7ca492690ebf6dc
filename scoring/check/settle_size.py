"""Which sizes a model may be given: a fixed one is lifted where that is exact; a multiple is found."""

from __future__ import annotations

from dataclasses import replace

from scoring.check.conduct import batches
from scoring.check.dynamic import free_sizes
from scoring.check.pictures import scene
from scoring.check.proof import is_exact
from scoring.check.ranges import BYTES
from scoring.check.sizes import find_multiple, smallest_side
from scoring.check.subject import Findings, Subject
from scoring.check.trials import Range, Trial, TrialFailed
from scoring.check.verdict import Fact, Refused, Warned


def freed(subject: Subject, likely: tuple[Range, ...], findings: Findings) -> Subject:
    """Return the model with free size and number of pictures where that is proven to compute the same.

    `likely` are the input ranges in which it is proven. Otherwise the subject as it is, with a warning.
    """
    form = subject.form
    rewrite = free_sizes(subject.model, form)
    if rewrite is not None and is_exact(subject.model, form, rewrite, likely):
        trial = Trial(rewrite.model)
        size = subject.size if form.fixed_size is None else (128, 160)
        if form.fixed_size is not None or batches(trial, rewrite.form, size, likely[0], likely[0]) == "apart":
            findings.changes += rewrite.changes
            return Subject(rewrite.model, trial, rewrite.form, size)
    if form.fixed_size is not None:
        findings.warnings.append(
            Warned(
                "fixed-size",
                f"it takes {_words(form.fixed_size)} only (height x width) and cannot be freed of that: "
                "frames are scaled to it and back, which loses detail",
            )
        )
    return subject


def sized(subject: Subject, findings: Findings) -> tuple[Subject, int]:
    """Return the subject and the multiple that its sides need.

    A model that runs at one size only gets that as its fixed size. Raises Refused (`size`).
    """
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
    return replace(subject, size=_round_up(subject.size, multiple)), multiple


def _round_up(size: tuple[int, int], multiple: int) -> tuple[int, int]:
    return size[0] + -size[0] % multiple, size[1] + -size[1] % multiple


def _proven_fixed(subject: Subject, findings: Findings) -> Subject:
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
