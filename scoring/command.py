"""The command line of a run, and what its exit code says.

0: the batch (under MPI: this process's share) is published; 2: the command line is wrong; 3: the run failed,
its result document says why; 75: it was stopped on request and may be started again.
"""

from __future__ import annotations

import argparse
import io
import logging
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from reelbrush.job import BatchState
from reelbrush.store import open_store
from reelbrush.telemetry import start_telemetry, stop_telemetry
from scoring.batch import RunSettings, run_batch
from scoring.failures import describe
from scoring.gpu import choose_gpu, visible_gpus
from scoring.mpi import Rank, rank_from_environment
from scoring.providers import PROVIDER_CHOICES
from scoring.shelf import SHELF
from scoring.stop import StopRequest
from scoring.styles import SHIPPED

EXIT_CODES = {BatchState.DONE: 0, BatchState.FAILED: 3, BatchState.CANCELED: 75}

_GRACE_SECONDS = 30.0
# a node that Azure takes away lives for 30 s from then on, in which the result has to be written, too
_CLUSTER_GRACE_SECONDS = 10.0

_LOG = logging.getLogger("scoring")


def run_command(arguments: Sequence[str], stop: StopRequest) -> int:
    """Score the run that `arguments` name and return the exit code; `stop` is given its grace.

    Raises SystemExit with code 2 for arguments that are wrong.
    """
    options = _parser().parse_args(arguments)
    stop.grace = options.grace
    rank = rank_from_environment()
    _log_to_stdout(rank)
    start_telemetry("scoring")
    shared = choose_gpu(rank)
    _LOG.info(
        "run %s of job %s, process %d of %d on %s, GPUs: %s",
        options.run,
        options.job,
        rank.rank,
        rank.size,
        socket.gethostname(),
        ", ".join(visible_gpus()) or "none",
    )
    if shared:
        _LOG.warning("%s", shared)
    styles = None if options.styles == SHELF else Path(options.styles)
    settings = RunSettings(
        # processes of one node share its cores
        threads=options.threads or (0 if rank.size == 1 else 1),
        providers=options.providers,
        styles=styles,
        frames=options.frames,
    )
    try:
        return EXIT_CODES[_run(options, settings, rank, stop)]
    finally:
        stop_telemetry()


def _log_to_stdout(rank: Rank) -> None:
    """Write one line per record, at once; under MPI each begins with the rank, since their logs are mixed."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")
    logging.basicConfig(
        level=logging.INFO,
        stream=sys.stdout,
        format=f"%(asctime)s {f'[{rank.rank}] ' if rank.size > 1 else ''}%(message)s",
        datefmt="%H:%M:%S",
        force=True,
    )
    logging.getLogger("azure").setLevel(logging.WARNING)  # it would write addresses with their signatures


def _run(options: argparse.Namespace, settings: RunSettings, rank: Rank, stop: StopRequest) -> BatchState:
    try:
        progress = run_batch(open_store(options.store), options.job, options.run, settings, rank, stop)
    except Exception as error:
        failure = describe(error)
        _LOG.warning("run %s failed (%s): %s", options.run, failure.code, failure.log)
        return BatchState.CANCELED if stop.requested else BatchState.FAILED
    _LOG.info(
        "run %s %s: %d of %d frames in %.1f s",
        options.run,
        progress.state,
        progress.frames_done,
        progress.frames_total,
        progress.seconds,
    )
    return progress.state


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scoring", description="Scores one run: a batch of segments."
    )
    parser.add_argument(
        "--store", required=True, metavar="URI", help="folder:/PATH, https://ACCOUNT... or env:NAME"
    )
    parser.add_argument("--job", required=True, help="job id")
    parser.add_argument("--run", required=True, help="run id; its request lies in the job's work folder")
    parser.add_argument(
        "--styles",
        default=str(SHIPPED),
        metavar="DIR",
        help=f"folder of styles, or {SHELF} for those in the store's container",
    )
    parser.add_argument(
        "--threads",
        type=_count,
        default=0,
        help="frames painted at the same time at most (default: the cores, under MPI 1; a GPU has 3 streams)",
    )
    parser.add_argument(
        "--frames", type=_count, default=0, help="frames of one call of the model (default 1, on a GPU 4)"
    )
    parser.add_argument("--providers", choices=PROVIDER_CHOICES, default="auto", help="where the model runs")
    parser.add_argument(
        "--grace",
        type=_seconds,
        default=_CLUSTER_GRACE_SECONDS if "AZUREML_RUN_ID" in os.environ else _GRACE_SECONDS,
        metavar="SECONDS",
        help="after SIGTERM, how long the segment in flight may take (default 30, 10 on Azure ML)",
    )
    return parser


def _count(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 256:
        raise argparse.ArgumentTypeError("a number from 1 to 256 is expected")
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 86400:
        raise argparse.ArgumentTypeError("a number of seconds from 0 to 86400 is expected")
    return value
