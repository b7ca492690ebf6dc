"""Ratios that were recorded, by class of machine, in `benchmarks/guard.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

RECORD = Path(__file__).resolve().parents[1] / "guard.json"

_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8")
_PACKAGES = ("onnxruntime", "numpy", "av")


@dataclass(frozen=True)
class Recorded:
    """What one class of machines was seen to do."""

    date: str  # ISO day
    versions: dict[str, str]
    ratios: dict[str, float]


def machine_class(facts: Mapping[str, Any], identity: Mapping[str, str]) -> str:
    """Return the class of machines whose ratios can be compared: its processor's model and vector units.

    `facts` has its flags (`contenders.machine.describe`), `identity` vendor, family and model of
    /proc/cpuinfo. Machines that hide some units from their guests are classes of their own.
    """
    flags = [flag for flag in _FLAGS if flag in facts["flags"]]
    return " ".join([*(identity.get(name, "?") for name in ("vendor_id", "cpu family", "model")), *flags])


def recorded(path: Path, machine: str) -> Recorded | None:
    """Return what was recorded for a class of machines, None for one that never was."""
    if not path.exists():
        return None
    entry = json.loads(path.read_text()).get(machine)
    return None if entry is None else Recorded(**entry)


def record(path: Path, machine: str, entry: Recorded) -> None:
    """Add or change the ratios of a class of machines; those that `entry` does not name stay."""
    known: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    before = recorded(path, machine)
    kept = before.ratios if before is not None else {}
    known[machine] = asdict(entry) | {"ratios": {**kept, **entry.ratios}}
    path.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")


def versions_of(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the versions that ratios depend on, of `contenders.machine.describe`."""
    return {name: str(facts["versions"].get(name)) for name in _PACKAGES}
