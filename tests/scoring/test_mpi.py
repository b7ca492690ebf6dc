"""Shares of ranks, and what launchers tell about ranks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.gpu import choose_gpu
from scoring.mpi import Rank, rank_from_environment, share


@given(count=st.integers(0, 500), size=st.integers(1, 40))
def test_shares_partition_the_segments_evenly(count: int, size: int) -> None:
    shares = [share(range(count), Rank(rank, size)) for rank in range(size)]
    assert [segment for own in shares for segment in own] == list(range(count))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, Rank(0, 1, 0)),
        (
            {"OMPI_COMM_WORLD_RANK": "5", "OMPI_COMM_WORLD_SIZE": "8", "OMPI_COMM_WORLD_LOCAL_RANK": "1"},
            Rank(5, 8, 1),
        ),
        ({"PMI_RANK": "2", "PMI_SIZE": "4", "MPI_LOCALRANKID": "0"}, Rank(2, 4, 0)),
        ({"PMIX_RANK": "1", "PMIX_SIZE": "2"}, Rank(1, 2, 1)),
        ({"SLURM_PROCID": "3", "SLURM_STEP_NUM_TASKS": "4", "SLURM_LOCALID": "3"}, Rank(3, 4, 3)),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "4"}, Rank(0, 1, 0)),  # a batch script outside srun
        ({"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1"}, Rank(1, 2, 1)),
        ({"RANK": "7", "WORLD_SIZE": "2"}, Rank(0, 1, 0)),
        ({"RANK": "one", "WORLD_SIZE": "2"}, Rank(0, 1, 0)),
    ],
)
def test_launchers(environment: dict[str, str], wanted: Rank) -> None:
    assert rank_from_environment(environment) == wanted


def test_ranks_of_a_node_take_its_gpus_in_turn() -> None:
    seen: list[str] = []
    for local in range(5):
        environment = {"CUDA_VISIBLE_DEVICES": "2,3"}
        choose_gpu(Rank(local, 5, local), environment)
        seen.append(environment["CUDA_VISIBLE_DEVICES"])
    assert seen == ["2", "3", "2", "3", "2"]


def test_a_process_alone_keeps_what_it_was_given() -> None:
    environment = {"CUDA_VISIBLE_DEVICES": "0,1"}
    choose_gpu(Rank(), environment)
    assert environment == {"CUDA_VISIBLE_DEVICES": "0,1"}
