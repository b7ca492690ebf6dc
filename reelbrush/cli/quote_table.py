"""How quotes are shown on a terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table


def quote_block(where: str, document: dict[str, Any]) -> str:
    """Return a few aligned lines that tell a quote: time and cost as ranges, then what they stand on."""
    cost = document.get("cost")
    rows = [
        ("where", where),
        ("frames", f"{document['frames']:,}"),
        ("time", f"{minutes_text(document['minutes'])}, likely {_minutes(document['minutes']['likely'])}"),
        ("cost", cost_text(cost) if cost else ""),
        *(("because" if number == 0 else "", text) for number, text in enumerate(document["reasons"])),
    ]
    return "\n".join(f"{name:<8} {text}" for name, text in rows if text)


def cluster_table(sizes: list[dict[str, Any]], nodes: int) -> None:
    """Print what a cluster of up to `nodes` of each VM size would take and cost.

    Each entry is a quote with "size", "gpu" and "gpus" beside.
    """
    table = Table(
        title=f"Reckoned for a cluster of up to {nodes} {'node' if nodes == 1 else 'nodes'}, not measured",
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    for heading in ("VM size", "GPUs"):
        table.add_column(heading)
    for heading in ("minutes low", "likely", "high", "cost low", "likely", "high"):
        table.add_column(heading, justify="right")
    for entry in sizes:
        cost, minutes = entry.get("cost"), entry["minutes"]
        table.add_row(
            entry["size"].removeprefix("Standard_"),
            f"{entry['gpus']} x {entry['gpu']}",
            *(f"{minutes[name]:.0f}" for name in ("low", "likely", "high")),
            *((f"{cost[name]:.2f}" for name in ("low", "likely", "high")) if cost else ("", "no price", "")),
        )
    console = Console(highlight=False)
    console.print(table)
    priced = next((entry["cost"] for entry in sizes if "cost" in entry), None)
    if priced is not None:
        dated = f" of {priced['priceDate']}" if "priceDate" in priced else ""
        console.print(
            f"Costs are {priced['currency']} at the prices{dated} in reelbrush/pricing/vm_sizes.json. "
            "A first job measures the speed, and the app quotes by it from then on.",
            soft_wrap=True,
        )


def minutes_text(minutes: dict[str, float]) -> str:
    """Return a range of minutes as "3-5 min"; short ones in seconds."""
    if minutes["high"] < 2:
        return f"{minutes['low'] * 60:.0f}-{max(1.0, minutes['high'] * 60):.0f} s"
    return f"{minutes['low']:.0f}-{minutes['high']:.0f} min"


def cost_text(cost: dict[str, Any]) -> str:
    """Return a range of costs as "0.40-0.60 USD"."""
    digits = 2 if cost["high"] >= 0.1 else 4
    return f"{cost['low']:.{digits}f}-{cost['high']:.{digits}f} {cost['currency']}"


def _minutes(value: float) -> str:
    return f"{value * 60:.0f} s" if value < 2 else f"{value:.0f} min"
