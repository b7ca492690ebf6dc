"""The options by which `run` and `submit` ask for a painting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--style", default="starry-night", show_default=True, help="One of `reelbrush styles`."),
    click.option(
        "--crf", type=click.IntRange(0, 51), default=18, show_default=True, help="Quality; lower is better."
    ),
    click.option("--hdr", type=click.Choice(["tonemap", "refuse"]), default="tonemap", show_default=True),
    click.option(
        "--strength", metavar="0..1", help="How much of the painting; 0 is the source. [default: 1]"
    ),
    click.option("--preserve-color", is_flag=True, help="The painting's light with the source's colours."),
    click.option("--mix", metavar="STYLE", help="A second style."),
    click.option("--mix-share", metavar="0..1", help="Of the second style. [default: 0.5; with --fade 1]"),
    click.option("--fade", metavar="START-END", help="Bring the second style in, e.g. 0:05-0:07.500."),
    click.option(
        "--precision",
        type=click.Choice(["float32", "int8"]),
        default="float32",
        show_default=True,
        help="int8 is faster on a CPU.",
    ),
)
_PLAIN = ("crf", "hdr", "strength", "preserve_color", "mix", "mix_share", "precision")


def wish_options(command: _Command) -> _Command:
    """Give a command the options of a painting; it takes them as keyword arguments, see `wishes_from`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def wishes_from(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the wishes, as `parse_options` takes them, from a command's keyword arguments."""
    wishes = {name: arguments[name] for name in _PLAIN}
    if arguments["fade"] is not None:
        wishes["fade_start"], _, wishes["fade_end"] = arguments["fade"].partition("-")
    return wishes
