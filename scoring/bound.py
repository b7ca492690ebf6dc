"""Running a chain of graphs with its frames bound to memory that nobody copies without need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from scoring.edges import FRAMES, STYLIZED

Frames = npt.NDArray[np.uint8]  # (N, H, W, 3) RGB, full range


class BoundChain:
    """Sessions that run one after the other, for one thread at a time.

    On the CPU the model reads the caller's array and writes the one that is returned. On another device it
    reads and writes buffers there that are made once: of uint8, a quarter of what floats would be on the bus,
    and at addresses that stay, as a CUDA graph needs them.
    """

    def __init__(self, sessions: Sequence[Any], device: str, shape: tuple[int, ...] | None = None) -> None:
        """`shape` (N, H, W, 3) of all frames to come makes buffers on `device`; None uses the caller's."""
        self._sessions = list(sessions)
        self._device = device
        self._names = [
            ([value.name for value in session.get_inputs()], [value.name for value in session.get_outputs()])
            for session in self._sessions
        ]
        self._given = self._taken = None
        if shape is not None:
            make = ort.OrtValue.ortvalue_from_shape_and_type
            self._given, self._taken = make(shape, np.uint8, device, 0), make(shape, np.uint8, device, 0)
        self._bindings = [session.io_binding() for session in self._sessions]

    def paint(self, frames: Frames, options: Any = None) -> Frames:
        """Return `frames` (N, H, W, 3) repainted, same shape, in a new array.

        `options` are onnxruntime's for this call. Raises what onnxruntime raises, also when the model gives
        another shape.
        """
        if self._given is None:
            painted = np.empty(frames.shape, np.uint8)
            source = ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(frames))
            self._run(source, ort.OrtValue.ortvalue_from_numpy(painted), options)
            return painted
        self.give(frames)
        self.compute(options)
        return self.take()

    def give(self, frames: Frames) -> None:
        """Copy `frames` into the buffer that the model reads; only with a `shape`."""
        assert self._given is not None
        self._given.update_inplace(np.ascontiguousarray(frames))

    def compute(self, options: Any = None) -> None:
        """Paint what was given; only with a `shape`."""
        self._run(self._given, self._taken, options)

    def take(self) -> Frames:
        """Return what was painted, in a new array; only with a `shape`."""
        assert self._taken is not None
        copied: Frames = self._taken.numpy()
        # of memory that the next call writes, onnxruntime gives a view where it can
        return copied if copied.flags.owndata else copied.copy()

    def _run(self, source: Any, target: Any, options: Any) -> None:
        values = {FRAMES: source}
        steps = zip(self._sessions, self._bindings, self._names, strict=True)
        for session, binding, (inputs, outputs) in steps:
            binding.clear_binding_inputs()
            binding.clear_binding_outputs()
            for name in inputs:
                binding.bind_ortvalue_input(name, values[name])
            for name in outputs:
                if name == STYLIZED:
                    binding.bind_ortvalue_output(name, target)
                else:
                    binding.bind_output(name, self._device)
            session.run_with_iobinding(binding, options)
            values.update(zip(outputs, binding.get_outputs(), strict=True))
