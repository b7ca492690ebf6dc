"""A rewrite that computes something else at other sizes is found out, however equal at the model's own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from onnx import ModelProto

from scoring.check.dynamic import Rewrite, free_sizes
from scoring.check.proof import is_exact
from scoring.check.ranges import BYTES
from scoring.check.trials import Form, Trial
from tests.scoring.check.sketch import PLANES, Sketch, soft
from tests.scoring.check.specimens import fixed, fixed_and_normed

SIZE = (64, 96)


def form_of(model: ModelProto, size: tuple[int, int] | None = SIZE) -> Form:
    batch = None if size is None else 1
    return Form("x", model.graph.output[0].name, "NCHW", "float32", "float32", size, batch)


def proposed(model: ModelProto) -> Rewrite:
    return Rewrite(model, form_of(model, None), ())


def judged(original: ModelProto, proposal: ModelProto) -> bool:
    return is_exact(original, form_of(original), proposed(proposal), (BYTES,))


def shaded(relative: bool) -> ModelProto:
    """Darker to the top: by constants for 64 rows, or by parts of the height, which is the same there."""
    if not relative:
        sketch = Sketch([1, 3, *SIZE])
        rows = (np.arange(1, 65, dtype=np.float32) / 64).reshape(1, 1, 64, 1)
        return sketch.model(sketch.add("Mul", "x", sketch.constant(rows)))
    sketch = Sketch()
    ones = sketch.affine(sketch.add("Mul", "x", sketch.constant(0.0)), 1.0, 1.0)
    rows = sketch.add("CumSum", ones, sketch.constant(2, np.int64))
    height = sketch.add("Cast", sketch.add("Shape", "x", start=2, end=3), to=1)
    return sketch.model(sketch.add("Mul", "x", sketch.add("Div", rows, height)))


def with_rim(height: int | None) -> ModelProto:
    """Adds 9 to the last row, found by counting to `height`, or from the end."""
    sketch = Sketch([1, 3, *SIZE] if height else PLANES)
    first = sketch.constant([height - 1 if height else -1], np.int64)
    end, axis = sketch.constant([height or 2**40], np.int64), sketch.constant([2], np.int64)
    last = sketch.add("Slice", "x", first, end, axis)
    rest = sketch.add("Slice", "x", sketch.constant([0], np.int64), first, axis)
    return sketch.model(sketch.add("Concat", rest, sketch.affine(last, 1.0, 9.0), axis=2))


def test_equal_at_its_own_size_only() -> None:
    original, other = shaded(relative=False), shaded(relative=True)
    size = (1, 3, *SIZE)
    picture = np.random.default_rng(1).uniform(0, 255, size).astype(np.float32)
    assert np.array_equal(Trial(original).run(picture), Trial(other).run(picture))
    assert not judged(original, other)


def test_a_border_at_the_wrong_place() -> None:
    assert judged(with_rim(64), with_rim(None))
    wrong = with_rim(64)
    wrong.graph.input[0].CopyFrom(with_rim(None).graph.input[0])
    assert not judged(with_rim(64), wrong)


def test_another_picture() -> None:
    sketch = Sketch()
    assert not judged(fixed("resize"), sketch.model(sketch.conv("x", soft())))


@pytest.mark.parametrize("way", ["resize", "reshape", "conv-transpose", "slice"])
def test_sizes_are_followed(way: str) -> None:
    model = fixed(way)
    rewrite = free_sizes(model, form_of(model))
    assert rewrite is not None and len(rewrite.changes) > 1
    assert is_exact(model, form_of(model), rewrite, (BYTES,))
    picture = np.random.default_rng(1).uniform(0, 255, (2, 3, 80, 48)).astype(np.float32)
    assert Trial(rewrite.model).run(picture).shape == picture.shape


def test_statistics_of_the_picture_do_not_hide_a_wrong_size() -> None:
    model = fixed_and_normed()
    form = replace(form_of(model), fixed_size=(160, 192))
    rewrite = free_sizes(model, form)
    assert rewrite is not None and is_exact(model, form, rewrite, (BYTES,))
    wrong = ModelProto()
    wrong.CopyFrom(rewrite.model)
    resize = next(node for node in wrong.graph.node if node.op_type == "Resize")
    mode = next(a for a in resize.attribute if a.name == "mode")
    mode.s = b"linear"
    assert not is_exact(model, form, replace(rewrite, model=wrong), (BYTES,))
