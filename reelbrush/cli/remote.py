"""The commands that speak with a served app, here or in the cloud."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from reelbrush.cli.wish_options import wish_options, wishes_from

HERE = "http://127.0.0.1:7071"

_Command = TypeVar("_Command", bound=Callable[..., Any])


_KEY = click.option(
    "--key-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File with the app's key; or REELBRUSH_KEY.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")


def _app_options(command: _Command) -> _Command:
    """Give a command the options that name the app; it takes `url` and `key_file`."""
    url = click.option(
        "--url", envvar="REELBRUSH_URL", default=HERE, show_default=True, help="Of the app; or REELBRUSH_URL."
    )
    return url(_KEY(command))


_QUIET = click.option("-q", "--quiet", is_flag=True, help="No progress.")
_TIMEOUT = click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="Watch no longer: exit code 5.",
)


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@wish_options
@click.option("--watch", is_flag=True, help="Follow the job to its end.")
@_TIMEOUT
@click.option("--json", "as_json", is_flag=True, help="Print the job as one JSON document on stdout.")
@_QUIET
@_app_options
def submit(
    source: Path,
    style: str,
    watch: bool,
    timeout: float | None,
    as_json: bool,
    quiet: bool,
    url: str,
    key_file: Path | None,
    **wishes: Any,
) -> None:
    """Upload SOURCE to a served app and print the id of its job.

    Exit codes: 0 done (with --watch: the job succeeded), 1 it failed, 2 wrong usage, 3 no such file, 4 the
    app cannot be reached or wants another key, 5 watched too long, 130 interrupted.
    """
    from reelbrush.cli.submit import Submission, submit_file
    from reelbrush.job import parse_options

    try:
        options = parse_options(wishes_from(wishes))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    request = Submission(source, style, options, watch or timeout is not None, timeout, as_json, quiet)
    sys.exit(submit_file(request, url, key_file))


@click.command()
@click.argument("job", metavar="ID")
@click.option("--watch", is_flag=True, help="Follow the job to its end.")
@_TIMEOUT
@click.option("--json", "as_json", is_flag=True, help="Print JSON; with --watch one line for each change.")
@_QUIET
@_app_options
def status(
    job: str, watch: bool, timeout: float | None, as_json: bool, quiet: bool, url: str, key_file: Path | None
) -> None:
    """Tell how a job is getting on. Ctrl-C ends the watching, never the job.

    Exit codes: 0 fine, 1 the job failed or was canceled, 3 no such job, 4, 5 and 130 as of submit.
    """
    from reelbrush.cli.status import Watching, tell_status

    watching = Watching(watch or timeout is not None, timeout, as_json, quiet)
    sys.exit(tell_status(job, watching, url, key_file))


@click.command("list")
@click.option("--top", type=click.IntRange(1, 10_000), default=20, show_default=True)
@click.option(
    "--status",
    "wanted",
    type=click.Choice(["NotStarted", "Running", "Succeeded", "Failed", "Canceled"], case_sensitive=False),
    help="Only jobs in this state.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
@_app_options
def list_command(top: int, wanted: str | None, as_json: bool, url: str, key_file: Path | None) -> None:
    """List the app's jobs, newest first."""
    from reelbrush.cli.listing import list_jobs

    sys.exit(list_jobs(top, wanted, as_json, url, key_file))


@click.command()
@click.argument("job", metavar="ID")
@click.option("--batch", type=click.IntRange(0), help="[default: the one that tells most]")
@click.option("--lines", type=click.IntRange(1, 2000), default=200, show_default=True)
@click.option("--follow", is_flag=True, help="Go on until the job has ended.")
@_app_options
def logs(job: str, batch: int | None, lines: int, follow: bool, url: str, key_file: Path | None) -> None:
    """Print the last lines of the log of a batch's latest run."""
    from reelbrush.cli.logs import print_log

    sys.exit(print_log(job, batch, lines, follow, url, key_file))


@click.command()
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path))
@wish_options
@click.option("--url", envvar="REELBRUSH_URL", help="Ask this app; or REELBRUSH_URL. [default: this machine]")
@click.option("--nodes", type=click.IntRange(1, 1000), default=4, show_default=True, help="Of the cluster.")
@_KEY
@_JSON
def quote(
    source: Path, style: str, url: str | None, nodes: int, key_file: Path | None, as_json: bool, **wishes: Any
) -> None:
    """Tell what painting FILE would take and cost, each number as a range and with its basis.

    An app is asked if one is named. Without one this machine's speed is measured for two seconds, and from
    the price table follows what a cluster of each VM size would take, which is reckoned, not measured. Exit
    codes: 0 fine, 1 it cannot be told, 2 wrong usage, 3 no such file, 4 as of submit.
    """
    from reelbrush.cli.quote import QuoteRequest, quote_file
    from reelbrush.job import parse_options

    try:
        options = parse_options(wishes_from(wishes))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    sys.exit(quote_file(QuoteRequest(source, style, options, nodes, as_json), url or None, key_file))


@click.command()
@click.argument("job", metavar="ID")
@click.option("--max-cost", type=click.FloatRange(0, min_open=True), help="What may be spent on it.")
@_app_options
def approve(job: str, max_cost: float | None, url: str, key_file: Path | None) -> None:
    """Agree to what a job costs that waits for approval; without --max-cost to whatever it is.

    A job that failed for its cost can be approved too, and then be retried.
    """
    from reelbrush.cli.approve import approve_job

    sys.exit(approve_job(job, max_cost, url, key_file))


@click.command()
@click.argument("job", metavar="ID")
@_app_options
def cancel(job: str, url: str, key_file: Path | None) -> None:
    """Stop a job and everything that runs for it. What was published is kept for a retry."""
    from reelbrush.cli.steer import cancel_job

    sys.exit(cancel_job(job, url, key_file))


@click.command()
@click.argument("job", metavar="ID")
@click.option("--watch", is_flag=True, help="Follow the job to its end.")
@_QUIET
@_app_options
def retry(job: str, watch: bool, quiet: bool, url: str, key_file: Path | None) -> None:
    """Start a failed or canceled job again; only what is missing is painted."""
    from reelbrush.cli.steer import retry_job

    sys.exit(retry_job(job, watch, quiet, url, key_file))


@click.command()
@click.argument("job", metavar="ID")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="File or folder. [default: the output's name]"
)
@_QUIET
@_app_options
def download(job: str, output: Path | None, quiet: bool, url: str, key_file: Path | None) -> None:
    """Fetch the output of a job that has succeeded and print its path."""
    from reelbrush.cli.download import download_output

    sys.exit(download_output(job, output, quiet, url, key_file))


remote_commands: tuple[click.Command, ...] = (
    quote,
    submit,
    status,
    list_command,
    logs,
    approve,
    cancel,
    retry,
    download,
)
"""All of them, for the command group."""
