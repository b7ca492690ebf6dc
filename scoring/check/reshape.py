"""A Reshape to fixed numbers as one that follows the shape of its input."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import prod

import numpy as np
from onnx import ModelProto, NodeProto, helper, numpy_helper

Group = tuple[list[int], list[int]]  # axes before, axes after, with the same number of elements


def relative_shape(
    model: ModelProto, node: NodeProto, before: Sequence[int], free: Collection[int], target: Sequence[int]
) -> bool:
    """Rewrite `node` so that the axes `free` of its input may have any length; False when that is not clear.

    `before` is the input's shape at the model's own size, `target` the constant shape (0 and -1 as in ONNX).
    In every group of axes that belong together one axis of the target follows the free ones: the longest.
    """
    after = _resolved(before, target)
    groups = _groups(before, after) if after is not None else None
    if after is None or groups is None:
        return False
    pieces: list[int | Group] = list(after)
    followers: list[int] = []
    for axes, targets in groups:
        if any(axis in free for axis in axes):
            if not targets:
                return False
            follower = max(targets, key=lambda axis: after[axis])
            pieces[follower] = (axes, [axis for axis in targets if axis != follower])
            followers.append(follower)
    if len(followers) <= 1:
        numbers = [-1 if axis in followers else side for axis, side in enumerate(after)]
        node.input[1] = _numbers(model, f"{node.output[0]}/shape", numbers)
        return True
    node.input[1] = _computed(model, node, pieces, after)
    return True


def is_unfolding(before: Sequence[int], free: Collection[int], target: Sequence[int]) -> bool:
    """Whether one free axis becomes several, so that nothing in the input tells their lengths."""
    after = _resolved(before, target)
    groups = _groups(before, after) if after is not None else None
    return groups is not None and any(
        len(targets) > 1 and any(axis in free for axis in axes) for axes, targets in groups
    )


def follow(model: ModelProto, node: NodeProto, twin: str) -> None:
    """Let `node` give the shape that the tensor `twin`, which was folded before, has."""
    shape = f"{node.output[0]}/shape"
    _insert(model, node, [helper.make_node("Shape", [twin], [shape])])
    node.input[1] = shape


def _resolved(before: Sequence[int], target: Sequence[int]) -> list[int] | None:
    after = [before[axis] if side == 0 else side for axis, side in enumerate(target)]
    if -1 in after:
        others = -prod(after)
        after[after.index(-1)] = prod(before) // max(1, others)
    return after if prod(after) == prod(before) else None


def _groups(before: Sequence[int], after: Sequence[int]) -> list[Group] | None:
    """The finest runs of axes, left to right, whose lengths multiply to the same number on both sides."""
    groups: list[Group] = []
    i = j = 0
    while i < len(before) and j < len(after):
        axes, targets = [i], [j]
        held, wanted = before[i], after[j]
        while held != wanted:
            if held < wanted:
                i += 1
                if i == len(before):
                    return None
                held *= before[i]
                axes.append(i)
            else:
                j += 1
                if j == len(after):
                    return None
                wanted *= after[j]
                targets.append(j)
        groups.append((axes, targets))
        i, j = i + 1, j + 1
    if not groups:
        return None
    groups[-1][0].extend(range(i, len(before)))
    groups[-1][1].extend(range(j, len(after)))
    return groups


def _computed(model: ModelProto, node: NodeProto, pieces: Sequence[int | Group], after: Sequence[int]) -> str:
    """Nodes before `node` that compute its shape: products of the input's axes over the fixed ones."""
    root = f"{node.output[0]}/shape"
    nodes = [helper.make_node("Shape", [node.input[0]], [f"{root}/before"])]
    parts: list[str] = []
    for axis, piece in enumerate(pieces):
        if isinstance(piece, int):
            parts.append(_numbers(model, f"{root}/{axis}", [piece]))
            continue
        axes, others = piece
        sides, held, one = f"{root}/{axis}/sides", f"{root}/{axis}/held", f"{root}/{axis}"
        index = _numbers(model, f"{root}/{axis}/axes", axes)
        divisor = _numbers(model, f"{root}/{axis}/others", [prod(after[other] for other in others)])
        nodes += [
            helper.make_node("Gather", [f"{root}/before", index], [sides], axis=0),
            helper.make_node("ReduceProd", [sides], [held], keepdims=1),
            helper.make_node("Div", [held, divisor], [one]),
        ]
        parts.append(one)
    nodes.append(helper.make_node("Concat", parts, [root], axis=0))
    _insert(model, node, nodes)
    return root


def _insert(model: ModelProto, node: NodeProto, nodes: Sequence[NodeProto]) -> None:
    """Put `nodes` before `node`."""
    position = next(i for i, other in enumerate(model.graph.node) if other.output[:1] == node.output[:1])
    for offset, made in enumerate(nodes):
        model.graph.node.insert(position + offset, made)


def _numbers(model: ModelProto, name: str, values: Sequence[int]) -> str:
    model.graph.initializer.append(numpy_helper.from_array(np.array(values, np.int64), name))
    return name
