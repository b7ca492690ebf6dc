"""The table of what can go wrong on a cluster: how it is told, what it means, what to do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reelbrush.compute.port import EVICTED


@dataclass(frozen=True)
class Rule:
    """One thing that can go wrong, meant when `words` are found in a text, else by the HTTP status."""

    code: str
    retryable: bool  # whether the same may succeed another time, with nothing changed
    message: str
    advice: str
    words: re.Pattern[str]
    statuses: tuple[int, ...] = ()


def _rule(code: str, retryable: bool, message: str, advice: str, words: str, *statuses: int) -> Rule:
    return Rule(code, retryable, message, advice, re.compile(words, re.IGNORECASE), statuses)


_ENDED = "the run ended without saying how"
_LOG = "its log in the studio of Azure Machine Learning says more"
_TAKEN = "the node of the run was taken away"
_ANOTHER = "nothing is lost but what was in flight; another run takes over"

# in this order: the first that fits decides, so the more particular come first
RULES = (
    _rule(
        EVICTED,
        True,
        _TAKEN,
        _ANOTHER,
        # scoring ends so when it is asked to stop, and Python when it is asked before scoring listens
        r"exited with (status |exit )?code `?(75|143|-15)\b",
    ),
    _rule(
        "run-failed",
        True,
        _ENDED,
        _LOG,
        # such a text goes on with the end of the run's own log, in which any word can stand
        r"User ?(process|program|script|command)|exited with (status|exit|code)|^UserScript|"
        r"Execution ?failed\b|non-?zero exit",
    ),
    _rule(EVICTED, True, _TAKEN, _ANOTHER, r"pre-?empt|\bevict"),
    _rule(
        "image",
        False,
        "the Docker image of the run cannot be used on the node",
        "check REELBRUSH_IMAGE, and that the cluster's identity has the role AcrPull on its registry",
        r"FailedPullingImage|pull(ing)? .{0,20}docker image|docker command to pull|AcrRefreshToken|"
        r"pull access denied|manifest( for \S+)? (unknown|not found)|ErrImagePull|ImagePullBackOff|"
        r"image ?build ?fail|fail\w* to build .{0,30}image|environment image|environment preparation failed|"
        r"container image .{0,60}not found|ImageNotFound|InvalidImageName",
    ),
    _rule(
        "run-timeout",
        True,
        "the run took longer than it may",
        "set REELBRUSH_RUN_SECONDS higher, or REELBRUSH_BATCH_FRAMES lower",
        r"max(imum)?[_ ]?(run|execution|wall)?[_ ]?(duration|time)|\b(run|job|execution)\b.{0,30}exceeded"
        r".{0,40}(time|duration|limit)|(Job|Run)Tim(ed?)?Out|JobWallClockTime|timeout reached for (the )?job",
    ),
    _rule(
        "queue-timeout",
        True,
        "the run waited for a node longer than it may",
        "look at the cluster in the studio of Azure Machine Learning; REELBRUSH_QUEUE_MINUTES is the limit",
        r"queue.{0,30}(timeout|timed out|time limit)|JobQueueTime",
    ),
    _rule(
        "quota",
        False,
        "the subscription's quota does not allow the nodes of the run",
        "ask for more vCPUs of the cluster's VM family (studio of Azure Machine Learning, Quota), or give "
        "the cluster fewer nodes",
        r"quota|exceed\w* .{0,30}(approved|core|vcpu).{0,20}limit|CoreLimit",
    ),
    _rule(
        "capacity",
        True,
        "the region has no free machine of this size at present",
        "wait, or set REELBRUSH_DEDICATED_CLUSTER, or use another VM size or region",
        r"AllocationFail|allocation failed|SkuNotAvailable|out ?of ?capacity|"
        r"(insufficient|not enough|no|lack of) (\w+ ){0,3}capacity|OverconstrainedAllocation|ZonalAllocation|"
        r"capacity (is )?((not|un) ?available|exhausted)|FailedScheduling|Insufficient nvidia\.com/gpu",
    ),
    _rule(
        "cluster-missing",
        False,
        "the workspace has no compute of this name",
        "REELBRUSH_CLUSTER names the compute; `az ml compute list` tells which there are",
        r"Compute(Target)?NotFound|\bcompute( ?target| cluster)?\W.{0,120}(not (be )?found|does not exist)|"
        r"(unknown|no such) compute|computes/[^/\s'\"]+.{0,60}not (be )?found",
    ),
    _rule(
        "workspace-missing",
        False,
        "there is no such workspace, or this identity may not see it",
        "REELBRUSH_WORKSPACE is its resource id; `az ml workspace show --query id` prints it",
        r"WorkspaceNotFound|\bworkspaces?(/[^/\s'\"]+)?['\"\s].{0,120}(not (be )?found|does not exist)|"
        r"ResourceGroupNotFound|SubscriptionNotFound|"
        r"subscription.{0,80}(not (be )?found|does ?n[o']t exist)|No workspaces? (with|found)|"
        r"have access to \S* ?subscription",
    ),
    _rule(
        "sign-in",
        True,
        "the app cannot sign in to Azure",
        "give it a managed identity (AZURE_CLIENT_ID names a user-assigned one), or sign in with `az login`",
        r"credential.{0,60}(unavailable|failed to retrieve|failed)|ClientAuthenticationError|AADSTS\d+|"
        r"no (managed )?identity|managed ?identity.{0,60}(not found|unavailable)|acquire.{0,20}token",
    ),
    _rule(
        "forbidden",
        False,
        "this identity may not do that",
        "give the app's identity the role AzureML Data Scientist on the workspace; a new role takes minutes",
        r"AuthorizationFailed|does not have (authorization|permission)|\bForbidden\b|Unauthori[sz]ed|"
        r"AuthenticationFailed|InvalidAuthenticationToken|lacks? permission",
        401,
        403,
    ),
    _rule(
        "throttled",
        True,
        "Azure Machine Learning asks for fewer calls",
        "it is tried again later",
        r"TooManyRequests|too many requests|throttl|RequestRateTooLarge",
        429,
    ),
    _rule(
        "unavailable",
        True,
        "Azure Machine Learning cannot be reached or does not answer",
        "it is tried again later",
        r"timed? ?out|timeout|Service ?Unavailable|InternalServerError|bad gateway|ConnectionError|"
        r"connection (error|aborted|reset|refused|broken)|RemoteDisconnected|Max retries exceeded|"
        r"name resolution|getaddrinfo|failed to resolve|ServerBusy|TransientError|\b50[234]\b",
        408,
        500,
        502,
        503,
        504,
    ),
    _rule(
        "run-failed",
        True,
        _ENDED,
        _LOG,
        r"exit ?code|exit status|status code `?\d|job failed|ServiceError|SystemError|UserScript|"
        r"OrchestrateJob|unusable|unhealthy|killed|out of memory",
    ),
)
UNKNOWN = _rule(
    "compute", True, "Azure Machine Learning refused", "its own words are all that is known", r"(?!)"
)
# of a failure to fetch an image: it comes from the network or a busy registry, and passes
PASSING = re.compile(
    r"timeout|timed? ?out|too ?many ?requests|connection (reset|refused)|temporar|\b50[0234]\b|unavailable",
    re.IGNORECASE,
)
