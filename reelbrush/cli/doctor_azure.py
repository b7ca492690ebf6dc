"""`reelbrush doctor --azure`: what runs on the cluster need, one line per check."""

from __future__ import annotations

import logging

from reelbrush.compute.arm import Arm
from reelbrush.compute.preflight import Check, Outcome, azure_checks
from reelbrush.compute.workspace import Workspace
from reelbrush.errors import SettingsError
from reelbrush.settings import Settings


def diagnose_azure() -> int:
    """Print one line per check, as soon as it is made, and return 0 unless one failed, else 1.

    The settings are the environment's, as the app itself has them.
    """
    logging.getLogger("azure").setLevel(logging.ERROR)  # the checks tell what went wrong, once
    try:
        settings = Settings.from_env()
        workspace = Workspace.parse(settings.workspace)
    except SettingsError as error:
        print(f"FAIL  settings: {error.message}\n      fix: {error.advice or _SETTINGS}")
        return 1
    if settings.backend == "local":
        print("note  settings: REELBRUSH_BACKEND is local, so no run goes there yet\n      fix: " + _BACKEND)
    failed = 0
    for check in azure_checks(settings, Arm(workspace)):
        failed += check.outcome is Outcome.FAILED
        print(_line(check), flush=True)
    return 1 if failed else 0


_SETTINGS = (
    "set the variables as the app has them: az functionapp config appsettings list --name APP "
    "--resource-group GROUP --output tsv "
    "--query \"[?starts_with(name,'REELBRUSH_')].join('=',[name,value])\" prints them"
)
_BACKEND = "set REELBRUSH_BACKEND=azureml"


def _line(check: Check) -> str:
    line = f"{check.outcome.value:<5} {check.name}: {check.text}"
    return f"{line}\n      fix: {check.fix}" if check.fix else line
