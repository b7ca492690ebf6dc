"""The job as users see it: what was wished beside the style, and nothing where nothing was."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from azure.durable_functions.models.DurableOrchestrationStatus import DurableOrchestrationStatus
from azure.durable_functions.models.OrchestrationRuntimeStatus import OrchestrationRuntimeStatus

from function_app.job_view import job_view
from reelbrush.cli.summary import summary_block
from reelbrush.job import BlobRef, Job, Options, to_json


def view(options: Any) -> dict[str, Any]:
    job = to_json(Job("a-0123456789", BlobRef("input", "a.mp4", "0", 1), "starry-night")) | {
        "options": options
    }
    status = DurableOrchestrationStatus(
        name="stylize_video",
        instanceId="a-0123456789",
        runtimeStatus=OrchestrationRuntimeStatus.Running,
        input=json.dumps({"job": job}),
    )
    return job_view(status)


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
