"""How a model takes and gives pictures: names, types, axes, declared sizes; proven by running it once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from scoring.check.graph import GraphFacts, TensorFacts
from scoring.check.pictures import scene
from scoring.check.trials import NUMPY_TYPES, ONNX_TYPES, Array, Form, Trial, TrialFailed
from scoring.check.verdict import Fact, Refused

_SIZES = ((128, 160), (128, 256), (224, 224), (256, 256), (120, 180), (512, 512), (720, 720))
"""(height, width) tried where the model leaves them open; the last ones for models of one undeclared size."""

_MOST_PIXELS = 4096 * 4096
"""Of all pictures of one call, inclusive: declared numbers cost a file nothing and a check all memory."""

_FEW = (1, 2, 4)  # channels that a model for other pictures declares
_AXES = {"NCHW": (1, 2, 3), "NHWC": (3, 1, 2)}  # of channels, height, width


def find_form(facts: GraphFacts, trial: Trial) -> tuple[Form, tuple[int, int], list[Fact]]:
    """Return the form, a size (height, width) at which the model was seen to run, and how they are known.

    Raises Refused when the graph does not take one batch of three-colour pictures and give such a batch.
    """
    source = only_input(facts)
    dtype = _input_type(source)
    if source.shape is not None and len(source.shape) != 4:
        raise Refused(
            "rank",
            f"its input {source.name!r} has {len(source.shape)} dimensions, a batch of pictures has 4",
            "Export it with an input of (N, 3, H, W) or (N, H, W, 3)",
        )
    layouts = _possible_layouts(source)
    errors: list[str] = []
    for layout in layouts:
        form = _declared_form(source, layout, dtype)
        sizes = _affordable((form.fixed_size,) if form.fixed_size else _open_sizes(source, layout), form)
        for size in sizes:
            tensor = form.tensor(scene(*size), (0.0, 1.0 if dtype != "uint8" else 255.0))
            try:
                outputs = trial.tensors(tensor)
            except TrialFailed as failure:
                errors.append(f"{layout} {size[0]}x{size[1]}: {failure}")
                continue
            output, output_dtype = _picture_output(outputs, form, tensor)
            form = replace(form, output=output, output_dtype=output_dtype)
            return form, size, _facts(form, layouts, source, len(outputs))
    refused = _other_channels(source, dtype, trial) or Refused(
        "does-not-run",
        f"no picture that was tried gets through: {'; '.join(errors[:2])[:600]}",
        "Export it with free height and width, or with the size that it needs",
    )
    raise refused


def only_input(facts: GraphFacts) -> TensorFacts:
    """Return the one input. Raises Refused (`inputs`, `outputs`) when there is another number of them."""
    if len(facts.inputs) != 1:
        names = ", ".join(value.name for value in facts.inputs) or "none"
        raise Refused(
            "inputs",
            f"it has {len(facts.inputs)} inputs ({names}), a style has one: the pictures",
            "Make the others constants of the graph (initializers that are no graph inputs)",
        )
    if not facts.outputs:
        raise Refused("outputs", "it has no output", "Export it with its picture as output")
    return facts.inputs[0]


def _input_type(source: TensorFacts) -> str:
    dtype = ONNX_TYPES.get(source.dtype)
    if dtype is None:
        raise Refused(
            "dtype",
            f"its input is of type {source.dtype}, a style takes {', '.join(ONNX_TYPES)}",
            "Put a Cast behind the input and export it again",
        )
    return dtype


def _possible_layouts(source: TensorFacts) -> list[str]:
    shape = source.shape
    if shape is None:
        return ["NCHW", "NHWC"]
    possible = [layout for layout, (channel, _, _) in _AXES.items() if shape[channel] in (None, 3)]
    certain = [layout for layout in possible if shape[_AXES[layout][0]] == 3]
    if not certain and {shape[1], shape[3]} & set(_FEW):
        possible = []
    if not possible:
        wanted = " or ".join(str(shape[axes[0]]) for axes in _AXES.values())
        raise Refused(
            "channels",
            f"its input has the shape {_words(shape)}: {wanted} channels, pictures have 3",
            "Use a model for RGB pictures",
        )
    if source.dtype == "UINT8" and not certain:
        possible.reverse()
    return certain or possible


def _declared_form(source: TensorFacts, layout: str, dtype: str) -> Form:
    fixed: tuple[int, int] | None = None
    batch = None
    if source.shape is not None:
        _, rows, columns = _AXES[layout]
        height, width = source.shape[rows], source.shape[columns]
        if height is not None and width is not None:
            fixed = (height, width)
        batch = source.shape[0]
    return Form(source.name, "", layout, dtype, dtype, fixed, batch)


def _open_sizes(source: TensorFacts, layout: str) -> list[tuple[int, int]]:
    """The sizes to try; a side that is declared is kept."""
    _, rows, columns = _AXES[layout]
    if source.shape is None:
        return list(_SIZES)
    height, width = source.shape[rows], source.shape[columns]
    return [(height or tried[0], width or tried[1]) for tried in _SIZES]


def _affordable(sizes: Sequence[tuple[int, int]], form: Form) -> list[tuple[int, int]]:
    """The sizes that can be tried. Raises Refused (`too-large`) when there is none."""
    count = form.batch or 1
    few = [size for size in sizes if count * size[0] * size[1] <= _MOST_PIXELS]
    if not few:
        height, width = sizes[0]
        raise Refused(
            "too-large",
            f"one call takes {count} of {height}x{width} px (height x width), at most {_MOST_PIXELS:,} px in"
            " all are tried",
            "Export it with free height, width and number of pictures",
        )
    return few


def _picture_output(outputs: dict[str, Array], form: Form, tensor: Array) -> tuple[str, str]:
    """The name and type of the one output that is a picture. Raises Refused."""
    channel, rows, _ = _AXES[form.layout]
    good = [n for n, v in outputs.items() if v.ndim == 4 and v.shape[channel] == 3 and v.shape[rows] > 1]
    if len(good) > 1:
        raise Refused(
            "outputs", f"it gives several pictures: {', '.join(good)[:200]}", "Export it with the one wanted"
        )
    if not good:
        raise _no_picture(next(iter(outputs.items())), form, tensor)
    dtype = next((n for n, kind in NUMPY_TYPES.items() if outputs[good[0]].dtype == kind), None)
    if dtype is None:
        raise Refused(
            "dtype",
            f"its output is of type {outputs[good[0]].dtype}, a style gives {', '.join(NUMPY_TYPES)}",
            "Put a Cast before the output and export it again",
        )
    return good[0], dtype


def _no_picture(first: tuple[str, Array], form: Form, tensor: Array) -> Refused:
    name, value = first
    shape = tuple(getattr(value, "shape", ()))
    channel, rows, columns = _AXES[form.layout]
    what = f"its output {name!r} has the shape {_words(shape)} for pictures of {_words(tensor.shape)}"
    if len(shape) != 4 or (shape[rows] <= 1 and shape[columns] <= 1):
        return Refused(
            "not-an-image-model", f"{what}: a classifier or the like", "Use a model that gives pictures"
        )
    other = _AXES["NHWC" if form.layout == "NCHW" else "NCHW"][0]
    if shape[other] == 3:
        return Refused(
            "layout",
            f"{what}: input and output have their axes in different order",
            f"Put a Transpose before the output, so that it is {form.layout} like the input",
        )
    return Refused(
        "channels", f"{what}: {shape[channel]} channels, pictures have 3", "Use a model for colour"
    )


def _other_channels(source: TensorFacts, dtype: str, trial: Trial) -> Refused | None:
    """Whether a model that fails with three channels and declares none runs with one or four."""
    for layout in _possible_layouts(source):
        form = _declared_form(source, layout, dtype)
        for size in [form.fixed_size] if form.fixed_size else _open_sizes(source, layout)[:2]:
            for count in (1, 4):
                frames = scene(*size)
                tensor = form.tensor(frames.repeat(2, axis=3)[..., :count], (0.0, 1.0))
                try:
                    trial.tensors(tensor)
                except TrialFailed:
                    continue
                return Refused(
                    "channels",
                    f"it runs on pictures of {count} channels and not of 3",
                    "Use a model for RGB pictures",
                )
    return None


def _facts(form: Form, layouts: list[str], source: TensorFacts, outputs: int) -> list[Fact]:
    declared = source.shape is not None and source.shape[_AXES[form.layout][0]] == 3
    how = "declared" if declared else "measured" if len(layouts) == 1 else "assumed"
    facts = [
        Fact("layout", form.layout, how),
        Fact("input", f"{form.input} {form.dtype}", "declared"),
        Fact("output", f"{form.output} {form.output_dtype}", "measured"),
    ]
    if outputs > 1:
        facts.append(Fact("other outputs", f"{outputs - 1}, ignored", "declared"))
    return facts


def _words(shape: tuple[int | None, ...]) -> str:
    return "(" + ", ".join("free" if side is None else str(side) for side in shape) + ")"
