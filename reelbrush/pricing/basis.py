"""What plans and quotes of a style stand on: the rate, the figures of the cluster, the price of a node."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reelbrush.job import Options
from reelbrush.job.plan import MAX_BATCHES, Figures
from reelbrush.job.sharing import LONG_FRAMES, runs_at_once
from reelbrush.pricing.evictions import evictions_per_node_hour
from reelbrush.pricing.prices import Price, price_of
from reelbrush.pricing.rates import CPU, Rate, painted_style, rate_of
from reelbrush.pricing.sizes import VmSize, reference_rate, vm_size
from reelbrush.pricing.starts import HERE, Starts, starts_of
from reelbrush.settings import Settings
from reelbrush.store import Store

RUN_SECONDS = 45.0  # from a run's start on a node that is up to its first frame; Azure says 20 to 60
LOCAL_RUN_SECONDS = 2.0


@dataclass(frozen=True)
class Basis:
    """What is known about painting frames of one size in one style, here or on the cluster."""

    settings: Settings
    rate: Rate  # measured, or reckoned from a reference
    figures: Figures  # with that rate; on this machine a node is what one run takes of its cores
    price: Price | None
    size: VmSize | None  # of the cluster's nodes
    starts: Starts
    reference: str = ""  # what the rate stands on when it is not measured

    @property
    def local(self) -> bool:
        """Whether runs are processes of this machine."""
        return self.settings.backend == "local"

    @property
    def gpus(self) -> int:
        """How many GPUs of a node are paid for; at least 1, so that nodes without any count as one."""
        if self.local:
            return 1
        return max(1, self.size.gpus) if self.size is not None else self.settings.processes

    def planning(self) -> Figures:
        """Return the figures that batches are planned by: unmeasured rates and this machine plan without."""
        if self.rate.measured and not self.local:
            return self.figures
        return replace(self.figures, seconds_per_frame=None)


def basis_of(
    settings: Settings, store: Store | None, style: str, options: Options, pixels: int, precision: str = ""
) -> Basis:
    """Return what is known of painting frames of `pixels` pixels; without a store nothing is measured.

    Raises StoreError.
    """
    local = settings.backend == "local"
    runs = _runs_here(settings)
    cores = settings.nodes / runs if local else 1.0  # of one run
    size = None if local else vm_size(settings.vm_size)
    device = CPU if local or (size is not None and not size.gpu) else size.gpu if size is not None else ""
    painted = painted_style(style, options)
    precision = precision or options.precision
    rate = rate_of(store, device, painted, precision, pixels) if store is not None and painted else None
    basis = ""
    if rate is None:
        reference = reference_rate(gpu=device != CPU)
        threads = max(1.0, settings.threads, cores) if device == CPU else 1
        seconds = reference.seconds_per_megapixel * pixels / 1e6 / threads
        styles = 1 if options.mix is None else 2
        rate, basis = Rate(max(seconds * styles, 1e-6), device, measured=False), reference.basis
    figures = Figures(
        seconds_per_frame=rate.seconds_per_frame,
        nodes=min(runs, MAX_BATCHES) if local else max(settings.nodes, settings.run_nodes),
        processes=1 if local else settings.processes,
        run_nodes=1 if local else settings.run_nodes,
        startup_seconds=LOCAL_RUN_SECONDS if local else RUN_SECONDS,
        evictions_per_node_hour=evictions_per_node_hour(settings, store),
        batch_frames=settings.batch_frames,
        run_seconds=settings.run_seconds,
    )
    starts = HERE if local else starts_of(store)
    return Basis(settings, rate, figures, price_of(settings), size, starts, basis)


def _runs_here(settings: Settings) -> int:
    """Return how many runs share the cores of this machine: each of them counts as a node."""
    if settings.processes > 1 or 0 < settings.batch_frames < LONG_FRAMES:
        return settings.nodes
    return runs_at_once(settings.nodes)
