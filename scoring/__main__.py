"""Command of a run: `python -m scoring --store URI --job JOB --run RUN`; see scoring.command."""

from __future__ import annotations

import sys

from scoring.stop import StopRequest


def main() -> int:
    """Do what the process's arguments say and return the exit code."""
    stop = StopRequest()
    stop.install()
    # only now: importing onnxruntime and FFmpeg takes seconds, in which a signal must not kill the process
    from scoring.command import run_command

    code = run_command(sys.argv[1:], stop)
    stop.uninstall()
    return code


if __name__ == "__main__":
    sys.exit(main())
