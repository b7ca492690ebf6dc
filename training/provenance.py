"""Where a style comes from, recorded when its training starts: nobody can reconstruct it later."""

import csv
import hashlib
import json
import platform
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from training.pictures import picture_files
from training.recipe import Recipe
from training.settings import Settings

RECORD = "run.json"
"""File in the run's folder that holds this record."""


@dataclass(frozen=True)
class Ingredients:
    """The files a run is made from. initial: checkpoint of another run that it started from, or None."""

    painting: Path
    photos: Path
    extractor: Path
    initial: Path | None = None


def record(recipe_file: Path, settings: Settings, ingredients: Ingredients, folder: Path) -> None:
    """Write the record of a run into its folder, which is made if need be."""
    recipe = Recipe.read(recipe_file)
    initial = ingredients.initial
    command = (
        f"python -m training train --recipe training/recipes/{recipe_file.name}"
        f" --painting {ingredients.painting.name} --photos {ingredients.photos.name}"
        f" --extractor {ingredients.extractor.name} --run runs/{recipe.name}"
    )
    if initial is not None:
        command += f" --init runs/{initial.parent.name}/{initial.name}"
    versions = f"torch {torch.__version__}, Python {platform.python_version()}"
    content = {
        "recipe": asdict(recipe),
        "command": command,
        "painting_sha256": sha256(ingredients.painting),
        "extractor": {
            "network": "SqueezeNet 1.1, ImageNet",
            "license": "BSD-2-Clause",
            "sha256": sha256(ingredients.extractor),
        },
        "content": describe_photos(ingredients.photos),
        "settings": settings.as_dict(),
        "started_from": None if initial is None else describe_start(initial),
        "trained_on": f"{settings.threads} CPU thread, {versions}",
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RECORD).write_text(json.dumps(content, indent=1))


def describe_start(checkpoint: Path) -> dict[str, Any]:
    """What a checkpoint that a run starts from was trained on itself, and so on back to the first."""
    record_file = checkpoint.parent / RECORD
    before: dict[str, Any] = json.loads(record_file.read_text()) if record_file.exists() else {}
    steps = int(torch.load(checkpoint, weights_only=True)["step"])
    return {
        "style": before.get("recipe", {}).get("name", "unknown"),
        "steps": steps,
        "content": before.get("content"),
        "settings": before.get("settings"),
        "started_from": before.get("started_from"),
    }


def describe_photos(folder: Path) -> dict[str, Any]:
    """Number, common hash and sources of the photos.

    The sources are read from `sources.csv` in the folder (columns file, source, license) when it is there.
    """
    files = picture_files(folder)
    together = hashlib.sha256("".join(sha256(path) for path in files).encode()).hexdigest()
    described: dict[str, Any] = {"pictures": len(files), "sha256": together}
    table = folder / "sources.csv"
    if table.exists():
        with table.open(newline="") as lines:
            sources = Counter((row["source"], row["license"]) for row in csv.DictReader(lines))
        described["sources"] = [
            {"source": source, "license": license_, "pictures": count}
            for (source, license_), count in sorted(sources.items())
        ]
    return described


def sha256(path: Path) -> str:
    """Hex digest of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
