"""The style network: small, without normalisation layers, all heavy work at a quarter of the resolution.

Why no InstanceNorm: its statistics span the whole frame, so an object entering on the left would change the
paint on the right, and a tile would differ from the same place in the full frame. Without it the output at
a pixel depends only on pixels at most `NetShape.reach()` away, which makes films steady and tiles seamless.
"""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STRIDE = 4
"""Height and width of the input must be multiples of this."""

INPUT_CENTRE = 0.45
INPUT_GAIN = 4.0
"""The stem sees `(x - INPUT_CENTRE) * INPUT_GAIN`: photographs with about zero mean and unit spread."""

OUTPUT_CENTRE = 0.5
"""Added to the last convolution, so that a fresh network paints mid grey."""


@dataclass(frozen=True)
class NetShape:
    """Widths and depth of a :class:`StyleNet`.

    stem: channels at half resolution; body: channels at quarter resolution; blocks: residual blocks at
    quarter resolution; head: channels at half resolution on the way back up.
    """

    stem: int = 16
    body: int = 48
    blocks: int = 4
    head: int = 16

    def multiplications_per_pixel(self) -> float:
        """Multiply-accumulate operations per pixel of the frame."""
        down = 25 * 3 * self.stem / 4 + 9 * self.stem * self.body / 16
        body = 2 * self.blocks * 9 * self.body**2 / 16
        up = 9 * self.body * 4 * self.head / 16 + 9 * self.head * 12 / 4
        return down + body + up

    def reach(self) -> int:
        """Largest distance in pixels from which an input pixel can influence an output pixel."""
        body_steps = 2 * self.blocks + 1
        return 2 + 2 + 4 * body_steps + 2 + 3

    @classmethod
    def preset(cls, size: str) -> "NetShape":
        """The shape of a size in :data:`SIZES`. Raises ValueError for an unknown one."""
        if size not in SIZES:
            raise ValueError(f"{size!r} is not a size: {', '.join(SIZES)}")
        return SIZES[size]

    def as_dict(self) -> dict[str, int]:
        """The four numbers by name, for a card or a checkpoint."""
        return asdict(self)


SIZES = {
    "draft": NetShape(16, 32, 3, 16),
    "standard": NetShape(),
    "fine": NetShape(24, 64, 4, 20),
}
"""5.6, 13.3 and 23.2 thousand multiplications per pixel; 0.34, 0.84 and 1.47 MB.

onnxruntime computes channels in blocks of 16 where there is AVX-512: a draft with 12 at half resolution took
no more than a tenth less time (benchmarks/net_shapes.py).
"""


class ResidualBlock(nn.Module):
    """x + gain * conv(relu(conv(x))); a small first gain does what normalisation is otherwise for."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.gain = nn.Parameter(torch.tensor(0.25))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        return x + self.gain * self.second(F.relu(self.first(x)))


class StyleNet(nn.Module):
    """Photograph -> painting. Input (N, 3, H, W) RGB in 0..1, H and W multiples of 4; output same shape,
    about 0..1, not clamped.
    """

    def __init__(self, shape: NetShape | None = None) -> None:
        super().__init__()
        self.shape = shape or NetShape()
        s = self.shape
        # Replicating the rim makes this equal to the exported graph, which pads once, at the start.
        self.stem = nn.Conv2d(3, s.stem, 5, stride=2, padding=2, padding_mode="replicate")
        self.down = nn.Conv2d(s.stem, s.body, 3, stride=2, padding=1)
        self.blocks = nn.ModuleList([ResidualBlock(s.body) for _ in range(s.blocks)])
        self.up = nn.Conv2d(s.body, s.head, 3, padding=1)
        self.paint = nn.Conv2d(s.head, 3, 3, padding=1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                _zero_bias(module)
        nn.init.normal_(self.paint.weight, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        x = (x - INPUT_CENTRE) * INPUT_GAIN
        x = F.relu(self.down(F.relu(self.stem(x))))
        for block in self.blocks:
            x = block(x)
        x = F.relu(self.up(_doubled(F.relu(x))))
        return OUTPUT_CENTRE + self.paint(_doubled(x))


def _zero_bias(conv: nn.Conv2d) -> None:
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)


def _doubled(x: Tensor) -> Tensor:
    """Repeat every pixel 2x2. A convolution after this is a pixel shuffle that is smooth by construction."""
    return F.interpolate(x, scale_factor=2.0, mode="nearest")
