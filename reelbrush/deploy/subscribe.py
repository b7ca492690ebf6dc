"""Uploads reach the app: Event Grid subscribes its webhook, once it has the function and the key."""

from __future__ import annotations

import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reelbrush.deploy.az import Az, AzError
from reelbrush.deploy.values import Values

_TEMPLATE = Path(__file__).parents[2] / "infra" / "bicep" / "webhook.bicep"
_FUNCTION = "start_on_upload"
_WEB_API = "2024-11-01"
_EVENTS_API = "2025-02-15"
_SUBSCRIPTION = "video-uploaded"
_HOPELESS = re.compile(r"InvalidTemplate|\bBCP\d{3}\b|DisallowedByPolicy|latest Bicep version", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """What the subscription stands between. All names are those of the deployment's outputs."""

    subscription: str  # its id; empty means the CLI's
    group: str
    app: str
    topic: str
    ops_account: str
    url: str  # of the app, without a slash at the end; empty if it is not known


@dataclass(frozen=True)
class Patience:
    """How long is waited. All in seconds."""

    total: float = 600.0
    pause: float = 10.0  # after the first failure; half as much again after each further one
    longest_pause: float = 45.0
    deployment: float = 300.0  # one deployment


def subscribe(values: Values, az: Az, patience: Patience) -> int:
    """Make uploads reach the app and return 0, or 1 after telling what is in the way.

    May be repeated at any time. With the queue there is nothing to do: the templates made all of it.
    """
    mode = values.get("REELBRUSH_UPLOAD_EVENTS_MODE") or values.get("REELBRUSH_UPLOAD_EVENTS", "webhook")
    if mode == "queue":
        print("ok    upload events: they arrive by the storage queue, nothing is to be done after deploying")
        return 0
    names = {
        "group": "AZURE_RESOURCE_GROUP",
        "app": "AZURE_FUNCTION_APP_NAME",
        "topic": "AZURE_EVENT_GRID_TOPIC",
        "ops_account": "AZURE_OPS_STORAGE_ACCOUNT",
    }
    found = {field: values.get(name) for field, name in names.items()}
    missing = [names[field] for field, value in found.items() if not value]
    if missing:
        print(f"FAIL  upload events: {', '.join(missing)} are not known ({values.source})")
        print("      fix: azd provision, which writes them; then python -m reelbrush.deploy subscribe")
        return 1
    url = values.get("REELBRUSH_URL").rstrip("/")
    place = Place(subscription=values.get("AZURE_SUBSCRIPTION_ID"), url=url, **found)
    return _Attempt(place, az, patience).run()


class _Attempt:
    """One run against the clock: each step is repeated until it is done or the time is up."""

    def __init__(self, place: Place, az: Az, patience: Patience) -> None:
        self._place, self._az, self._patience = place, az, patience
        self._deadline = time.monotonic() + patience.total
        self._own = ["--subscription", place.subscription] if place.subscription else []

    def run(self) -> int:
        """Return 0 when the subscription stands, else 1."""
        steps: list[tuple[str, Callable[[], str]]] = [
            (f"function {_FUNCTION}", self._function),
            ("key of the webhook", self._key),
            (f"subscription {_SUBSCRIPTION}", self._deploy),
        ]
        for name, step in steps:
            problem = self._repeat(name, step)
            if problem:
                print(f"FAIL  {name}: {problem}\n      fix: {self._advice(name, problem)}", flush=True)
                return 1
        return 0

    def _repeat(self, name: str, step: Callable[[], str]) -> str:
        """Return "" when the step is done, else why it is given up."""
        pause = self._patience.pause
        while True:
            try:
                print(f"ok    {name}: {step()}", flush=True)
                return ""
            except AzError as error:
                said = str(error)
                left = self._deadline - time.monotonic()
                if error.code in ("missing", "signed-out", "forbidden") or _hopeless(said) or left <= pause:
                    return said
            print(f"wait  {name}: {said} (again in {pause:.0f} s, at most {left:.0f} s more)", flush=True)
            time.sleep(pause)
            pause = min(pause * 1.5, self._patience.longest_pause)

    def _function(self) -> str:
        self._wake()
        rows = self._az.list(f"{self._site}/functions", _WEB_API)
        names = {str(row.get("name", "")).rpartition("/")[2] for row in rows}
        if _FUNCTION not in names:
            shown = ", ".join(sorted(names)) or "none"
            raise AzError("not-found", f"the app shows no such function yet, but {shown}")
        return "the app shows it"

    def _key(self) -> str:
        """Look whether the key is there. The CLI itself reduces its answer to that: the key stays in it."""
        self._wake()
        found: Any = self._az.json(
            "rest", "--method", "post", "--url", f"{self._site}/host/default/listkeys",
            "--url-parameters", f"api-version={_WEB_API}", "--query", "keys(systemKeys)",
        )  # fmt: skip
        if "blobs_extension" not in (found or []):
            raise AzError("not-found", "the app has not made it yet")
        return "the app has made it"

    def _deploy(self) -> str:
        self._wake()  # Event Grid calls the app at once, and gives up sooner than a cold start takes
        place = self._place
        state: Any = self._az.json(
            "deployment", "group", "create", *self._own,
            "--resource-group", place.group, "--name", "reelbrush-webhook",
            "--template-file", str(_TEMPLATE),
            "--parameters", f"functionAppName={place.app}", f"topicName={place.topic}",
            f"opsAccountName={place.ops_account}",
            "--query", "properties.provisioningState",
            seconds=self._patience.deployment,
        )  # fmt: skip
        if state != "Succeeded":
            raise AzError("failed", f"the deployment ended as {state}")
        return f"uploads to the container input reach {place.app}"

    def _wake(self) -> None:
        """Call the app so that it starts; whether it answers is found out by the steps."""
        if not self._place.url.startswith("https://") and not self._place.url.startswith("http://127.0.0.1"):
            return
        try:
            with urllib.request.urlopen(self._place.url + "/api/health", timeout=30) as answer:  # noqa: S310
                answer.read(1)
        except (urllib.error.URLError, OSError, ValueError):
            return

    @property
    def _site(self) -> str:
        place = self._place
        scope = f"/subscriptions/{place.subscription or '{subscriptionId}'}/resourceGroups/{place.group}"
        return f"{scope}/providers/Microsoft.Web/sites/{place.app}"

    def _advice(self, step: str, said: str) -> str:
        again = "then python -m reelbrush.deploy subscribe"
        if step.startswith("function"):
            return (
                f"azd deploy, and look for errors of the start in the app's log stream in the portal; {again}"
            )
        if step.startswith("key"):
            restart = f"az functionapp restart --name {self._place.app} --resource-group {self._place.group}"
            return f"{restart}; {again}"
        if "bicep" in said.lower():
            return f"az bicep install; {again}"
        return (
            f"a handshake succeeds only where the internet reaches the app; {again}; "
            "or azd env set REELBRUSH_UPLOAD_EVENTS queue and azd up, which needs no handshake"
        )


def _hopeless(message: str) -> bool:
    """Return whether repeating cannot help."""
    return _HOPELESS.search(message) is not None
