"""Muon and Adam in one: what its steps are, and that it learns and resumes."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from training.net import NetShape, StyleNet  # noqa: E402
from training.optimiser import SHARE, MuonAdam, orthogonalised  # noqa: E402


@pytest.mark.parametrize("shape", [(12, 100), (48, 48), (90, 20)])
def test_singular_values_end_near_one(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    skewed = torch.randn(shape) * torch.logspace(0, -1, shape[1])
    values = torch.linalg.svdvals(orthogonalised(skewed))
    assert values.max() < 1.3
    assert values.median() > 0.6


def test_a_step_has_the_promised_length() -> None:
    torch.manual_seed(0)
    weight = torch.zeros(16, 8, 3, 3, requires_grad=True)
    optimiser = MuonAdam([weight], [], 0.01)
    weight.grad = torch.randn_like(weight)
    optimiser.step()
    length = weight.detach().square().mean().sqrt()
    assert length == pytest.approx(SHARE * 0.01 * (16 / 72) ** 0.5 * (72 / 16) ** 0.5, rel=0.25)


def _trained(steps: int, stop_at: int | None = None) -> torch.Tensor:
    torch.manual_seed(0)
    net = StyleNet(NetShape(4, 8, 1, 4))
    optimiser = MuonAdam.of(net, 2e-3, (net.stem, net.paint))
    for step in range(steps):
        if step == stop_at:
            state = optimiser.state_dict()
            optimiser = MuonAdam.of(net, 2e-3, (net.stem, net.paint))
            optimiser.load_state_dict(state)
        picture = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(step))
        loss = (net(picture) - (1 - picture)).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    picture = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(99))
    return (net(picture) - (1 - picture)).square().mean().detach()


def test_it_learns() -> None:
    assert _trained(60) < 0.9 * _trained(0)


def test_a_resumed_training_is_the_same() -> None:
    assert torch.equal(_trained(6), _trained(6, stop_at=3))


def test_the_ends_and_the_vectors_are_left_to_adam() -> None:
    net = StyleNet(NetShape(4, 8, 2, 4))
    matrices, rest = MuonAdam.of(net, 1e-3, (net.stem, net.paint)).param_groups
    assert len(matrices["params"]) == 2 + 2 * 2
    assert len(matrices["params"]) + len(rest["params"]) == len(list(net.parameters()))
