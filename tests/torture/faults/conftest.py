"""The undisturbed plays that all others are measured by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.torture.faults.film import make_film, what_is_wrong
from tests.torture.faults.places import Injector, Place
from tests.torture.faults.play import played_in
from tests.torture.faults.world import MODES, World


@dataclass(frozen=True)
class Undisturbed:
    """How the job goes when nothing goes wrong."""

    film: Path
    sha256: str  # of the output
    places: dict[str, Sequence[Place]]  # by mode, in order


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """Play once in each mode."""
    folder = tmp_path_factory.mktemp("undisturbed")
    film = make_film(folder / "film.mp4")
    digests: set[str] = set()
    places: dict[str, Sequence[Place]] = {}
    for mode in MODES:
        world = World(folder / mode, film, mode, Injector())
        played = played_in(world)
        end = played.last[world.job]
        assert (end.state, played.left, played.errors, played.trouble) == ("Succeeded", [], [], ""), played
        assert world.published.pages == 12 and not world.published.again
        (output,) = world.store.list("output")
        assert what_is_wrong(world.store.path("output", output.name)) == ""
        digests.add(end.sha256)
        places[mode] = tuple(world.injector.seen)
    (digest,) = digests
    return Undisturbed(film, digest, places)
