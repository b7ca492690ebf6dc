"""Why queued runs do not start: what their cluster says about itself."""

from __future__ import annotations

from typing import Any

from reelbrush.compute.arm import Arm
from reelbrush.compute.causes import Cause, cause_of, known_cause
from reelbrush.compute.port import Waiting
from reelbrush.compute.workspace import Workspace

COMPUTES = "2024-10-01"  # API version of computes


def why_waiting(arm: Arm, workspace: Workspace, cluster: str) -> Waiting:
    """Return what the cluster's nodes do and what it says keeps it from growing.

    A node that prepares, runs or leaves makes it busy, and so does growing that nothing stands against; idle
    and unusable nodes do not. A Kubernetes compute tells nothing of its nodes: it counts as
    busy while it is well. Raises ComputeError when Azure cannot be asked.
    """
    found = arm.find(f"{workspace.arm_id}/computes/{cluster}", COMPUTES)
    if found is None:
        return Waiting(busy=False, errors=(_sentence(known_cause("cluster-missing", cluster)),))
    return waiting_of(found)


def waiting_of(compute: dict[str, Any]) -> Waiting:
    """Return what a compute's document tells; see `why_waiting`."""
    about: dict[str, Any] = compute.get("properties") or {}
    own: dict[str, Any] = about.get("properties") or {}
    errors = [_sentence(cause_of(text, code)) for code, text in compute_errors(compute)]
    state = str(about.get("provisioningState") or "Succeeded")
    if state not in ("Succeeded", "Updating"):
        errors.append(f"the cluster is not ready: its state is {state}")
    if about.get("computeType") == "Kubernetes":
        return Waiting(busy=not errors, errors=tuple(errors))
    counts: dict[str, Any] = own.get("nodeStateCounts") or {}
    working = sum(int(counts.get(f"{name}NodeCount") or 0) for name in ("preparing", "running", "leaving"))
    unusable = int(counts.get("unusableNodeCount") or 0)
    limit: dict[str, Any] = own.get("scaleSettings") or {}
    if limit.get("maxNodeCount") == 0:
        errors.append("the cluster may have no node at all: its maximum is 0")
    if unusable:
        errors.append(f"{unusable} of the cluster's nodes are unusable: their start failed")
    wished = int(own.get("targetNodeCount") or 0) - int(own.get("currentNodeCount") or 0)
    growing = own.get("allocationState") == "Resizing" and wished > 0 and not errors
    return Waiting(busy=working > 0 or growing, errors=tuple(dict.fromkeys(errors)))


def compute_errors(compute: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (code, text) of each error that a compute tells of itself.

    The service wraps some in `error` and nests what is behind them in `details`.
    """
    about: dict[str, Any] = compute.get("properties") or {}
    own: dict[str, Any] = about.get("properties") or {}
    told: list[Any] = [*(about.get("provisioningErrors") or []), *(own.get("errors") or [])]
    return [pair for entry in told for pair in _unwrapped(entry)]


def _unwrapped(entry: Any) -> list[tuple[str, str]]:
    if not isinstance(entry, dict):
        return [("", str(entry))] if entry else []
    inner: Any = entry.get("error", entry)
    if not isinstance(inner, dict):
        return [("", str(inner))]
    details: list[Any] = inner.get("details") or []
    own = (str(inner.get("code") or ""), str(inner.get("message") or ""))
    return ([own] if any(own) else []) + [pair for detail in details for pair in _unwrapped(detail)]


def _sentence(cause: Cause) -> str:
    return f"{cause.message.rstrip('.')}. {cause.advice}" if cause.advice else cause.message
