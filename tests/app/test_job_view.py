"""The job as users see it: what was wished beside the style, and nothing where nothing was."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from azure.durable_functions.models.DurableOrchestrationStatus import DurableOrchestrationStatus
from azure.durable_functions.models.OrchestrationRuntimeStatus import OrchestrationRuntimeStatus

from function_app.api.links import can_approve
from function_app.job_view import job_view
from reelbrush.cli.summary import summary_block
from reelbrush.compute.studio import studio_link
from reelbrush.job import BlobRef, Job, Options, to_json
from reelbrush.settings import Settings

WORKSPACE = (
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/my workspace"
)


def view(options: Any, **custom: Any) -> dict[str, Any]:
    job = to_json(Job("a-0123456789", BlobRef("input", "a.mp4", "0", 1), "starry-night")) | {
        "options": options
    }
    status = DurableOrchestrationStatus(
        name="stylize_video",
        instanceId="a-0123456789",
        runtimeStatus=OrchestrationRuntimeStatus.Running,
        input=json.dumps({"job": job}),
        customStatus=custom,
    )
    return job_view(status, price=3.6)


def lines(shown: dict[str, Any]) -> str:
    result = {"frameCount": 1, "audioTracks": 0, "subtitleTracks": 0, "sizeBytes": 1}
    return summary_block(Path("a.mp4"), Path("b.mp4"), shown | {"result": result}, 1.0)


def test_wishes_are_shown() -> None:
    options = Options(
        strength=Fraction(3, 5), preserve_color=True, mix="wave", mix_share=Fraction(1, 2), precision="int8"
    )
    shown = view(to_json(options))
    wishes = {"strength": 0.6, "preserve_color": True, "mix": "wave", "mix_share": 0.5, "precision": "int8"}
    assert shown["options"] == wishes
    row = "options  strength 0.6, preserve_color, mix wave, mix_share 0.5, precision int8"
    assert row in lines(shown)


@pytest.mark.parametrize("options", [{}, {"hdr": "tonemap", "crf": 18}, to_json(Options()), {"crf": "?"}])
def test_a_plain_job_says_nothing(options: Any) -> None:
    shown = view(options)
    assert "options" not in shown and "options" not in lines(shown)


def test_what_was_quoted_stands_beside_what_was_spent() -> None:
    cost = {"low": 1.0, "likely": 2.0, "high": 4.0, "currency": "USD", "priceDate": "2026-11-22"}
    shown = view({}, phase="scoring", nodeSeconds=500.0, quote={"cost": cost}, evictions=2)
    assert shown["cost"]["estimate"] == 0.5
    assert shown["cost"]["quoted"] == {"low": 1.0, "likely": 2.0, "high": 4.0}
    assert shown["evictions"] == 2 and "approval" not in shown
    assert "quoted" not in view({}, nodeSeconds=500.0)["cost"]


def test_an_approval_is_asked_for_only_while_it_is_awaited() -> None:
    asked = {"limit": 10, "likely": 12.4, "currency": "USD"}
    shown = view({}, phase="awaitingApproval", approval=asked)
    assert (shown["phase"], shown["approval"]) == ("awaitingApproval", asked)
    assert can_approve(shown) and not can_approve(view({}, phase="scoring"))
    failed = {"status": "Failed", "phase": "failed", "error": {"code": "over-budget"}}
    assert can_approve(failed) and not can_approve({**failed, "error": {"code": "quota"}})
    assert not can_approve({"status": "Canceled", "phase": "canceled"})


def test_runs_in_the_studio_are_linked_where_there_is_one() -> None:
    settings = Settings(store="", backend="azureml", workspace=WORKSPACE)
    link = studio_link(settings, "a-0123456789-b0-a1")
    assert link == f"https://ml.azure.com/runs/a-0123456789-b0-a1?wsid={WORKSPACE.replace(' ', '%20')}"
    assert studio_link(settings, "") == "" and studio_link(replace(settings, backend="local"), "run") == ""
