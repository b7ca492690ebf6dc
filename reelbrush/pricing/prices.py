"""What an hour of one node costs, and where that number comes from."""

from __future__ import annotations

from dataclasses import dataclass

from reelbrush.pricing.sizes import vm_size
from reelbrush.settings import Settings


@dataclass(frozen=True)
class Price:
    """The price of one node for one hour, used or not."""

    per_hour: float  # > 0
    currency: str
    basis: str  # a sentence that says where it comes from
    date: str = ""  # ISO day of its source; "" for a setting
    at_most: bool = False  # the true price may be lower, never higher


def price_of(settings: Settings) -> Price | None:
    """Return the price of a node, None where none is known; `no_price` says why.

    The setting `price_per_hour` wins over the table. A low-priority node without a price of its own is
    reckoned at the dedicated one, which it never exceeds.
    """
    if settings.price_per_hour:
        hourly = f"{settings.price_per_hour:g} {settings.currency}"
        return Price(settings.price_per_hour, settings.currency, f"A node is set to cost {hourly} per hour.")
    size = None if settings.backend == "local" else vm_size(settings.vm_size)
    if size is None or size.dedicated is None:
        return None
    low = settings.vm_priority == "lowpriority"
    amount, at_most = size.dedicated, low and size.low_priority is None
    if low and size.low_priority is not None:
        amount = size.low_priority
    kind = "low priority" if low and not at_most else "pay as you go"
    basis = (
        f"{size.name} costs {amount:g} {size.currency} per hour ({kind}, {size.region}, {size.price_date})."
    )
    if at_most:
        basis += (
            " Low-priority nodes are Spot VMs, whose price changes and never exceeds that."
            " REELBRUSH_PRICE_PER_HOUR takes what you pay."
        )
    return Price(amount, size.currency, basis, size.price_date, at_most)


def no_price(settings: Settings) -> str:
    """Return why no cost is told, as a sentence that says what to do."""
    if settings.backend == "local":
        return "Painting on this machine costs nothing extra."
    if not settings.vm_size:
        return "No cost is told: set REELBRUSH_VM_SIZE or REELBRUSH_PRICE_PER_HOUR."
    return (
        f"No cost is told: no price of {settings.vm_size} is known."
        " Set REELBRUSH_PRICE_PER_HOUR, or add it to reelbrush/pricing/vm_sizes.json."
    )
