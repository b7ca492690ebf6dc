"""Nodes that are projected: what one of them takes per frame. No GPU was measured."""

from __future__ import annotations

from dataclasses import dataclass

from reelbrush.pricing.sizes import vm_size
from scaling.films import Film, FrameCost

INFLATION = 1.05  # of CPU time where stages overlap; the goal that it is held to

CPU_PRICES = {"Standard_F4s_v2": 0.169, "Standard_F16s_v2": 0.677}
"""USD per hour, Linux, pay as you go, eastus: what reelbrush/pricing/vm_sizes.json has no prices of.

From the same file as that list's GPU sizes: skypilot-catalog 098741e, catalogs/v6/azure/vms.csv.
"""


@dataclass(frozen=True)
class Node:
    """One kind of node, one scoring process on it."""

    name: str
    size: str  # of the price list
    cores: float  # as the one that frames were measured on
    paper: tuple[float, ...] = ()  # model seconds per megapixel on its GPU, reckoned; () without one

    @property
    def price(self) -> float:
        """USD per hour, of the product's list or of CPU_PRICES. Raises KeyError where both have none."""
        size = vm_size(self.size)
        return CPU_PRICES[self.size] if size is None or size.dedicated is None else size.dedicated

    @property
    def measured(self) -> bool:
        """Whether no GPU's time is reckoned."""
        return not self.paper

    def seconds_per_frame(self, film: Film, cost: FrameCost) -> float:
        """Wall seconds per frame of the process, its stages overlapped.

        Decoding and encoding have one thread each, so that none of the stages is faster than one core's time
        for it; painting has the other cores, or the GPU; and all together have `cores`.
        """
        cpu = cost.decode + cost.encode
        if not self.paper:
            shared = (cpu + cost.model) * INFLATION / self.cores
            return max(shared, cost.decode, cost.encode)
        megapixels = film.height * film.height * 16 / 9 / 1e6
        return max(self.paper[0] * megapixels, cost.decode, cost.encode, cpu * INFLATION / self.cores)


NODES = (
    Node("2 cores like these", "Standard_F4s_v2", 2),
    Node("8 cores like these", "Standard_F16s_v2", 8),
    Node("T4 (paper)", "Standard_NC4as_T4_v3", 2, (2 * 1.4e-3,)),
    Node("A100 (paper)", "Standard_NC24ads_A100_v4", 12, (2 * 0.26e-3,)),
)
"""Azure sells threads: two vCPUs count as one core here. Whether its cores are as fast was not measured.

GPU seconds are twice those of the roofline of a network with 64 channels and 4 blocks at a quarter of the
size, fp16: 1080p takes 2.9 ms on a T4 and 0.53 ms on an A100, all bytes moved once at the full rate.
"""
