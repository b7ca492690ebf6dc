"""The command line of a run, and what its exit code says.

0: the batch (under MPI: this process's share) is published; 2: the command line is wrong; 3: the run failed,
its result document says why; 75: it was stopped on request and may be started again.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from reelbrush.job import BatchState
from reelbrush.store import open_store
from reelbrush.telemetry import start_telemetry, stop_telemetry
from scoring.batch import RunSettings, run_batch
from scoring.failures import describe
from scoring.mpi import Rank, choose_gpu, rank_from_environment
from scoring.session import PROVIDER_CHOICES
from scoring.stop import StopRequest
from scoring.styles import SHIPPED

EXIT_CODES = {BatchState.DONE: 0, BatchState.FAILED: 3, BatchState.CANCELED: 75}

_LOG = logging.getLogger("scoring")


def run_command(arguments: Sequence[str], stop: StopRequest) -> int:
    """Score the run that `arguments` name and return the exit code; `stop` is given its grace.

    Raises SystemExit with code 2 for arguments that are wrong.
    """
    options = _parser().parse_args(arguments)
    stop.grace = options.grace
    logging.basicConfig(
        level=logging.INFO,
        stream=sys.stdout,
        format="%(asctime)s %(message)s",
        datefmt="%H:%M:%S",
        force=True,
    )
    logging.getLogger("azure").setLevel(logging.WARNING)
    start_telemetry("scoring")
    rank = rank_from_environment()
    choose_gpu(rank)
    settings = RunSettings(threads=options.threads, providers=options.providers, styles=options.styles)
    try:
        return EXIT_CODES[_run(options, settings, rank, stop)]
    finally:
        stop_telemetry()


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
    parser.add_argument("--styles", type=Path, default=SHIPPED, metavar="DIR", help="folder of styles")
    parser.add_argument(
        "--threads", type=_count, default=1, help="frames painted at the same time (default 1)"
    )
    parser.add_argument("--providers", choices=PROVIDER_CHOICES, default="auto", help="where the model runs")
    parser.add_argument(
        "--grace",
        type=_seconds,
        default=30.0,
        metavar="SECONDS",
        help="after SIGTERM, how long the segment in flight may take (default 30)",
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
