"""In which numbers a model takes and gives pictures: candidate ranges are tried and their pictures judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scoring.check.ends import Affine
from scoring.check.pictures import Values, coarse, light, scene
from scoring.check.trials import Form, Range, Trial, TrialFailed
from scoring.check.verdict import Fact, Refused

BYTES, UNIT, SIGNED = (0.0, 255.0), (0.0, 1.0), (-1.0, 1.0)
USUAL: tuple[Range, ...] = (BYTES, UNIT, SIGNED)

_SAME_PRIOR, _UNIT_TO_BYTES_PRIOR, _ODD_PAIR_PRIOR = 0.3, 0.1, -0.15
_EVIDENCE = 2.0  # what the graph's first nodes say outweighs how a picture looks
_CONSTANTS_SHOW = 0.3
_CLEAR_LEAD = 0.1
_LEAST_SPREAD, _LEAST_STRUCTURE, _MOST_OUTSIDE = 0.04, 0.15, 0.5


@dataclass(frozen=True)
class Look:
    """How sensible a model's answer is when read in an output range.

    spread: difference of its 98th and 2nd percentile in parts of the range, after clipping. structure:
    correlation (0..1) of its coarse light and dark with the input's. clipped: share of values that clipping
    changes by more than 2 % of the range. outside: share of values further out than half the range.
    """

    spread: float
    structure: float
    clipped: float
    outside: float

    @property
    def sensible(self) -> bool:
        """Whether it can be called a picture of the input."""
        return (
            self.spread >= _LEAST_SPREAD
            and self.structure >= _LEAST_STRUCTURE
            and self.outside <= _MOST_OUTSIDE
        )

    @property
    def worth(self) -> float:
        """Larger is more sensible, at most 1.5."""
        return self.structure + min(self.spread, 0.5) - self.clipped


@dataclass(frozen=True)
class Hints:
    """What is known of the ranges before running: by the user, by the graph's first and last nodes."""

    stated_input: Range | None = None
    stated_output: Range | None = None
    entry: Affine | None = None
    bounds: Range | None = None


@dataclass(frozen=True)
class Ranges:
    """The found ranges, how the answer looks in them, and how they are known."""

    input: Range
    output: Range
    look: Look
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class _Candidate:
    input: Range
    output: Range
    look: Look
    score: float
    from_graph: bool


def look_at(pictures: Values, frames: Values, limits: Range) -> Look:
    """Judge finite `pictures` (N, H, W, 3), read in `limits`, as an answer to `frames` (N, H, W, 3)."""
    low, high = limits
    values = (pictures - low) / (high - low)
    outside = float(np.mean((values < -0.5) | (values > 1.5)))
    clipped = float(np.mean((values < -0.02) | (values > 1.02)))
    values = np.clip(values, 0, 1)
    plane = light(values)[0]
    spread = float(np.percentile(values, 98) - np.percentile(values, 2))
    cells, wanted = coarse(plane).ravel(), coarse(light(frames)[0]).ravel()
    if cells.std() < 1e-4 or wanted.std() == 0:
        return Look(spread, 0.0, clipped, outside)
    return Look(spread, abs(float(np.corrcoef(cells, wanted)[0, 1])), clipped, outside)


def find_ranges(trial: Trial, form: Form, size: tuple[int, int], hints: Hints) -> Ranges:
    """Return the pair of ranges under which the model's answer to a scene of `size` is most sensible.

    Raises Refused: `not-finite`, `one-colour` or `range` when no pair gives a picture.
    """
    frames = scene(*size)
    looked = [
        _Candidate(source, target, look, look.worth, False)
        for source in _inputs(form, hints)
        for target, look in _answers(trial, form, frames, source, hints)
    ]
    if not looked:
        raise Refused(
            "not-finite",
            "its answer holds NaN or infinity in every usual value range",
            "Look for a division by zero, a root or a logarithm of what may be zero or negative",
        )
    sensible = [candidate for candidate in looked if candidate.look.sensible]
    if len(looked) == 1 and looked[0].look.spread >= _LEAST_SPREAD:
        # the ranges are known, so an answer unlike the input is the model's style and no misunderstanding
        sensible = looked
    if not sensible:
        raise _no_picture(looked)
    black = _answer_to_black(trial, form, size)
    scored = sorted((_scored(c, hints, black) for c in sensible), key=lambda c: c.score, reverse=True)
    return _ranges(scored, hints, form)


def _inputs(form: Form, hints: Hints) -> tuple[Range, ...]:
    if hints.stated_input is not None:
        return (hints.stated_input,)
    return (BYTES,) if form.dtype == "uint8" else USUAL


def _outputs(form: Form, hints: Hints) -> tuple[Range, ...]:
    if hints.stated_output is not None:
        return (hints.stated_output,)
    if form.output_dtype == "uint8":
        return (BYTES,)
    if hints.bounds is not None:
        near = [(_distance(hints.bounds, usual), usual) for usual in USUAL]
        if min(near)[0] < 0.5:
            return (min(near)[1],)
    return USUAL


def _distance(bounds: Range, usual: Range) -> float:
    """How far two ranges are apart: their middles in parts of the width, and the logarithm of the widths."""
    widths = bounds[1] - bounds[0], usual[1] - usual[0]
    middles = abs(sum(bounds) - sum(usual)) / 2
    return middles / widths[1] + abs(float(np.log2(widths[0] / widths[1])))


def _answers(
    trial: Trial, form: Form, frames: np.ndarray, source: Range, hints: Hints
) -> list[tuple[Range, Look]]:
    try:
        pictures = form.paint(trial, frames, source)
    except TrialFailed:
        return []
    if not np.isfinite(pictures).all():
        return []
    targets = _outputs(form, hints)
    return [(target, look_at(pictures, frames.astype(np.float32), target)) for target in targets]


def _answer_to_black(trial: Trial, form: Form, size: tuple[int, int]) -> float:
    """The largest value the model gives for zeros: how large the constants are that it adds."""
    zeros = np.zeros((1, *size, 3), np.uint8)
    values = form.paint(trial, zeros, (0.0, 1.0))
    return float(np.abs(values[np.isfinite(values)]).max(initial=0.0))


def _scored(candidate: _Candidate, hints: Hints, black: float) -> _Candidate:
    score, source, target = candidate.look.worth, candidate.input, candidate.output
    if source == target:
        score += _SAME_PRIOR
    elif (source, target) == (UNIT, BYTES):
        score += _UNIT_TO_BYTES_PRIOR
    else:
        score += _ODD_PAIR_PRIOR
    # a network's own constants are of its range's size: in a range 255 times as wide they could not be seen
    if target != BYTES and 0.01 * (target[1] - target[0]) < black < 0.005 * 255:
        score += _CONSTANTS_SHOW
    from_graph = hints.entry is not None and hints.entry.expects(source)
    if from_graph:
        score += _EVIDENCE
    return _Candidate(source, target, candidate.look, score, from_graph)


def _ranges(scored: list[_Candidate], hints: Hints, form: Form) -> Ranges:
    best = scored[0]
    rivals = [c for c in scored[1:] if c.input != best.input]
    clear = not rivals or best.score - rivals[0].score > _CLEAR_LEAD
    how = "measured" if clear else "assumed"
    known_in, known_out = how, how
    if best.from_graph:
        known_in = "graph"
    if hints.bounds is not None and len(_outputs(form, hints)) == 1:
        known_out = "graph"
    if form.dtype == "uint8":
        known_in = "declared"
    if form.output_dtype == "uint8":
        known_out = "declared"
    if hints.stated_input is not None:
        known_in = "stated"
    if hints.stated_output is not None:
        known_out = "stated"
    facts = (
        Fact("range", f"{best.input[0]:g}..{best.input[1]:g}", known_in),
        Fact("output range", f"{best.output[0]:g}..{best.output[1]:g}", known_out),
        Fact(
            "answer",
            f"contrast {best.look.spread:.2f}, likeness to the input {best.look.structure:.2f}, "
            f"clipped {best.look.clipped:.1%}",
            "measured",
        ),
    )
    return Ranges(best.input, best.output, best.look, facts)


def _no_picture(looked: list[_Candidate]) -> Refused:
    best = max(looked, key=lambda candidate: candidate.look.worth)
    if all(c.look.spread < _LEAST_SPREAD for c in looked) and best.look.outside <= _MOST_OUTSIDE:
        return Refused(
            "one-colour",
            "its answer to a colourful picture is of one colour in every usual value range",
            "Check that the weights are in the file; state the range with --range if it is an unusual one",
        )
    return Refused(
        "range",
        f"no usual value range gives a picture of the input: the best, {best.input[0]:g}..{best.input[1]:g} "
        f"read as {best.output[0]:g}..{best.output[1]:g}, has likeness {best.look.structure:.2f} "
        f"and {best.look.outside:.0%} of its values far outside",
        "State what it takes and gives with --range LOW HIGH and --output-range LOW HIGH",
    )
