"""What a model takes and gives, as its style card states it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from reelbrush.errors import StyleError

LAYOUTS = ("NHWC", "NCHW")
CHANNEL_ORDERS = ("RGB", "BGR")
DTYPES = ("uint8", "float16", "float32")


@dataclass(frozen=True)
class Contract:
    """The numbers that turn 8-bit RGB frames into a model's input, and its output back into frames.

    A value v in 0..255 becomes `lo + v / 255 * (hi - lo)` with `range` = (lo, hi), then `(x - mean) / std`
    per channel, both in the model's own channel order. The output is read in `output_range` (`range` when
    None) in the same order; mean and std are not applied to it. Values outside the output range are clipped.
    """

    input: str = "frames"  # names of the graph's tensors
    output: str = "stylized"
    layout: str = "NHWC"
    channels: str = "RGB"  # order of input and output
    dtype: str = "uint8"  # of the input; the output may have any of DTYPES
    range: tuple[float, ...] = (0.0, 255.0)
    mean: tuple[float, ...] | None = None  # three numbers
    std: tuple[float, ...] | None = None  # three numbers, none zero
    size_multiple: int = 1  # height and width must be multiples of it; frames are padded and cropped again
    fixed_size: tuple[int, int] | None = None  # (height, width) in pixels; frames are letterboxed into it
    output_range: tuple[float, ...] | None = None

    @property
    def output_limits(self) -> tuple[float, float]:
        """The model's output values for black and for white."""
        low, high = self.output_range or self.range
        return low, high

    @property
    def passes_frames(self) -> bool:
        """Whether the model takes and gives frames as they are, so that nothing has to be put around it."""
        return (
            self.layout == "NHWC"
            and self.channels == "RGB"
            and self.dtype == "uint8"
            and self.output_limits == (0.0, 255.0)
            and self.size_multiple == 1
            and self.fixed_size is None
        )


def check_contract(contract: Contract, style: str) -> None:
    """Raise StyleError naming every field of `contract` that makes no sense; `style` is for the message."""
    problems: list[str] = []
    if contract.layout not in LAYOUTS:
        problems.append(f"layout is {contract.layout!r}, not one of {', '.join(LAYOUTS)}")
    if contract.channels not in CHANNEL_ORDERS:
        problems.append(f"channels is {contract.channels!r}, not one of {', '.join(CHANNEL_ORDERS)}")
    if contract.dtype not in DTYPES:
        problems.append(f"dtype is {contract.dtype!r}, not one of {', '.join(DTYPES)}")
    for field, limits in (("range", contract.range), ("output_range", contract.output_range)):
        if limits is not None and not (
            len(limits) == 2 and all(map(math.isfinite, limits)) and limits[0] < limits[1]
        ):
            problems.append(f"{field} is not [low, high] with low < high")
    for field, values in (("mean", contract.mean), ("std", contract.std)):
        if values is not None and not (len(values) == 3 and all(map(math.isfinite, values))):
            problems.append(f"{field} is not a list of three numbers")
    if contract.std is not None and 0.0 in contract.std:
        problems.append("std holds a zero")
    plain = tuple(contract.range) == (0.0, 255.0) and contract.mean is None and contract.std is None
    if contract.dtype == "uint8" and not plain:
        problems.append("a uint8 input must have range [0, 255], no mean and no std")
    if not 1 <= contract.size_multiple <= 1024:
        problems.append("size_multiple is outside 1..1024")
    if contract.fixed_size is not None and not all(1 <= side <= 16384 for side in contract.fixed_size):
        problems.append("fixed_size is not [height, width] with sides of 1..16384")
    if problems:
        raise StyleError(
            f"style {style}: the contract in card.json is not valid: {'; '.join(problems)}",
            advice="Correct the card's contract",
        )
