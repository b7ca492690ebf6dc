"""An imported TransformerNet paints as torch does, to one level, at any size, plain and rewritten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
import torch
from click.testing import CliRunner
from torch import nn
from torch.nn import functional as F

from reelbrush.cli.main import main
from scoring.probe import open_session, probe_picture
from scoring.styles import load_style
from training.fast_neural_style.checkpoint import Convolution, read_checkpoint
from training.fast_neural_style.graph import build
from training.fast_neural_style.rewrites import after_doubling, every_second_pixel


class Padded(nn.Module):
    """Reflection and a convolution, after doubling if wished; named as in published checkpoints."""

    def __init__(self, inputs: int, outputs: int, side: int, stride: int = 1, double: bool = False) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(inputs, outputs, side, stride)
        self.double = double

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.double:
            x = F.interpolate(x, scale_factor=2, mode="nearest")
        return self.conv2d(F.pad(x, [self.conv2d.kernel_size[0] // 2] * 4, mode="reflect"))


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = Padded(width, width, 3), Padded(width, width, 3)
        self.in1, self.in2 = nn.InstanceNorm2d(width, affine=True), nn.InstanceNorm2d(width, affine=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.in2(self.conv2(torch.relu(self.in1(self.conv1(x))))) + x


class Net(nn.Module):
    """The network of the published checkpoints, of any widths."""

    def __init__(self, widths: tuple[int, int, int], blocks: int, doubled: int = 3) -> None:
        super().__init__()
        a, b, c = widths
        self.conv1, self.conv2, self.conv3 = Padded(3, a, 9), Padded(a, b, 3, 2), Padded(b, c, 3, 2)
        self.deconv1, self.deconv2 = Padded(c, b, doubled, 1, True), Padded(b, a, doubled, 1, True)
        self.deconv3 = Padded(a, 3, 9)
        for index, width in enumerate((a, b, c, b, a), 1):
            setattr(self, f"in{index}", nn.InstanceNorm2d(width, affine=True))
        for index in range(1, blocks + 1):
            setattr(self, f"res{index}", Block(width=c))
        self.blocks = blocks

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for index in (1, 2, 3):
            x = torch.relu(self._part(f"in{index}")(self._part(f"conv{index}")(x)))
        for index in range(1, self.blocks + 1):
            x = self._part(f"res{index}")(x)
        for index in (1, 2):
            x = torch.relu(self._part(f"in{index + 3}")(self._part(f"deconv{index}")(x)))
        return self.deconv3(x)

    def _part(self, name: str) -> nn.Module:
        return getattr(self, name)


def random_net(widths: tuple[int, int, int] = (8, 12, 16), blocks: int = 2, doubled: int = 3) -> Net:
    torch.manual_seed(5)
    net = Net(widths, blocks, doubled).eval()
    with torch.no_grad():
        for name, values in net.named_parameters():
            if ".in" in name or name.startswith("in"):
                values.uniform_(0.5, 1.5) if name.endswith("weight") else values.uniform_(-0.5, 0.5)
        net.deconv3.conv2d.weight.mul_(120)
        net.deconv3.conv2d.bias.fill_(120)
    return net


def saved(net: Net, path: Path, **more: torch.Tensor) -> Path:
    torch.save(net.state_dict() | more, path)
    return path


def by_torch(net: Net, frames: np.ndarray) -> np.ndarray:
    planes = torch.from_numpy(frames).permute(0, 3, 1, 2).float()
    with torch.no_grad():
        painted = net(planes)[:, :, : frames.shape[1], : frames.shape[2]]
    return painted.clamp(0, 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()


def by_onnx(model: Any, frames: np.ndarray) -> np.ndarray:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(["stylized"], {"frames": frames})[0])


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize(("widths", "blocks", "doubled"), [((8, 12, 16), 2, 3), ((4, 6, 6), 0, 5)])
def test_the_same_picture_as_in_torch(
    tmp_path: Path, fast: bool, widths: tuple[int, int, int], blocks: int, doubled: int
) -> None:
    net = random_net(widths, blocks, doubled)
    model = build(read_checkpoint(saved(net, tmp_path / "net.pth")), {}, fast=fast)
    for size in ((64, 96), (37, 53), (38, 55), (5, 6), (21, 140)):
        frames = np.concatenate([probe_picture(*size), probe_picture(*size)[:, ::-1]])
        wanted = by_torch(net, frames)
        assert wanted.std() > 20, "a picture without contrast proves nothing"
        difference = np.abs(by_onnx(model, frames).astype(int) - wanted)
        assert difference.max() <= 1 and difference.mean() < 0.01
    assert by_onnx(model, probe_picture(1, 3)).shape == (1, 1, 3, 3)


def test_rewritten_convolutions_are_the_same_function() -> None:
    random = np.random.default_rng(4)
    x = torch.from_numpy(random.normal(size=(1, 3, 12, 20)))
    plain = Convolution(random.normal(size=(5, 3, 3, 3)).astype(np.float32), np.zeros(5, np.float32))
    weight = torch.from_numpy(plain.weight).double()
    doubled = F.pad(F.interpolate(x, scale_factor=2, mode="nearest"), [1] * 4, mode="reflect")
    fast = torch.from_numpy(after_doubling(plain).weight).double()
    shuffled = _shuffled(F.conv2d(F.pad(x, [1] * 4, mode="replicate"), fast))[:, :, 1:-1, 1:-1]
    assert torch.allclose(F.conv2d(doubled, weight), shuffled, atol=1e-5)
    second = torch.from_numpy(every_second_pixel(plain).weight).double()
    assert torch.allclose(
        F.conv2d(F.pad(x, [1] * 4), weight), _shuffled(F.conv2d(F.pad(x, [1] * 4), second, stride=2))
    )


def _shuffled(x: torch.Tensor) -> torch.Tensor:
    """DepthToSpace of ONNX, mode DCR, blocks of 2."""
    count, depth, height, width = x.shape
    parts = x.reshape(count, 2, 2, depth // 4, height, width).permute(0, 3, 4, 1, 5, 2)
    return parts.reshape(count, depth // 4, 2 * height, 2 * width)


def test_old_and_wrapped_checkpoints(tmp_path: Path) -> None:
    net = random_net(blocks=5)
    old = {f"in{i}.{kind}": torch.ones(8) for i in (1, 2) for kind in ("running_mean", "running_var")}
    first = read_checkpoint(saved(net, tmp_path / "old.pth", **old))
    assert len(first.blocks) == 5 and first.last.weight.shape == (3, 8, 9, 9)
    wrapped = {"epoch": 2, "state_dict": {f"module.{k}": v for k, v in net.state_dict().items()}}
    torch.save(wrapped, tmp_path / "wrapped.pth")
    second = read_checkpoint(tmp_path / "wrapped.pth")
    assert np.array_equal(first.up[1].convolution.weight, second.up[1].convolution.weight)


def test_other_checkpoints_are_refused_with_a_reason(tmp_path: Path) -> None:
    path, state = tmp_path / "x.pth", dict(random_net().state_dict())
    for change, words in (
        ({"in4.weight": torch.ones(3)}, "in4 has 3 channels"),
        ({"conv2.conv2d.weight": torch.ones(12, 9, 3, 3)}, "another network"),
        ({"attention.weight": torch.ones(3)}, "more than a TransformerNet: attention.weight"),
        ({"in1.bias": torch.full((8,), torch.nan)}, "NaN"),
        ({"deconv3.conv2d.weight": torch.ones(1, 8, 9, 9), "deconv3.conv2d.bias": torch.ones(1)}, "1 chan"),
    ):
        torch.save(state | change, path)
        with pytest.raises(ValueError, match=words):
            read_checkpoint(path)
    torch.save({"model": [1, 2]}, path)
    with pytest.raises(ValueError, match="conv1"):
        read_checkpoint(path)
    path.write_bytes(b"not a checkpoint")
    with pytest.raises(ValueError, match="no torch checkpoint"):
        read_checkpoint(path)


def test_the_command_makes_a_style_that_jobs_can_use(tmp_path: Path) -> None:
    net, out = random_net(), tmp_path / "styles" / "mosaic"
    file = saved(net, tmp_path / "mosaic.pth")
    arguments = ["import-style", str(file), "--out", str(out), "--license", "CC0-1.0", "--title", "Mosaic"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert done.output.startswith("accepted") and "whole-picture" in done.output
    style = load_style("mosaic", tmp_path / "styles")
    assert style.card.title == "Mosaic" and style.card.license == "CC0-1.0"
    assert "8-12-16 channels, 2 residual blocks" in style.card.provenance["network"]
    frames = probe_picture(61, 83)
    painted = open_session(style).paint(frames)
    assert np.abs(painted.astype(int) - by_torch(net, frames)).max() <= 1
    again = CliRunner().invoke(main, arguments)
    assert again.exit_code == 2 and "is not empty" in again.output
    file.write_bytes(b"")
    arguments[3] += "-2"
    assert CliRunner().invoke(main, arguments).exit_code == 2
