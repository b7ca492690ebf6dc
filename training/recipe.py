"""A recipe: what is said about a style and how it is trained. One JSON file per shipped style."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

UNKNOWN = "unknown: check before publishing"

IMITATION_STEPS = 2500
"""Of a network that learns from another, before its own losses count: see training/distil.py."""

TAUGHT = ("style_size", "style_share", "style_median", "colour_cell")
"""Settings, beside the weights, that make a style what it is."""


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


def taught_recipe(card: Mapping[str, Any], name: str, size: str | None) -> Recipe:
    """The recipe of a smaller network that learns from a style's, by the texts and settings of its card.

    size: the learner's; None is the teacher's.

    Raises ValueError when the card does not say what the style was trained with.
    """
    try:
        provenance, own_size = card["provenance"], size or str(card["size"])
        known: dict[str, Any] = {key: provenance["settings"][key] for key in TAUGHT}
        known |= {f"weights.{key}": value for key, value in provenance["settings"]["weights"].items()}
        return Recipe(
            name=name,
            title=f"{card['title']} ({own_size})",
            description=f"{card['description']} By a smaller network, which learned it from {card['name']}.",
            painting=provenance["painting"],
            legal_status=provenance["legal_status"],
            license=card["license"],
            settings=(f"warmup_steps={IMITATION_STEPS}", *(f"{key}={value}" for key, value in known.items())),
            size=own_size,
        )
    except KeyError as error:
        raise ValueError(f"the card of {card.get('name', 'the teacher')} does not tell {error}") from None
