"""Torch painting by the reference's network, four ways. All take and give uint8 frames of the host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.uint8]  # (N, H, W, 3) RGB
Paint = Callable[[Frames], Frames]

EAGER, COMPILED, HALF = "torch eager, fp32", "torch.compile, fp32", "torch fp16, channels last, CUDA graph"


def torch_peers(net: Any, device: str, shape: tuple[int, int, int, int]) -> dict[str, Paint]:
    """Return who can paint frames of `shape` (N, H, W, 3) on `device`, by name.

    As people write it: eager, one frame at a time, as the reference does. On GPUs also compiled with its
    defaults (which takes minutes on a CPU), and in the strongest form that torch has: fp16, channels last, a
    CUDA graph over all N frames with clamping and bytes.
    """
    import torch

    torch.set_grad_enabled(False)
    module = net.eval().to(device)

    def eager(frames: Frames, call: Callable[[Any], Any] = module) -> Frames:
        painted = [
            call(torch.from_numpy(frame).to(device).permute(2, 0, 1).contiguous().float()[None])[0]
            .clamp(0, 255)
            .cpu()
            .numpy()
            .transpose(1, 2, 0)
            .astype(np.uint8)
            for frame in frames
        ]
        return np.stack(painted)

    found: dict[str, Paint] = {EAGER: eager}
    if device == "cuda":
        compiled = torch.compile(module)
        found[COMPILED] = lambda frames: eager(frames, compiled)
        found[HALF] = _recorded(net, shape)
    return found


def _recorded(net: Any, shape: tuple[int, int, int, int]) -> Paint:
    import copy

    import torch

    half = copy.deepcopy(net).cuda().half().to(memory_format=torch.channels_last)
    given = torch.zeros(shape, dtype=torch.uint8, device="cuda")

    def paint() -> Any:
        x = given.permute(0, 3, 1, 2).half()
        return half(x).clamp(0, 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()

    torch.backends.cudnn.benchmark = True
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for _ in range(3):
            paint()
    stream.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        taken = paint()
    there, back = (torch.empty(shape, dtype=torch.uint8, pin_memory=True) for _ in range(2))

    def call(frames: Frames) -> Frames:
        there.copy_(torch.from_numpy(frames))
        given.copy_(there, non_blocking=True)
        graph.replay()
        back.copy_(taken, non_blocking=True)
        torch.cuda.synchronize()
        return back.numpy().copy()

    return call
