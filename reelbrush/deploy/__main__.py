"""`python -m reelbrush.deploy`: before, after and behind `azd up`; nothing has to be installed."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence

from reelbrush.deploy.az import Az
from reelbrush.deploy.preflight import report
from reelbrush.deploy.purge import purge
from reelbrush.deploy.roles import print_roles
from reelbrush.deploy.subscribe import Patience, subscribe
from reelbrush.deploy.values import read_values

_OPTIONS = {
    "environment": ("AZURE_ENV_NAME", "azd's environment [default: the selected one]"),
    "location": ("AZURE_LOCATION", "region, such as westeurope"),
    "subscription": ("AZURE_SUBSCRIPTION_ID", "id of the subscription"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 well, 1 something is to be put right, 2 wrong usage."""
    for stream in (sys.stdout, sys.stderr):  # a name that the terminal cannot show must not end a deployment
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    parser = _parser()
    wished = parser.parse_args(arguments)
    given = {name: getattr(wished, option) for option, (name, _) in _OPTIONS.items()}
    values = read_values({name: value for name, value in given.items() if value})
    az = Az()
    try:
        if wished.command == "preflight":
            return report(values, az)
        if wished.command == "subscribe":
            return subscribe(values, az, Patience(total=wished.seconds, pause=min(10.0, wished.seconds / 10)))
        if wished.command == "roles":
            return print_roles(values, az)
        return purge(values, az, really=wished.yes, living=wished.living_workspace)
    except KeyboardInterrupt:
        print("stopped; the same command may be run again")
        return 130


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    for option, (_, about) in _OPTIONS.items():
        common.add_argument(f"--{option}", default="", help=about)
    parser = argparse.ArgumentParser(prog="python -m reelbrush.deploy", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    about = "check everything that makes deployments fail; each failure with its fix"
    commands.add_parser("preflight", parents=[common], help=about)
    about = "subscribe the app to uploads, after its code is deployed"
    command = commands.add_parser("subscribe", parents=[common], help=about)
    command.add_argument("--seconds", type=float, default=600.0, help="wait at most this long [default: 600]")
    about = "print the role assignments as commands, for an administrator"
    commands.add_parser("roles", parents=[common], help=about)
    about = "list what a deleted deployment leaves behind"
    command = commands.add_parser("purge", parents=[common], help=about)
    command.add_argument("--yes", action="store_true", help="remove it for good")
    command.add_argument(
        "--living-workspace",
        action="store_true",
        help="the workspace that still is there instead, with all its runs: before azd down, so that it "
        "leaves no name behind",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
