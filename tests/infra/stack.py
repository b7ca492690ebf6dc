"""What a deployment would create: evaluated from Bicep, or read from the reviewed lists in golden/."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import ROOT

BICEP = ROOT / "infra" / "bicep"
GOLDEN = Path(__file__).parent / "golden"
TOOLS = Path(os.environ.get("REELBRUSH_SHARED", ROOT.parent / "shared")) / "tools"

Resource = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """A deployment: one parameter file, and what is set beyond it."""

    name: str
    file: str  # in infra/bicep
    params: Mapping[str, object] = field(default_factory=dict[str, object])


SETS = (  # those with a golden list
    Wanted("dev", "dev.bicepparam"),
    Wanted("prod", "prod.bicepparam"),
    Wanted("prod-aks", "prod.bicepparam", {"useAks": True}),
)
VARIANTS = (
    Wanted("accesskey", "dev.bicepparam", {"mlAuthMode": "accesskey"}),
    Wanted("prod-accesskey", "prod.bicepparam", {"mlAuthMode": "accesskey"}),
    Wanted("dts", "dev.bicepparam", {"durableBackend": "dts"}),
    Wanted("prod-dts", "prod.bicepparam", {"durableBackend": "dts"}),
    Wanted("no-roles", "dev.bicepparam", {"assignRoles": False}),
    Wanted("dev-queue", "dev.bicepparam", {"uploadEvents": "queue"}),
    Wanted("dev-zones", "dev.bicepparam", {"zoneRedundant": True}),
    Wanted("dev-aks", "dev.bicepparam", {"useAks": True}),
    Wanted("image", "prod.bicepparam", {"scoringImage": "registry.example/scoring:1"}),
    Wanted("two-clusters", "dev.bicepparam", {"dedicatedMaxNodes": 3}),
    Wanted(
        "developer",
        "dev.bicepparam",
        {"developerPrincipalId": "33333333-3333-3333-3333-333333333333", "developerPrincipalType": "Group"},
    ),
)


@dataclass(frozen=True)
class Stack:
    """A deployment's resources, with ids and values as far as they are known beforehand, and its outputs.

    What only Azure can know stands as text "<runtime: TYPE/NAME.property>".
    """

    wanted: Wanted
    resources: tuple[Resource, ...]
    outputs: Mapping[str, Any]

    @property
    def private(self) -> bool:
        """Whether nothing of it may be reached from the internet."""
        return self.wanted.file == "prod.bicepparam"

    @property
    def aks(self) -> bool:
        """Whether runs go to a Kubernetes cluster."""
        return self.wanted.params.get("useAks") is True

    def of(self, kind: str) -> list[Resource]:
        """Return the resources of this type."""
        return [r for r in self.resources if r["type"].lower() == kind.lower()]

    def only(self, kind: str, begins: str = "") -> Resource:
        """Return the one resource of this type whose name begins so. Fails when there is none, or several."""
        found = [r for r in self.of(kind) if r["name"].startswith(begins)]
        assert len(found) == 1, f"{self.wanted.name}: {kind} {begins}* is there {len(found)} times"
        return found[0]

    def account(self, purpose: str) -> Resource:
        """Return the storage account of `purpose` (data or ops)."""
        output = {"data": "AZURE_STORAGE_ACCOUNT", "ops": "AZURE_OPS_STORAGE_ACCOUNT"}[purpose]
        return next(
            r for r in self.of("Microsoft.Storage/storageAccounts") if r["name"] == self.outputs[output]
        )

    def settings(self) -> dict[str, str]:
        """Return the app settings of the function app."""
        return next(r for r in self.of("Microsoft.Web/sites/config") if r["name"].endswith("/appsettings"))[
            "properties"
        ]

    def below(self, kind: str, parent: Resource) -> list[str]:
        """Return the last parts of the names of resources of this type below `parent`, sorted."""
        return sorted(
            r["name"].split("/")[-1] for r in self.of(kind) if r["name"].startswith(parent["name"] + "/")
        )


def at(resource: Any, path: str) -> Any:
    """Return the value at a dotted path of `resource`, None where there is none."""
    for part in path.split("."):
        if not isinstance(resource, dict) or part not in resource:
            return None
        resource = resource[part]
    return resource


def texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path and text of every string in `value`."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from texts(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from texts(inner, f"{path}/{index}")
    elif isinstance(value, str):
        yield path, value


@cache
def evaluator() -> ModuleType:
    """Return the evaluator of Bicep; the test is skipped where it is not beside the repository."""
    file = TOOLS / "bicepcheck" / "bicep_eval.py"
    if not file.is_file():
        pytest.skip(f"the evaluator of Bicep is not in {TOOLS}")
    spec = importlib.util.spec_from_file_location("bicep_eval", file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    path = sys.path.copy()
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path[:] = path
    return module


def evaluate(wanted: Wanted, folder: Path = BICEP) -> Stack:
    """Return what `wanted` would deploy by the Bicep in `folder`."""
    resources, outputs = evaluator().evaluate(folder / wanted.file, dict(wanted.params))
    return Stack(wanted, tuple(resources), outputs)


def golden(wanted: Wanted) -> Stack:
    """Return the reviewed list of one of SETS; needs no evaluator."""
    document = json.loads((GOLDEN / f"{wanted.name}.json").read_text())
    return Stack(wanted, tuple(document["resources"]), document["outputs"])
