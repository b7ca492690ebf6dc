"""A recipe: what is said about a style and how it is trained. One JSON file per shipped style."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.settings import Settings, changed


@dataclass(frozen=True)
class Recipe:
    """name: folder below styles/, lower case with hyphens. title, description: for people.

    painting: what is painted after ("title, creator, year, source"). legal_status: why it may be used.
    license: of the trained model. settings: changes to the defaults, `NAME=NUMBER` (see
    training/settings.py).
    """

    name: str
    title: str
    description: str
    painting: str
    legal_status: str
    license: str
    settings: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> "Recipe":
        """Raises ValueError naming the file when a field is missing, unknown or of a wrong type."""
        fields: dict[str, Any] = json.loads(path.read_text())
        try:
            settings = tuple(map(str, fields.pop("settings", ())))
            recipe = cls(settings=settings, **fields)
            changed(recipe.settings)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path}: {error}") from None
        return recipe

    def training_settings(self, more: tuple[str, ...] = ()) -> Settings:
        """The recipe's settings with further changes on top."""
        return changed((*self.settings, *more))
