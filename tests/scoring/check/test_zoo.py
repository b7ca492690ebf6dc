"""Every model of the zoo gets the verdict that its maker knows, and the accepted ones paint."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from onnx import ModelProto

from scoring.check.examine import Stated, check_model
from scoring.check.verdict import REFUSALS, Verdict
from scoring.probe import probe_picture, proven_session
from tests.scoring.check.sketch import planes_painter
from tests.scoring.check.zoo import ZOO, Known


def check(known: Known) -> Verdict:
    model = known.model()
    return check_model(model.SerializeToString() if isinstance(model, ModelProto) else model)


@pytest.mark.parametrize("name", ZOO)
def test_the_verdict_is_the_known_one(name: str) -> None:
    known = ZOO[name]
    verdict = check(known)
    assert verdict.code == known.code, verdict.reason
    assert {warning.code for warning in verdict.warnings} >= set(known.warnings)
    if not verdict.accepted:
        assert verdict.reason and verdict.fix and verdict.contract is None
        return
    assert {warning.code for warning in verdict.warnings} == set(known.warnings)
    assert verdict.contract is not None and verdict.model is not None
    contract = asdict(verdict.contract)
    assert {key: contract[key] for key in known.contract} == known.contract
    facts = {fact.name: fact.how for fact in verdict.facts}
    assert {key: facts[key] for key in known.how} == known.how
    session = proven_session(verdict.model, verdict.contract, "zoo", "cpu")
    for size in ((64, 96), (57, 91)):
        frames = np.concatenate([probe_picture(*size), probe_picture(*size)[:, ::-1]])
        count = session.frames_per_call if verdict.model.graph.input[0].type.tensor_type.shape.dim else 1
        assert session.paint(frames[:count]).shape == frames[:count].shape


def test_every_refusal_that_a_file_can_cause_is_in_the_zoo() -> None:
    seen = {known.code for known in ZOO.values()} - {"accepted"}
    assert set(REFUSALS) - seen == {"contract"}


def test_what_is_stated_is_believed() -> None:
    data = planes_painter(0, 255).SerializeToString()
    verdict = check_model(data, Stated("BGR", (0.0, 255.0), (0.0, 255.0)))
    assert verdict.contract is not None and verdict.contract.channels == "BGR"
    how = {fact.name: fact.how for fact in verdict.facts}
    assert how["channels"] == how["range"] == how["output range"] == "stated"


def test_a_verdict_is_plain_json() -> None:
    accepted, refused = check(ZOO["instance norm"]).document(), check(ZOO["x2"]).document()
    assert accepted["code"] == "accepted" and accepted["contract"]["layout"] == "NCHW"
    assert accepted["warnings"][0]["code"] == "whole-picture"
    assert refused["code"] == "scale" and "contract" not in refused and refused["fix"]
