"""A recipe: what is said about a style and how it is trained. One JSON file per shipped style."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

UNKNOWN = "unknown: check before publishing"


@dataclass(frozen=True)
class Recipe:
    """name: folder below styles/, lower case with hyphens. title, description: for people.

    painting: what is painted after ("title, creator, year, source"). legal_status: why it may be used.
    license: of the trained model. settings: changes to the defaults, `NAME=NUMBER` (see
    training/settings.py). size: draft, standard or fine.
    """

    name: str
    title: str
    description: str
    painting: str
    legal_status: str
    license: str
    settings: tuple[str, ...]
    size: str = "standard"

    @classmethod
    def read(cls, path: Path) -> "Recipe":
        """Raises ValueError naming the file when a field is missing, unknown or of a wrong type."""
        try:
            fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            settings = fields.pop("settings", [])
            texts_only = all(isinstance(value, str) for value in fields.values())
            if not isinstance(settings, list) or not texts_only:
                raise ValueError("settings is a list of texts, everything else is a text")
            return cls(settings=tuple(map(str, settings)), **fields)
        except (TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"{path}: {error}") from None
