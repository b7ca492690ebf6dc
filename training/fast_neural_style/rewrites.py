"""The network's two slow places, computed exactly in a faster way: more channels at half the resolution.

Both give sub-pixels in the order of ONNX's DepthToSpace in mode DCR: row, column, channel.
"""

from __future__ import annotations

import numpy as np

from training.fast_neural_style.checkpoint import Convolution, Numbers


def every_second_pixel(convolution: Convolution) -> Convolution:
    """A k x k convolution as one with stride 2 that computes 2 x 2 neighbouring pixels at once.

    weight (O, I, k, k) -> (4 * O, I, k + 1, k + 1). For pictures of even height and width.
    """
    weight = convolution.weight
    outputs, inputs, side, _ = weight.shape
    wide = np.zeros((2, 2, outputs, inputs, side + 1, side + 1), np.float32)
    for down in (0, 1):
        for right in (0, 1):
            wide[down, right, :, :, down : down + side, right : right + side] = weight
    return Convolution(wide.reshape(-1, inputs, side + 1, side + 1), np.tile(convolution.bias, 4))


def after_doubling(convolution: Convolution) -> Convolution:
    """A 3 x 3 convolution behind doubling and reflecting by one pixel, as a 2 x 2 one before both.

    Its input is the small picture with its border repeated once, without further padding; its shuffled output
    has one row and column too many on every side. weight (O, I, 3, 3) -> (4 * O, I, 2, 2).

    Of three neighbours in the doubled picture two are the same small pixel: the first two where the middle
    one is a pair's second, the last two where it is a pair's first. Weights of the same pixel are added.
    Reflecting a doubled picture by one pixel repeats its border.
    """
    weight = convolution.weight.astype(np.float64)
    lands = (((0, 1), (2,)), ((0,), (1, 2)))
    parts = [
        np.stack(
            [
                np.stack([weight[:, :, rows][..., columns].sum((2, 3)) for columns in lands[right]], axis=-1)
                for rows in lands[down]
            ],
            axis=-2,
        )
        for down in (0, 1)
        for right in (0, 1)
    ]
    return Convolution(np.concatenate(parts).astype(np.float32), np.tile(convolution.bias, 4))


def can_double(weight: Numbers) -> bool:
    """Whether `after_doubling` is for a convolution of this kernel."""
    return weight.shape[2] == 3
