"""Bodies that the published schema does not allow are found."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.azureml.schema import violations
from tests.fakes.azureml.stand_in import StandIn
from tests.fakes.plain import Plain

JOB: dict[str, Any] = {
    "jobType": "Command",
    "command": "python -m scoring",
    "codeId": "/codes/x/versions/1",
    "environmentId": "/environments/x/versions/1",
    "computeId": "/computes/x",
    "environmentVariables": {"A": "1"},
    "tags": {"job": "x"},
    "distribution": {"distributionType": "Mpi", "processCountPerInstance": 2},
    "resources": {"instanceCount": 2, "instanceType": "gpu"},
    "limits": {"jobLimitsType": "Command", "timeout": "PT1H30M"},
    "identity": {"identityType": "Managed", "clientId": "00000000-0000-0000-0000-000000000001"},
}


def test_a_whole_job_is_allowed() -> None:
    assert violations("JobBase", {"properties": JOB}) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"command": None}, "properties/command: is missing"),
        ({"jobType": "Comand"}, "jobType is 'Comand'"),
        ({"colour": "red"}, "properties/colour: is not in the schema of CommandJob"),
        ({"limits": {"jobLimitsType": "Command", "timeout": "1h"}}, "no ISO 8601 duration"),
        ({"limits": {"jobLimitsType": "Command", "timeout": "PT"}}, "no ISO 8601 duration"),
        ({"distribution": {"distributionType": "MPI"}}, "distributionType is 'MPI'"),
        ({"resources": {"instanceCount": "2"}}, "'2' is no int"),
        ({"resources": {"instanceCount": True}}, "True is no int"),
        ({"tags": {"job": 5}}, "5 is no str"),
        ({"tags": ["job"]}, "properties/tags: is no object"),
        ({"identity": {"clientId": "x"}}, "identityType is None"),
        ({"environmentVariables": {"A": 1}}, "properties/environmentVariables/A: 1 is no str"),
    ],
)
def test_seeded_errors(change: dict[str, Any], problem: str) -> None:
    found = violations("JobBase", {"properties": JOB | change})
    assert len(found) == 1 and problem in found[0]


def test_an_invalid_body_is_refused_and_remembered(azure_ml: StandIn, plain: Plain) -> None:
    plain.upload({"main.py": ""})
    answer = plain.submit("one", colour="red")
    assert answer.status_code == 400 and "colour" in answer.text
    assert azure_ml.invalid == [("job one", ["properties/colour: is not in the schema of CommandJob"])]
    body = {"properties": {"image": "x", "imaje": "y"}}
    assert plain.call("PUT", "/environments/x/versions/1", body).status_code == 400
    assert azure_ml.runs() == []
