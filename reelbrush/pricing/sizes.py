"""VM sizes of cluster nodes: what they have, what they cost, which are retired; from `vm_sizes.json`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

_TABLE = Path(__file__).with_name("vm_sizes.json")


@dataclass(frozen=True)
class VmSize:
    """One VM size. Prices are per hour of one node, in `currency`, of Linux in `region`; None: not known."""

    name: str  # as Azure spells it, Standard_NC4as_T4_v3
    gpu: str  # model without its maker, such as T4; "" without a GPU
    gpus: int  # of one node
    vcpus: int
    memory_gib: int
    family: str  # as quotas name it
    retired: date | None = None  # from which day on no node of it starts
    replacement: str = ""  # a size that takes its place, for retired ones
    dedicated: float | None = None
    low_priority: float | None = None
    currency: str = "USD"
    region: str = ""
    price_date: str = ""  # ISO day of the prices' source
    price_source: str = ""  # its address


@dataclass(frozen=True)
class ReferenceRate:
    """What a process takes where nothing was measured yet."""

    seconds_per_megapixel: float
    basis: str  # where the number comes from, for people


def vm_size(name: str) -> VmSize | None:
    """Return the size of this name, in whatever case it is written, or None for one not in the table."""
    return _sizes().get(name.strip().lower())


def vm_sizes() -> tuple[VmSize, ...]:
    """Return all sizes of the table, in its order."""
    return tuple(_sizes().values())


def reference_rate(gpu: bool) -> ReferenceRate:
    """Return the rate by which unmeasured styles are reckoned, on a GPU or on one thread of a CPU."""
    row = _table()["referenceRates"]["gpu" if gpu else "cpu"]
    return ReferenceRate(float(row["secondsPerMegapixel"]), str(row["basis"]))


@cache
def _table() -> dict[str, Any]:
    return json.loads(_TABLE.read_text())


@cache
def _sizes() -> dict[str, VmSize]:
    table = _table()
    return {name.lower(): _size(table, name, row) for name, row in table["sizes"].items()}


def _size(table: dict[str, Any], name: str, row: dict[str, Any]) -> VmSize:
    prices = row.get("prices", {})
    source = table["sources"].get(prices.get("source", ""), {})
    return VmSize(
        name=name,
        gpu=row.get("gpu", ""),
        gpus=row["gpus"],
        vcpus=row["vcpus"],
        memory_gib=row["memoryGiB"],
        family=row["family"],
        retired=date.fromisoformat(row["retired"]) if "retired" in row else None,
        replacement=row.get("replacement", ""),
        dedicated=prices.get("dedicated"),
        low_priority=prices.get("lowpriority"),
        currency=table["currency"],
        region=table["region"],
        price_date=prices.get("date", source.get("date", table["date"])) if prices else "",
        price_source=source.get("url", ""),
    )
