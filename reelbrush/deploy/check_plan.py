"""Do the wishes of the deployment go together? Nothing is asked of Azure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from reelbrush.deploy.check import Check, failed, passed, remark
from reelbrush.deploy.plan import Plan
from reelbrush.pricing.sizes import vm_size

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?")
_EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]+")
# The image's onnxruntime-gpu holds code for CUDA compute capability 7.5 and up.
_TOO_OLD = {"K80", "M60", "P40", "P100", "V100"}


def check_plan(plan: Plan, problems: list[str]) -> Iterator[Check]:
    """Yield what is wrong with the values themselves; `problems` are those that could not be read."""
    for problem in problems:
        yield failed("values", problem, f"azd env set {problem.partition('=')[0]} VALUE")
    yield _environment(plan)
    yield from _network(plan)
    yield from _size(plan)
    yield from _people(plan)


def _environment(plan: Plan) -> Check:
    name = plan.environment
    if not name:
        return failed("environment", "it has no name", "azd env new NAME (2 to 12 letters, digits, hyphens)")
    if not 2 <= len(name) <= 12 or not _NAME.fullmatch(name):
        return failed(
            "environment",
            f"{name} cannot be part of all names: 2 to 12 small letters, digits and inner hyphens",
            "azd env new NAME",
        )
    return passed("environment", f"{name}, resource group {plan.group}")


def _network(plan: Plan) -> Iterator[Check]:
    if plan.private and plan.upload_events == "webhook":
        yield failed(
            "network",
            "in a private network Event Grid cannot call the app: no upload would start a job",
            "azd env set REELBRUSH_UPLOAD_EVENTS queue",
        )
    elif plan.private:
        yield remark(
            "network",
            "app, storage and workspace answer inside the virtual network alone: deploying code and opening "
            "the page need a machine in it (VPN, peering, or a runner)",
            "read docs/deploy.md before; azd env set REELBRUSH_PRIVATE false makes it public",
        )
    else:
        yield passed("network", "public addresses, identities alone; uploads arrive by " + plan.upload_events)


def _size(plan: Plan) -> Iterator[Check]:
    known, title = vm_size(plan.gpu_size), "GPU size"
    today = datetime.now(UTC).date()
    if known is None:
        yield remark(
            title, f"{plan.gpu_size} is not in this release's table: its GPU and price are not known"
        )
    elif known.retired is not None and known.retired <= today:
        yield failed(
            title,
            f"{known.name} ({known.gpu}) is retired since {known.retired}: none of its nodes starts",
            f"azd env set REELBRUSH_GPU_SIZE {known.replacement}",
        )
    elif known.gpu in _TOO_OLD:
        yield failed(
            title,
            f"{known.name} has a {known.gpu}, which is older than styles need (compute capability 7.5)",
            "azd env set REELBRUSH_GPU_SIZE Standard_NC4as_T4_v3",
        )
    elif not known.gpus:
        yield remark(
            title,
            f"{known.name} has no GPU: its {known.vcpus} vCPUs paint many times slower",
            "azd env set REELBRUSH_GPU_SIZE Standard_NC4as_T4_v3",
        )
    else:
        price = f", {known.dedicated} {known.currency} an hour when dedicated" if known.dedicated else ""
        yield passed(title, f"{known.name}, {known.gpus} x {known.gpu}{price}")


def _people(plan: Plan) -> Iterator[Check]:
    if plan.alert_email and not _EMAIL.fullmatch(plan.alert_email):
        yield failed(
            "alerts",
            f"{plan.alert_email} is not one address of e-mail",
            "azd env set REELBRUSH_ALERT_EMAIL you@example.com",
        )
    elif not plan.alert_email:
        fix = "azd env set REELBRUSH_ALERT_EMAIL you@example.com"
        lost = "alerts and the budget reach" if plan.budget else "alerts reach"
        if plan.budget:
            yield failed("alerts", f"{lost} nobody: the budget needs an address", fix)
        else:
            yield remark("alerts", f"{lost} nobody by e-mail", fix)
    else:
        yield passed("alerts", f"to {plan.alert_email}")
