"""What people report that Azure Machine Learning says, and what it means. Sources stand beside the texts."""

from __future__ import annotations

import pytest

from reelbrush.compute import EVICTED
from reelbrush.compute.cause_rules import RULES
from reelbrush.compute.causes import cause_of, known_cause
from reelbrush.compute.redact import redact
from reelbrush.compute.run_state import run_status
from reelbrush.compute.sdk_errors import told
from reelbrush.job import BatchState

TOLD = [
    # MachineLearningNotebooks#1242, MLOpsPython#346
    (
        "AzureMLCompute job failed. PreemptionError: Nodes of this job got pre-empted. Check if the run "
        "has failed "
        "or restarted. Reason: Received pre-emption warning signal",
        EVICTED,
        True,
    ),
    # mslearn-dp100#77
    (
        "AzureMLCompute job failed.\nFailedPullingImage: Unable to pull docker image\n\timageName: "
        "x\n\terror: Run "
        "docker command to pull public image failed with error: Error response from daemon: Head "
        "https://x.io/v2: "
        "unauthorized: authentication required, visit https://aka.ms/acr/authorization for more information.",
        "image",
        False,
    ),
    # azure-sdk-for-python#19426
    (
        "Error response from daemon: pull access denied for base_training, repository does not exist or "
        "may require "
        "'docker login'",
        "image",
        False,
    ),
    # tech-immersion-data-ai#40
    (
        "AzureMLCompute job failed.\nAcrRefreshTokenRetrievalError: Unable to retrieve ACR refresh token "
        "using "
        "Compute Identity a91a298d, please check if compute identity has access to ACR.",
        "image",
        False,
    ),
    # MachineLearningNotebooks#1482
    (
        "FailedPullingImage: Run docker command to pull public image failed with error: Error response "
        "from daemon: "
        "Get https://registry-1.docker.io/v2/: net/http: request canceled while waiting for connection "
        "(Client.Timeout exceeded while awaiting headers)",
        "image",
        True,
    ),
    # mslearn-dp100#35
    (
        "Job submission to AzureML Compute encountered an Exception with status code "
        "JobNodeCountExceedsCoreQuota, "
        "The specified subscription has a Standard DSv2 family vCPU quota of 2 and is less than the "
        "requested job "
        "node count of 2 which maps to 4 vCPUs.",
        "quota",
        False,
    ),
    # MachineLearningNotebooks#613
    (
        'failed with status "Failed". Additional Info:"Operation results in exceeding quota limits of x"',
        "quota",
        False,
    ),
    # azure-docs#121466
    (
        "OutOfQuota: Not enough cluster CPU quota. The amount of additional CPU quota requested is 8",
        "quota",
        False,
    ),
    (
        "AllocationFailed: Allocation failed. We do not have sufficient capacity for the requested VM "
        "size in this "
        "region.",
        "capacity",
        True,
    ),
    (
        "SkuNotAvailable: The requested VM size is currently not available in location 'westeurope'.",
        "capacity",
        True,
    ),
    # kedro-azureml#6
    (
        "AzureMLCompute job failed.\nOrchestrateJobError: Failed to execute command group with error Got "
        "CommonRuntimeJobError from executing command: Docker container `x` failed with status code `1`",
        "run-failed",
        True,
    ),
    # the end of a run's own log can hold any word
    (
        "Execution failed. User process 'python' exited with status code 3. Please check log file "
        "'user_logs/std_log.txt' for error details. Error: quota: the workspace ws was not found, timed out",
        "run-failed",
        True,
    ),
    # MachineLearningNotebooks#1360
    (
        "AzureMLCompute job failed. JobFailed: Submitted script failed with a non-zero exit code; see the "
        "driver log file for details. Reason: Job failed with non-zero exit Code",
        "run-failed",
        True,
    ),
    # what scoring answers to SIGTERM, which comes before a node is taken away
    (
        "Execution failed. User process 'python' exited with status code 75. Please check log file "
        "'user_logs/std_log.txt' for error details.",
        EVICTED,
        True,
    ),
    ("Process 'worker 0' exited with code 143 and error message 'Execution failed'", EVICTED, True),
    ("Execution failed. User process 'python' exited with status code 137.", "run-failed", True),
    ("AzureMLCompute job failed. JobNodeUnhealthy: a node of the job became unusable.", "run-failed", True),
    (
        "The run has exceeded its maximum duration of 60 seconds and was canceled by the system.",
        "run-timeout",
        True,
    ),
    ("Unknown compute target 'gpu-cluster'.", "cluster-missing", False),
    (
        "ComputeTargetNotFound: Compute Target with name gpu not found in provided workspace",
        "cluster-missing",
        False,
    ),
    (
        "The Resource 'Microsoft.MachineLearningServices/workspaces/ws/computes/gpu' under resource group "
        "'rg' was "
        "not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        "cluster-missing",
        False,
    ),
    (
        "The Resource 'Microsoft.MachineLearningServices/workspaces/ws' under resource group 'rg' was not "
        "found.",
        "workspace-missing",
        False,
    ),
    ("ResourceGroupNotFound: Resource group 'rg' could not be found.", "workspace-missing", False),
    (
        "The client 'x' with object id 'y' does not have authorization to perform action 'z' over scope '/'",
        "forbidden",
        False,
    ),
    (
        "ManagedIdentityCredential authentication unavailable, no response from the IMDS endpoint.",
        "sign-in",
        True,
    ),
    ("Received 429: Too many requests", "throttled", True),
    ("HTTPSConnectionPool(host='x', port=443): Read timed out. (read timeout=30)", "unavailable", True),
    ("('Connection aborted.', RemoteDisconnected('Remote end closed connection'))", "unavailable", True),
    ("something that nobody has ever seen", "compute", True),
]


@pytest.mark.parametrize(("text", "code", "retryable"), TOLD)
def test_what_the_service_says_has_a_cause(text: str, code: str, retryable: bool) -> None:
    cause = cause_of(text)
    assert (cause.code, cause.retryable) == (code, retryable)
    assert cause.advice
    assert cause.error().code == code and str(cause.error()).endswith(cause.advice.rstrip("."))


def test_every_cause_has_a_message_and_an_advice_of_its_own() -> None:
    by_code = {rule.code: rule for rule in RULES}
    codes = [EVICTED, "quota", "capacity", "cluster-missing", "workspace-missing", "forbidden", "throttled"]
    codes += ["unavailable", "image", "run-timeout", "run-failed", "queue-timeout"]
    assert set(codes) <= set(by_code)
    assert len({rule.message for rule in by_code.values()}) == len(by_code)
    assert known_cause("queue-timeout", "no GPU").message.endswith(": no GPU")
    with pytest.raises(KeyError):
        known_cause("nonsense")


@pytest.mark.parametrize(
    ("status", "code", "retryable"),
    [
        (401, "forbidden", False),
        (429, "throttled", True),
        (503, "unavailable", True),
        (400, "compute", False),
    ],
)
def test_without_known_words_the_status_decides(status: int, code: str, retryable: bool) -> None:
    cause = cause_of("?", "", status)
    assert (cause.code, cause.retryable) == (code, retryable)


@pytest.mark.parametrize(
    "name", ["forbidden-planet", "quota", "compute-not-found", "evict", "no-such-compute"]
)
def test_names_of_files_mean_nothing(name: str) -> None:
    run = f"{name}-0123456789-b0-a1"
    for text in (
        f"Max retries exceeded with url: /history/v1.0/experiments/reelbrush/runs/{run} (Caused by x)",
        f"timed out: no time is left for GET https://r.api.azureml.ms/history/v1.0/runs/{run}/details",
        f"Job {run} timed out",
    ):
        cause = cause_of(text)
        assert (cause.code, cause.retryable) == ("unavailable", True)
        assert run in cause.message


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_service_in_trouble_decides_nothing(status: int) -> None:
    for text in ("request quota exceeded", "the workspace ws was not found", "Forbidden"):
        cause = cause_of(text, "", status)
        assert cause.retryable and cause.code == ("throttled" if status == 429 else "unavailable")


def test_causes_hold_no_secrets_and_no_novels() -> None:
    text = (
        "upload to https://acc.blob.core.windows.net/c/b?sv=2020&sig=abc%2Fdef failed, "
        "DefaultEndpointsProtocol=https;AccountKey=c2VjcmV0;x, Bearer eyJhbGciOi.J9eyJ1.abcdef "
        + "word "
        * 1000
    )
    message = cause_of(text).message
    assert len(message) < 600
    assert "sig=abc" not in message and "c2VjcmV0" not in message and "eyJhbGciOi" not in message
    assert "https://acc.blob.core.windows.net/c/b " in redact(text)


def test_the_service_is_quoted_not_the_envelope_of_its_words() -> None:
    refused = Exception(
        '{\n "error_details": {"error": {"code": "UserError", "message": "no quota"}},\n "status_code": 400}'
    )
    assert told(refused) == ("no quota", "UserError", 400)
    assert told(Exception("Error retrieving the environment definition. Code: 404\n: {}"))[2] == 404
    assert told(TimeoutError()) == ("TimeoutError", "", None)


def test_states_of_runs() -> None:
    preempted, stopped = TOLD[0][0], "exceeded its maximum duration"
    expected = [
        (("Queued",), (BatchState.QUEUED, "")),
        (("Preparing",), (BatchState.QUEUED, "")),
        (("Running",), (BatchState.RUNNING, "")),
        (("CancelRequested",), (BatchState.RUNNING, "")),
        (("Completed",), (BatchState.DONE, "")),
        (("Failed", preempted), (BatchState.CANCELED, EVICTED)),
        (("Failed", "Execution failed. User process exited"), (BatchState.FAILED, "run-failed")),
        (("Failed",), (BatchState.FAILED, "run-failed")),
        (("Canceled",), (BatchState.CANCELED, EVICTED)),
        (("Canceled", stopped), (BatchState.FAILED, "run-timeout")),
    ]
    for given, (state, code) in expected:
        seen = run_status("r", *given, limit=60)
        assert (seen.state, seen.code) == (state, code), given
    on_request = "User process exited with status code 75"
    for given in (("Canceled",), ("Failed", on_request)):
        overrun = run_status("r", *given, seconds=61, limit=60)
        assert (overrun.state, overrun.code, overrun.retryable) == (BatchState.FAILED, "run-timeout", True)
    evicted = run_status("r", "Failed", on_request, seconds=59, limit=60)
    assert (evicted.state, evicted.code) == (BatchState.CANCELED, EVICTED)
