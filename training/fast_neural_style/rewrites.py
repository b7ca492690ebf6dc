"""The network's two slow places, computed exactly in a faster way: more channels at half the resolution.

The kernels are those of `scoring.rewrite`; both give sub-pixels in the order of ONNX's DepthToSpace in mode
DCR: row, column, channel.
"""

from __future__ import annotations

from scoring.rewrite.convolution import Convolution as Kernel
from scoring.rewrite.doubling import before_doubling
from scoring.rewrite.few_outputs import widened
from training.fast_neural_style.checkpoint import Convolution, Numbers

_PADS = (0, 0, 0, 0)


def every_second_pixel(convolution: Convolution) -> Convolution:
    """A k x k convolution as one with stride 2 that computes 2 x 2 neighbouring pixels at once.

    weight (O, I, k, k) -> (4 * O, I, k + 1, k + 1). For pictures of even height and width.
    """
    return _by_sub_pixel(widened(Kernel(convolution.weight, convolution.bias, _PADS)))


def after_doubling(convolution: Convolution) -> Convolution:
    """A 3 x 3 convolution behind doubling and reflecting by one pixel, as a 2 x 2 one before both.

    Its input is the small picture with its border repeated once, without further padding; its shuffled output
    has one row and column too many on every side. weight (O, I, 3, 3) -> (4 * O, I, 2, 2).
    Reflecting a doubled picture by one pixel repeats its border.
    """
    return _by_sub_pixel(before_doubling(Kernel(convolution.weight, convolution.bias, _PADS)))


def can_double(weight: Numbers) -> bool:
    """Whether `after_doubling` is for a convolution of this kernel."""
    return weight.shape[2] == 3


def _by_sub_pixel(kernel: Kernel) -> Convolution:
    """Outputs ordered (output, row, column) -> (row, column, output)."""
    outputs, *shape = kernel.weight.shape
    weight = kernel.weight.reshape(outputs // 4, 4, *shape).swapaxes(0, 1)
    bias = kernel.bias.reshape(-1, 4).swapaxes(0, 1)
    return Convolution(weight.reshape(outputs, *shape), bias.reshape(-1))
