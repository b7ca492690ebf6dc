"""Where a style comes from, recorded when its training starts: nobody can reconstruct it later."""

import csv
import hashlib
import json
import platform
import shutil
import subprocess
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

import reelbrush
from training.card_file import CARD, MODEL, read_card
from training.content import content_files
from training.digest import sha256
from training.extractors import ExtractorFacts
from training.order import TrainOrder
from training.recipe import UNKNOWN, Recipe
from training.settings import Settings
from training.whole_file import write_whole

RECORD = "run.json"
"""File in the training's folder that holds this record."""

MAY_CHANGE = ("threads", "steps")
"""Settings with which a training can be continued although it was begun with others."""


def new_record(
    order: TrainOrder, recipe: Recipe, settings: Settings, extractor: ExtractorFacts, device: str
) -> dict[str, Any]:
    """Everything that a training is made from, ready for JSON. device: what it runs on, for people."""
    return {
        "recipe": asdict(recipe),
        "command": order.command(),
        "painting_sha256": sha256(order.painting),
        "extractor": extractor.as_dict(),
        "content": describe_content(order.content),
        "settings": settings.as_dict(),
        "started_from": None,
        **({} if order.teacher is None else {"taught_by": describe_start(order.teacher / MODEL)}),
        "trained_on": f"{device}, torch {torch.__version__}, Python {platform.python_version()}",
        "made_with": made_with(),
    }


def write_record(record: dict[str, Any], folder: Path) -> None:
    """Write the record of a training into its folder, whole or not at all."""
    write_whole(folder / RECORD, json.dumps(record, indent=1, ensure_ascii=False))


def read_record(folder: Path) -> dict[str, Any] | None:
    """The record in a folder, or None when no training was begun there. Raises ValueError if damaged."""
    path = folder / RECORD
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}. Delete {folder} to begin again") from None


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What keeps a training that was begun with one record from being continued with another."""
    found = [
        name
        for name in ("painting_sha256", "extractor", "content")
        if before.get(name) != json.loads(json.dumps(now[name]))
    ]
    found += ["teacher"] if before.get("taught_by") != json.loads(json.dumps(now.get("taught_by"))) else []
    old, new = before.get("settings", {}), json.loads(json.dumps(now["settings"]))
    found += [name for name in new if name not in MAY_CHANGE and old.get(name) != new[name]]
    return found


def describe_start(model: Path) -> dict[str, Any]:
    """What a style that a training begins with was trained on itself, and so on back to the first.

    model: its ONNX file; its card is expected beside it.
    """
    card = read_card(model.parent) if model.with_name(CARD).is_file() else {}
    provenance: dict[str, Any] = card.get("provenance", {})
    known = ["steps", "content", "settings", "started_from"]
    known += ["taught_by"] if "taught_by" in provenance else []
    return {
        "style": card.get("name", "unknown"),
        "model_sha256": sha256(model),
        **{name: provenance.get(name) for name in known},
    }


def describe_content(paths: Sequence[Path]) -> dict[str, Any]:
    """Number, common hash and sources of the pictures and videos.

    The sources are read from `sources.csv` in the folders (columns file, source, license) where it is there;
    lines about files that are not among the pictures do not count. Raises ValueError when it has no such
    columns or is no text.
    """
    pictures, videos, sources = list[Path](), list[Path](), Counter[tuple[str, str]]()
    for path in paths:
        more_pictures, more_videos = content_files(path)
        pictures += more_pictures
        videos += more_videos
        table = path / "sources.csv"
        if table.is_file():
            sources.update(_sources(table, {picture.name for picture in more_pictures}))
    together = hashlib.sha256("".join(map(sha256, [*pictures, *videos])).encode()).hexdigest()
    described: dict[str, Any] = {"pictures": len(pictures), "videos": len(videos), "sha256": together}
    if sources:
        described["sources"] = [
            {"source": source, "license": license_, "pictures": count}
            for (source, license_), count in sorted(sources.items())
        ]
    return described


def _sources(table: Path, names: Collection[str]) -> list[tuple[str, str]]:
    try:
        # Spreadsheets put a byte order mark before the first column's name.
        with table.open(newline="", encoding="utf-8-sig") as lines:
            rows = csv.DictReader(lines)
            missing = {"file", "source", "license"} - set(rows.fieldnames or ())
            if missing:
                raise ValueError(f"it has no column {', '.join(sorted(missing))}")
            found = [row for row in rows if row["file"] in names]
    except (ValueError, csv.Error) as error:
        raise ValueError(f"{table} cannot be read: {error}") from None
    return [(row["source"] or UNKNOWN, row["license"] or UNKNOWN) for row in found]


def made_with() -> dict[str, str | None]:
    """The product's version, and its commit when it runs from a checkout."""
    git, home = shutil.which("git"), Path(__file__).resolve().parent.parent
    commit = None
    if git is not None and (home / ".git").exists():
        asked = subprocess.run(
            [git, "-C", str(home), "rev-parse", "HEAD"], capture_output=True, text=True, check=False
        )
        commit = asked.stdout.strip() or None
    return {"reelbrush": reelbrush.__version__, "commit": commit}
