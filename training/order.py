"""What is asked for when a style is to be trained. Nothing here needs torch."""

import shlex
from dataclasses import dataclass, field, replace
from pathlib import Path

from training.card_file import read_card
from training.recipe import UNKNOWN, Recipe, taught_recipe

DEFAULT_START = "stained-glass"
"""Shipped style whose weights a training of the same size begins with: that halves its time."""

FROM_NOTHING = "none"


@dataclass(frozen=True)
class TrainOrder:
    """One `reelbrush train`.

    painting: picture to learn from. content: folders of photographs, or videos. out: folder to be made,
    `styles/NAME`. extractor: weights file, or None for torchvision's VGG16. size: draft, standard or fine;
    None takes the recipe's. minutes: time budget from which the number of steps follows, unless `steps` are
    given. start_from: name of a style, folder of one, ONNX file or `none`; None is the shipped default where
    its size fits. styles: folder in which names are looked up. threads: of the CPU, at least 1. previews:
    pictures that are painted now and then; none takes some from the content. changes: `NAME=NUMBER`, see
    training/settings.py. recipe: JSON file with texts and settings. teacher: folder of a
    style whose network is imitated (see training/distil.py), or None. texts: fields of a
    :class:`training.recipe.Recipe` by name, over the recipe's.
    """

    painting: Path
    content: tuple[Path, ...]
    out: Path
    styles: Path
    extractor: Path | None = None
    size: str | None = None
    minutes: float = 60.0
    steps: int | None = None
    seed: int | None = None
    start_from: str | None = None
    threads: int = 1
    previews: tuple[Path, ...] = ()
    changes: tuple[str, ...] = ()
    recipe: Path | None = None
    teacher: Path | None = None
    texts: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def folder(self) -> Path:
        """Where checkpoint, log and previews are kept: beside the style, not in it."""
        return self.out.with_name(self.out.name + ".training")

    def full_recipe(self) -> Recipe:
        """The recipe with everything filled in. Raises ValueError when its file or a text is wrong."""
        name = self.out.name
        if self.teacher is not None:
            recipe = taught_recipe(read_card(self.teacher), name, self.size)
        elif self.recipe is not None:
            recipe = replace(Recipe.read(self.recipe), name=name)
        else:
            title = name.replace("-", " ").title()
            recipe = Recipe(
                name=name,
                title=title,
                description="",
                painting=self.painting.stem,
                legal_status=UNKNOWN,
                license=UNKNOWN,
                settings=(),
            )
        recipe = replace(recipe, size=self.size or recipe.size, **self.texts)
        return recipe if recipe.description else replace(recipe, description=f"After {recipe.painting}.")

    def command(self) -> str:
        """The command line that asks for this, without the folders of this machine and without defaults."""
        words = ["reelbrush", "train"]
        if self.teacher is not None:
            words = ["python", "-m", "training", "distil", f"styles/{self.teacher.name}"]
        words += ["--painting", self.painting.name]
        for path in self.content:
            words += ["--content", path.name]
        words += ["--out", f"styles/{self.out.name}"]
        if self.extractor is not None:
            words += ["--extractor", self.extractor.name]
        if self.recipe is not None:
            words += ["--recipe", f"training/recipes/{self.recipe.name}"]
        if self.size is not None:
            words += ["--size", self.size]
        words += ["--minutes", f"{self.minutes:g}"] if self.steps is None else ["--steps", str(self.steps)]
        if self.seed is not None:
            words += ["--seed", str(self.seed)]
        if self.start_from is not None and self.teacher is None:
            words += ["--start-from", Path(self.start_from).name]
        words += ["--threads", str(self.threads)]
        for change in self.changes:
            words += ["--set", change]
        for name, text in self.texts.items():
            words += ["--painting-text" if name == "painting" else f"--{name.replace('_', '-')}", text]
        return shlex.join(words)
