"""What a better product would gain: the same projection with one thing after another taken away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from scaling.constants import Constants
from scaling.films import Film, FrameCost
from scaling.nodes import Node
from scaling.projection import efficiency, project

Change = Callable[[Constants], Constants]

FIXES: tuple[tuple[str, Change], ...] = (
    ("as it is, nodes up", lambda c: c),
    ("writes the index in front at once", lambda c: replace(c, index_moved=0.0)),
    ("and stitches while painting", lambda c: replace(c, stitch_share=0.05)),
    ("and runs that start in 20 s", lambda c: replace(c, run_start=20.0)),
)
"""Each adds to those before it."""

MOST = (1, 2, 3, 4, 5, 7, 10, 14, 20, 28, 40, 57, 80, 100)
"""Numbers of nodes that are looked at."""


@dataclass(frozen=True)
class Gain:
    """The film on `nodes` nodes after a fix and all before it."""

    name: str
    seconds: float
    efficiency: float
    most_nodes: int  # on which the efficiency still is 0.9; 1 at least


def gains(
    film: Film, cost: FrameCost, node: Node, nodes: int, constants: Constants, goal: float
) -> list[Gain]:
    """Return what each fix gives, one upon the other; nodes are up."""
    found: list[Gain] = []
    for name, change in FIXES:
        constants = change(constants)
        one = project(film, cost, node, 1, constants, cold=False)
        many = project(film, cost, node, nodes, constants, cold=False)
        most = most_nodes(film, cost, node, constants, goal)
        found.append(Gain(name, many.seconds, efficiency(one, many), most))
    return found


def most_nodes(film: Film, cost: FrameCost, node: Node, constants: Constants, goal: float) -> int:
    """Return the largest number of nodes of MOST, which are up, with an efficiency of at least `goal`."""
    one = project(film, cost, node, 1, constants, cold=False)
    shares = ((n, efficiency(one, project(film, cost, node, n, constants, cold=False))) for n in MOST)
    return max(n for n, share in shares if share >= goal)
