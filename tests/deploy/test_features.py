"""The feature that nodes of a private Kubernetes cluster need."""

from __future__ import annotations

import pytest

from reelbrush.deploy.check import Outcome
from reelbrush.deploy.check_features import check_features
from tests.deploy.world import SCOPE, World, forbidden

FEATURE = (
    f"rest get {SCOPE}/providers/Microsoft.Features/providers/Microsoft.Compute/features/EncryptionAtHost"
)
PRIVATE_AKS = {"REELBRUSH_AKS": "true", "REELBRUSH_PRIVATE": "true"}


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        ("Registered", Outcome.OK),
        ("Registering", Outcome.REMARK),
        ("NotRegistered", Outcome.FAILED),
        ("Unregistered", Outcome.FAILED),
    ],
)
def test_nodes_can_be_made_only_with_the_feature(world: World, state: str, outcome: Outcome) -> None:
    world.says(FEATURE, {"properties": {"state": state}})
    (check,) = check_features(world.site(**PRIVATE_AKS))
    assert check.outcome is outcome
    assert ("az feature register" in check.fix) is (outcome is not Outcome.OK)


def test_who_may_not_ask_is_told_the_command(world: World) -> None:
    world.says(FEATURE, forbidden("Microsoft.Features/features/read"))
    (check,) = check_features(world.site(**PRIVATE_AKS))
    assert check.outcome is Outcome.UNCHECKED and "EncryptionAtHost" in check.fix


@pytest.mark.parametrize("left_out", PRIVATE_AKS)
def test_others_are_not_asked(world: World, left_out: str) -> None:
    values = {name: value for name, value in PRIVATE_AKS.items() if name != left_out}
    assert list(check_features(world.site(**values))) == []
    assert world.calls == []
