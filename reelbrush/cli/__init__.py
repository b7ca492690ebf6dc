"""The command line: `reelbrush run`, `serve`, `doctor`, `styles`, `sample`."""

from reelbrush.cli.main import main

__all__ = ["main"]
