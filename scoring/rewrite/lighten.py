"""All rewrites in their order, each kept only where the model was seen to paint the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from onnx import ModelProto

from scoring.check.trials import TrialFailed
from scoring.check.verdict import Refused, Verdict, Warned
from scoring.contract import Contract
from scoring.rewrite.doubling import convolve_before_doubling
from scoring.rewrite.draft import Draft
from scoring.rewrite.few_outputs import four_pixels_at_once
from scoring.rewrite.pixel_shuffle import LEAST_OPSET
from scoring.rewrite.proof import BOUND, Witness
from scoring.rewrite.scaling import fold_scaling
from scoring.rewrite.transposed import transposed_as_shuffled

Rewrite = Callable[[Draft], int]  # changes the draft and tells how many places it found

_FOLDED = "scales and offsets folded into convolutions"


@dataclass(frozen=True)
class Lightened:
    """A model that paints what the original does, what was done to it, and what was tried in vain, in words.

    `model` is the original itself where nothing was done.
    """

    model: ModelProto
    changes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def lightened(model: ModelProto, contract: Contract) -> Lightened:
    """Return `model`, which keeps `contract`, rewritten where that was proven; it is run some dozen times."""
    if Draft(model).opset < LEAST_OPSET or Draft(model).has_subgraphs:
        return Lightened(model)
    witness: Witness | None = None
    current, changes, remarks = model, list[str](), list[str]()
    for words, ways in _steps(contract):
        apart: float | None = None  # of the last way tried
        for way in ways:
            draft = Draft(current)
            count = way(draft)
            if not count:
                continue
            try:
                witness = witness or Witness(model, contract)
            except (TrialFailed, Refused) as error:
                return Lightened(model, remarks=(f"not rewritten: it does not run: {error}",))
            apart = witness.difference(draft.model)
            if apart <= BOUND:
                current = draft.model
                changes.append(f"{words}: {count}, the same picture within {BOUND:g} of 255")
                break
        else:
            if apart is not None:
                remarks.append(f"left as it was, differs by {apart:.3g} of 255: {words}")
    if all(change.startswith(_FOLDED) for change in changes):
        return Lightened(model, remarks=tuple(remarks))  # folding alone saves too little for another file
    return Lightened(current, tuple(changes), tuple(remarks))


def lightened_verdict(verdict: Verdict) -> Verdict:
    """An accepted verdict with its model `lightened`; what was done is among its changes."""
    assert verdict.model is not None and verdict.contract is not None
    light = lightened(verdict.model, verdict.contract)
    return replace(
        verdict,
        model=light.model,
        changes=(*verdict.changes, *light.changes),
        warnings=(*verdict.warnings, *(Warned("not-rewritten", remark) for remark in light.remarks)),
    )


def _steps(contract: Contract) -> list[tuple[str, tuple[Rewrite, ...]]]:
    """Each rewrite in words, with its ways of doing it, the cheapest first."""
    sides = contract.fixed_size or (contract.size_multiple,)
    even = all(side % 2 == 0 for side in sides)
    ways: list[Rewrite] = [lambda draft: four_pixels_at_once(draft, even=True)] if even else []
    ways.append(lambda draft: four_pixels_at_once(draft, even=False))
    return [
        (_FOLDED, (fold_scaling,)),
        ("convolutions moved before a doubling of pixels", (convolve_before_doubling,)),
        ("transposed convolutions as plain ones and a pixel shuffle", (transposed_as_shuffled,)),
        ("convolutions to few colours computed four pixels at once", tuple(ways)),
    ]
