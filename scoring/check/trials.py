"""Running a model that nobody vouches for, on arrays in its own form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from onnx import ModelProto, ValueInfoProto

from scoring.check.pictures import Values
from scoring.check.verdict import Refused
from scoring.cpu_options import session_options
from scoring.session import Frames

_QUIET = 4  # a trial that fails is an answer, not an error for the log
NUMPY_TYPES: dict[str, type[np.generic]] = {
    "uint8": np.uint8,
    "float16": np.float16,
    "float32": np.float32,
}
ONNX_TYPES = {"UINT8": "uint8", "FLOAT16": "float16", "FLOAT": "float32"}

Array = npt.NDArray[Any]
Range = tuple[float, float]


class TrialFailed(Exception):
    """The runtime refused the array or failed on it; the text is the runtime's, shortened."""


class Trial:
    """A model loaded on the CPU with one thread."""

    def __init__(self, model: ModelProto, extra_outputs: Sequence[str] = (), *, optimised: bool = True):
        """Load `model`; `extra_outputs` names inner tensors that `tensors` shall give as well.

        Raises Refused (`opset`, `custom-operators`, `invalid-graph`) when it cannot be loaded.
        """
        if extra_outputs:
            widened = ModelProto()
            widened.CopyFrom(model)
            widened.graph.output.extend(ValueInfoProto(name=name) for name in extra_outputs)
            model = widened
        options = session_options()
        options.log_severity_level = _QUIET
        if not optimised:
            options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        try:
            self._session = ort.InferenceSession(
                model.SerializeToString(),
                options,
                providers=["CPUExecutionProvider"],
                enable_fallback=0,  # a second try prints to stdout
            )
        except MemoryError:
            raise
        except Exception as error:
            raise _load_refusal(error) from None
        self._input: str = self._session.get_inputs()[0].name
        self._outputs: list[str] = [value.name for value in self._session.get_outputs()]
        self._run_options = ort.RunOptions()
        self._run_options.log_severity_level = _QUIET

    def tensors(self, array: Array) -> dict[str, Array]:
        """Return every output for `array`, by name. Raises TrialFailed."""
        try:
            values: Sequence[Any] = self._session.run(self._outputs, {self._input: array}, self._run_options)
        except MemoryError:
            raise
        except Exception as error:
            raise TrialFailed(_shortened(error)) from None
        return dict(zip(self._outputs, values, strict=True))

    def run(self, array: Array, output: str | None = None) -> Array:
        """Return the output `output`, or the first one. Raises TrialFailed."""
        return self.tensors(array)[output or self._outputs[0]]


@dataclass(frozen=True)
class Form:
    """How a model takes and gives pictures, as far as it is known before its value range."""

    input: str
    output: str
    layout: str
    dtype: str
    output_dtype: str
    fixed_size: tuple[int, int] | None = None  # (height, width)
    batch: int | None = None  # pictures it wants in one call; None: any number

    def tensor(self, frames: Frames, limits: Range) -> Array:
        """(N, H, W, 3) uint8 as the model's input with black and white at `limits`.

        Where the model wants another number of pictures, the last one is repeated.
        """
        low, high = limits
        values = low + frames.astype(np.float32) * np.float32((high - low) / 255)
        if self.batch is not None and self.batch > len(values):
            values = np.concatenate([values, np.repeat(values[-1:], self.batch - len(values), axis=0)])
        if self.layout == "NCHW":
            values = values.transpose(0, 3, 1, 2)
        return np.ascontiguousarray(values.astype(NUMPY_TYPES[self.dtype]))

    def pictures(self, raw: Array) -> Values:
        """The model's output as (N, H, W, C) float32, values as they are."""
        values = raw.astype(np.float32)
        return values.transpose(0, 2, 3, 1) if self.layout == "NCHW" else values

    def size_of(self, raw: Array) -> tuple[int, int]:
        """(height, width) of an output."""
        height, width = raw.shape[2:4] if self.layout == "NCHW" else raw.shape[1:3]
        return int(height), int(width)

    def paint(self, trial: Trial, frames: Frames, limits: Range) -> Values:
        """Run `trial` on as many `frames` as it takes and return as many pictures. Raises TrialFailed."""
        raw = trial.run(self.tensor(frames, limits), self.output)
        return self.pictures(raw)[: len(frames)]


def _load_refusal(error: Exception) -> Refused:
    text = _shortened(error)
    lower = text.lower()
    if "opset" in lower or "ir version" in lower:
        return Refused(
            "opset",
            f"onnxruntime {ort.__version__} is older than the model: {text}",
            "Export it with opset 17 and IR version 8",
        )
    if "not a registered function" in lower or "no op registered" in lower or "domain_version" in lower:
        return Refused(
            "custom-operators",
            f"it needs operators that onnxruntime {ort.__version__} does not have: {text}",
            "Export it with standard operators only",
        )
    return Refused(
        "invalid-graph",
        f"onnxruntime {ort.__version__} cannot load it: {text}",
        "Check the export; onnx.checker.check_model says more",
    )


def _shortened(error: Exception) -> str:
    """The runtime's words without its source paths, at most 400 characters."""
    text = " ".join(str(error).split())
    marks = [text.rfind(mark) for mark in (" const std::string&, int) ", "ModelOptions&) ")]
    return text[max(0, *marks) :].strip()[:400]
