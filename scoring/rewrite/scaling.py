"""Scales and offsets beside a convolution, taken into its weights: fewer passes over whole pictures."""

from __future__ import annotations

import numpy as np
from onnx import NodeProto

from scoring.check.graph import attribute
from scoring.rewrite.convolution import Convolution, Numbers, add_convolution, plain_convolution
from scoring.rewrite.draft import Draft

Affine = tuple[Numbers, Numbers]  # gain and offset, (C,) or (1,) float64


def fold_scaling(draft: Draft) -> int:
    """Fold constant Mul, Div, Add, Sub before and behind plain convolutions; returns how many are gone.

    Before a convolution that pads with zeros only scales are folded: its zeros are no pixels to be offset.
    """
    count = 0
    for way in (_behind, _before):
        again = True
        while again:
            again = any(way(draft, node) for node in draft.nodes if node.op_type == "Conv")
            count += again
    return count


def _behind(draft: Draft, conv: NodeProto) -> bool:
    convolution, step = plain_convolution(draft, conv), draft.taker(conv.output[0])
    if convolution is None or step is None:
        return False
    outputs = len(convolution.weight)
    affine = _affine(draft, step, conv.output[0], outputs)
    if affine is None:
        return False
    gain, offset = (np.broadcast_to(part, (outputs,)) for part in affine)
    weight = convolution.weight * gain[:, None, None, None]
    bias = convolution.bias * gain + offset
    folded = Convolution(weight.astype(np.float32), bias.astype(np.float32), convolution.pads)
    draft.put(add_convolution(draft, conv.input[0], folded), (conv, step))
    return True


def _before(draft: Draft, conv: NodeProto) -> bool:
    convolution = plain_convolution(draft, conv)
    if convolution is None:
        return False
    step, pad = draft.maker(conv.input[0]), None
    if step is not None and step.op_type == "Pad" and attribute(step, "mode") in (b"reflect", b"edge"):
        step, pad = draft.maker(step.input[0]), step
    if step is None or draft.taker(step.output[0]) is None or (pad and draft.taker(pad.output[0]) is None):
        return False
    source = next((name for name in step.input if name not in draft.known), "")
    inputs = convolution.weight.shape[1]
    affine = _affine(draft, step, source, inputs)
    if affine is None:
        return False
    gain, offset = (np.broadcast_to(part, (inputs,)) for part in affine)
    if np.any(offset) and any(convolution.pads):
        return False
    weight = convolution.weight * gain[None, :, None, None]
    bias = convolution.bias + (convolution.weight * offset[None, :, None, None]).sum((1, 2, 3))
    folded = Convolution(weight.astype(np.float32), bias.astype(np.float32), convolution.pads)
    if pad is None:
        draft.put(add_convolution(draft, source, folded), (step, conv))
        return True
    attributes = {one.name: attribute(pad, one.name) for one in pad.attribute}
    x = draft.add("Pad", source, *pad.input[1:], **attributes)
    draft.put(add_convolution(draft, x, folded), (step, pad, conv))
    return True


def _affine(draft: Draft, node: NodeProto, tensor: str, channels: int) -> Affine | None:
    """What `node` does to `tensor` (N, `channels`, H, W) as gain and offset; None for anything else."""
    if node.op_type not in ("Mul", "Div", "Add", "Sub") or len(node.input) != 2 or tensor not in node.input:
        return None
    first = node.input[0] == tensor
    values = draft.known.get(node.input[1] if first else node.input[0])
    if values is None or values.dtype != np.float32 or not _is_per_channel(values.shape, channels):
        return None
    numbers = values.reshape(-1).astype(np.float64)
    one, none = np.ones(1), np.zeros(1)
    if node.op_type == "Mul":
        return numbers, none
    if node.op_type == "Div":
        return (1 / numbers, none) if first and np.all(numbers) else None
    if node.op_type == "Add":
        return one, numbers
    return (one, -numbers) if first else (-one, numbers)


def _is_per_channel(shape: tuple[int, ...], channels: int) -> bool:
    """Whether (N, C, H, W) takes one number in all or one per channel from a tensor of `shape`."""
    if len(shape) > 4:
        return False
    full = (1,) * (4 - len(shape)) + shape
    return full in ((1, 1, 1, 1), (1, channels, 1, 1))
