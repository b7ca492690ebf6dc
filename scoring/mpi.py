"""This process among its peers under MPI, told from the launcher's variables; no MPI library is needed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

# rank, size, rank on this node; SLURM_STEP_NUM_TASKS exists only below srun, unlike SLURM_NTASKS
_LAUNCHERS = (
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"),
    ("PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID"),
    ("PMIX_RANK", "PMIX_SIZE", "PMIX_LOCAL_RANK"),
    ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID"),
    ("RANK", "WORLD_SIZE", "LOCAL_RANK"),
)


@dataclass(frozen=True)
class Rank:
    """One process of a run: 0 <= rank < size, 0 <= local on its node."""

    rank: int = 0
    size: int = 1
    local: int = 0

    @property
    def leads(self) -> bool:
        """Whether this process speaks for the whole run."""
        return self.rank == 0


def rank_from_environment(environment: Mapping[str, str] = os.environ) -> Rank:
    """Return the rank told by Open MPI, MPICH, Intel MPI, PMIx, Slurm or torchrun, else rank 0 of 1."""
    for rank_name, size_name, local_name in _LAUNCHERS:
        rank, size = _number(environment, rank_name), _number(environment, size_name)
        if rank is not None and size is not None and rank < size:
            local = _number(environment, local_name)
            return Rank(rank, size, rank if local is None else local)
    return Rank()


def share(items: Sequence[T], rank: Rank) -> Sequence[T]:
    """Return the consecutive items of `rank`; all shares are `items`, their sizes differ by at most one."""
    return items[len(items) * rank.rank // rank.size : len(items) * (rank.rank + 1) // rank.size]


def _number(environment: Mapping[str, str], name: str) -> int | None:
    text = environment.get(name, "")
    return int(text) if text.isdecimal() else None
