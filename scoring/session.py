"""A style's model, ready to repaint frames."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import onnxruntime as ort

from reelbrush.errors import ScoringError, StyleError
from scoring.bound import BoundChain, Frames
from scoring.cuda_options import CPU, FRAMES_ON_GPU, STREAMS
from scoring.edges import FRAMES, STYLIZED
from scoring.lanes import DEVICE, Lanes
from scoring.loading import load_graphs
from scoring.providers import Plan, make_plan
from scoring.runtime_errors import explain, gpu_failed
from scoring.wrap import GraphChain

_TRIMMING = (72, 104)  # height and width of a picture so small that there is memory for it
_OTHER_SHAPE = ("attempting to re-use buffer", "computed output shape")  # of the runtime's versions


class StyleSession:
    """Repaints frames; `paint` may be called by several threads at once."""

    def __init__(
        self, chain: GraphChain, style: str, providers: str = "auto", plan: Plan | None = None
    ) -> None:
        """Load the graphs of `chain` for `providers`, one of PROVIDER_CHOICES; "auto" is CUDA where it is.

        `plan` says it in detail instead. Raises StyleError when onnxruntime cannot load a graph, ScoringError
        when CUDA is wanted and missing or cannot be used although there is a GPU (`gpu`).
        """
        self._style = style
        self.chain = chain
        self.plan = plan or make_plan(providers, chain)
        self.raw = chain.raw  # name of the model's own output in `run`, None when merging hides it
        try:
            with DEVICE.together():
                self._sessions = load_graphs(chain, self.plan.dynamic)
        except MemoryError:
            raise
        except Exception as error:
            raise explain(error, style, "loads") from error
        self._inputs = [[value.name for value in session.get_inputs()] for session in self._sessions]
        self._outputs = [[value.name for value in session.get_outputs()] for session in self._sessions]
        self._lanes = Lanes(chain, self.plan, style)
        self.runtime_version: str = ort.__version__
        self.provider: str = self._sessions[0].get_providers()[0]
        if self.plan.dynamic.provider != CPU and self.provider == CPU:
            raise gpu_failed(f"onnxruntime {ort.__version__} cannot use CUDA on this node")
        self._trimming = ort.RunOptions()
        arena = "cpu:0" if self.provider == CPU else "gpu:0"
        self._trimming.add_run_config_entry("memory.enable_memory_arena_shrinkage", arena)

    @property
    def fixed(self) -> bool:
        """Whether the model was made for a number of frames per call."""
        return self.chain.frames_per_call is not None

    @property
    def frames_per_call(self) -> int:
        """Frames to give to one `paint`: what the model was made for, else 1 on a CPU and 4 on a GPU."""
        return self.chain.frames_per_call or (1 if self.provider == CPU else FRAMES_ON_GPU)

    @property
    def streams(self) -> int:
        """Threads that have to paint at the same time for the device to be busy, >= 1."""
        return 1 if self.plan.fixed is None else STREAMS

    @property
    def notes(self) -> dict[str, str]:
        """What the bytes depend on besides provider and model, for the ledger; nothing on a CPU."""
        return dict(self.plan.notes) | self._lanes.notes

    def paint(self, frames: Frames, *, trim: bool = False, together: int = 0) -> Frames:
        """Return `frames` (N, H, W, 3) uint8 repainted, same shape and type; `trim` afterwards if wished.

        Where sessions are made for one shape, fewer than `together` frames are filled up to so many, so that
        all calls compute the same. Raises ScoringError with code `out-of-memory`, or StyleError when the
        model refuses or changes the shape.
        """
        lanes = self.plan.fixed is not None and not trim
        wanted = self.chain.frames_per_call or (together if lanes else 0)
        given = _filled(frames, wanted)
        painted = self._lanes.paint(given) if lanes else self._paint_any(given, trim)
        return painted[: len(frames)]

    def trim(self) -> None:
        """Give back what earlier calls left in the arena, whose pieces may be too small for the next one."""
        self._lanes.drop()
        with suppress(ScoringError, StyleError, MemoryError):
            self.run(np.zeros((1, *_TRIMMING, 3), np.uint8), self._trimming)

    def close(self) -> None:
        """Give its memory back; nothing can be painted any more. Not while any thread paints."""
        self._sessions.clear()
        self._lanes.drop()

    def run(self, frames: Frames, options: Any = None) -> dict[str, Any]:
        """Return every tensor that the chain's graphs give for `frames` (N, H, W, 3), by name.

        `options` are onnxruntime's for this call.
        """
        count = len(frames)
        tensors: dict[str, Any] = {FRAMES: _filled(frames, self.chain.frames_per_call or 0)}
        try:
            with DEVICE.together():
                for session, inputs, outputs in zip(self._sessions, self._inputs, self._outputs, strict=True):
                    given = {name: tensors[name] for name in inputs}
                    tensors.update(zip(outputs, session.run(outputs, given, options), strict=True))
        except MemoryError:
            raise
        except Exception as error:
            raise explain(error, self._style, f"runs on pictures of {frames.shape}") from error
        if tensors[FRAMES] is not frames:
            tensors[STYLIZED] = tensors[STYLIZED][:count]
        return tensors

    def _paint_any(self, frames: Frames, trim: bool) -> Frames:
        try:
            with DEVICE.together():
                chain = BoundChain(self._sessions, self.plan.dynamic.device)
                return chain.paint(frames, self._trimming if trim else None)
        except MemoryError:
            raise
        except Exception as error:
            if any(mark in str(error) for mark in _OTHER_SHAPE):
                raise self._other_shape(frames) from None
            raise explain(error, self._style, f"runs on pictures of {frames.shape}") from error

    def _other_shape(self, frames: Frames) -> StyleError:
        painted = self.run(frames)[STYLIZED]
        return StyleError(
            f"style {self._style}: the model turns pictures of {frames.shape} into {painted.shape}",
            advice="If it needs sides of a certain multiple, say so as size_multiple in card.json",
        )


def _filled(frames: Frames, count: int) -> Frames:
    """`frames`, the last one repeated until there are `count`: for a model made for exactly so many."""
    missing = count - len(frames)
    return frames if missing <= 0 else np.concatenate([frames, np.repeat(frames[-1:], missing, axis=0)])
