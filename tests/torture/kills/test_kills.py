"""kill -9 of whatever takes part in a job of twelve segments: its bytes are the undisturbed ones."""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path

import pytest

from tests.torture.kills.account import Account
from tests.torture.kills.blows import Blows
from tests.torture.kills.place import Place
from tests.torture.toll import FULL, Toll

SEGMENTS = 12
IN_FLIGHT = 3  # segments of a scorer that are encoded and not yet published: one in work, two waiting
FOLDER = ("host", "scorer", "both", "stitch", "pause")
ACCOUNT = ("account", "both", "host", "scorer", "stitch")


def in_order(kinds: list[str]) -> list[str]:
    """Return the kinds of blows with that which waits for all segments last."""
    return sorted(kinds, key=lambda kind: kind == "stitch")


def attack(
    place: Place, film: Path, seed: int, kinds: list[str], undisturbed: str
) -> tuple[str, Counter[str]]:
    """Do the blows to one job; return what is wrong in the end, "" for nothing, and what was killed."""
    dice = random.Random(seed)
    blows = Blows(place, "", dice)
    try:
        place.serve()
        blows.job = place.upload(film)
        for number, kind in enumerate(kinds):
            blows.span = (SEGMENTS * number // len(kinds), SEGMENTS * (number + 1) // len(kinds))
            blows.strike(kind)
        view = place.until(blows.job, lambda view: "endedAt" in view)
        if view["status"] == "Failed" and view["error"]["code"] == "run-failed":
            place.retry(blows.job)  # three runs in a row were killed before they had published anything
            view = place.until(blows.job, lambda view: view["status"] not in ("Failed", "Running", "Pending"))
        if view["status"] != "Succeeded":
            return f"it ended {view['status']}: {view.get('error')}", Counter(blows.killed)
        wrong = compared(place, blows, place.output(view) == undisturbed)
    finally:
        place.stop()
        left = place.left_behind()
        place.end_all()
    return "; ".join([*wrong, *left]), Counter(blows.killed)


def compared(place: Place, blows: Blows, identical: bool) -> list[str]:
    """Return what is wrong with how a job ended, whose output was `identical` or not."""
    wrong = [] if identical else ["other bytes than undisturbed"]
    pages = place.pages(blows.job)
    wrong += [f"{name} was published again" for name, page in blows.proven.items() if pages.get(name) != page]
    painted = place.painted()
    extra = sum(painted.values()) - SEGMENTS
    scorers = blows.killed.count("scorer")
    if set(painted) != set(range(SEGMENTS)) or extra > IN_FLIGHT * scorers:
        wrong.append(f"painted {dict(painted)} with {scorers} scorers killed")
    return wrong


def _tell(toll: Toll, seed: int, kinds: list[str], wrong: str) -> None:
    told = f"seed {seed}, {' '.join(kinds)}: {wrong}"
    if not wrong:
        toll.survived()
    elif "goes on" in wrong or "is left" in wrong:
        toll.leaked(told)
    else:
        toll.lost(told)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.torture("host and scorers killed at any moment, over a folder", full=18, slice=1)
def test_over_a_folder(toll: Toll, tmp_path: Path, film: Path, styles: Path, undisturbed: str) -> None:
    kills = Counter[str]()
    for seed in toll.seeds():
        dice = random.Random(seed)
        kinds = in_order([*dice.choices(FOLDER[:-2], k=1), *dice.sample(FOLDER, 2)])
        wrong, killed = attack(Place(tmp_path / f"served-{seed}", styles), film, seed, kinds, undisturbed)
        kills += killed
        _tell(toll, seed, kinds, wrong)
    toll.figure("killed", ", ".join(f"{count} {what}" for what, count in sorted(kills.items())))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.torture("host, scorers and the storage account killed", full=6, slice=1)
def test_over_an_account(toll: Toll, tmp_path: Path, film: Path, styles: Path, undisturbed: str) -> None:
    kills = Counter[str]()
    for seed in toll.seeds():
        dice = random.Random(seed)
        kinds = in_order(["account", *dice.sample(ACCOUNT[1:], 2 if FULL else 1)])
        account = Account(tmp_path / f"account-{seed}")
        try:
            place = Place(tmp_path / f"beside-{seed}", styles, account)
            wrong, killed = attack(place, film, seed, kinds, undisturbed)
        finally:
            account.kill()
            os.environ.pop("KILLS_ACCOUNT", None)
        kills += killed
        _tell(toll, seed, kinds, wrong)
    toll.figure("killed", ", ".join(f"{count} {what}" for what, count in sorted(kills.items())))
