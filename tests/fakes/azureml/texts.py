"""What the service says when something goes wrong.

Reported by users: PREEMPTED (Azure/MachineLearningNotebooks#1242, microsoft/MLOpsPython#346), IMAGE
(Azure/MachineLearningNotebooks#1479, MicrosoftLearning/mslearn-dp100#77), the refused quota
(MicrosoftLearning/mslearn-dp100#35), the exceeded quota of cores (hashicorp/terraform#10056, of virtual
machines). The others are invented; backends have to tell them apart by codes and by the words that matter.
"""

from __future__ import annotations

from tests.fakes.azureml.wire import Refusal

PREEMPTED = (
    "AzureMLCompute job failed. PreemptionError: Nodes of this job got pre-empted. "
    "Check if the run has failed or restarted."
)
IMAGE = (
    "AzureMLCompute job failed.\nFailedPullingImage: Unable to pull docker image\n"
    "\timageName: {image}\n\terror: Run docker command to pull public image failed with error: Error "
    "response from daemon: manifest for {image} not found: manifest unknown: manifest unknown.\n"
)
EXIT = (
    "Execution failed. User process '{program}' exited with status code {code}. "
    "Please check log file '{log}' for error details. Error: {tail}"
)
OVERRUN = "The run has exceeded its maximum duration of {seconds} seconds and was canceled by the system."
SYSTEM = (
    "AzureMLCompute job failed. JobNodeUnhealthy: a node of the job became unusable while it was running."
)
CLUSTER_ERRORS = {
    "quota": (
        "ClusterCoreQuotaReached",
        "Operation results in exceeding quota limits of Core. Maximum allowed: 0, Current in use: 0, "
        "Additional requested: 4. Please request a quota increase for this VM family.",
    ),
    "capacity": (
        "AllocationFailed",
        "Allocation failed. We do not have sufficient capacity for the requested VM size in this region.",
    ),
}


def refusal(name: str) -> Refusal:
    """Return the error answer of that name: an HTTP status like "503", or a word of the table."""
    status, code, message, headers = _REFUSALS[name]
    return Refusal(status, code, message, headers)


def is_refusal(name: str) -> bool:
    """Return whether an error answer has this name."""
    return name in _REFUSALS


_NONE: dict[str, str] = {}
_REFUSALS: dict[str, tuple[int, str, str, dict[str, str]]] = {
    "401": (401, "InvalidAuthenticationToken", "The access token has expired.", _NONE),
    "403": (
        403,
        "AuthorizationFailed",
        "The client does not have authorization to perform action "
        "'Microsoft.MachineLearningServices/workspaces/jobs/write' over scope of the workspace.",
        _NONE,
    ),
    "404": (404, "ResourceNotFound", "The resource was not found.", _NONE),
    "409": (409, "Conflict", "Another operation on this resource is in progress.", _NONE),
    "429": (429, "TooManyRequests", "Too many requests. Try again later.", {"Retry-After": "1"}),
    "500": (500, "InternalServerError", "An internal server error occurred.", _NONE),
    "502": (502, "BadGateway", "Bad gateway.", _NONE),
    "503": (503, "ServiceUnavailable", "The service is temporarily unavailable.", _NONE),
    "quota": (
        400,
        "UserError",
        "Job submission to AzureML Compute encountered an Exception with status code "
        "JobNodeCountExceedsCoreQuota, The specified subscription has a Standard NCASv3_T4 family vCPU quota "
        "of 0 and is less than the requested job node count of 1 which maps to 4 vCPUs.",
        _NONE,
    ),
    "no-compute": (400, "UserError", "Unknown compute target 'gpu-cluster'.", _NONE),
    "bad-request": (400, "BadRequest", "The request is invalid.", _NONE),
}
_REFUSALS["forbidden"] = _REFUSALS["403"]
_REFUSALS["throttled"] = _REFUSALS["429"]
_REFUSALS["unavailable"] = _REFUSALS["503"]
