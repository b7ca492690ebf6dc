"""`python -m training`: compute a picture, train a style on a picture, publish the trained style."""

from pathlib import Path

import click
from PIL import Image

from training.paintings import PAINTINGS

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
NEW = click.Path(path_type=Path)


@click.group()
def main() -> None:
    """From one painting to a style."""


@main.command()
@click.argument("name", type=click.Choice(sorted(PAINTINGS)))
@click.argument("file", type=NEW)
@click.option("--side", default=1024, show_default=True, help="Width and height in px.")
@click.option("--seed", default=1, show_default=True)
def picture(name: str, file: Path, side: int, seed: int) -> None:
    """Compute a picture to train on and write it to FILE."""
    Image.fromarray(PAINTINGS[name](side, seed)).save(file)


@main.command()
@click.option("--recipe", "recipe_file", type=FILE, required=True, help="JSON file, see training/recipes/.")
@click.option("--painting", type=FILE, required=True, help="The picture to learn from.")
@click.option("--photos", type=FOLDER, required=True, help="Photographs to practise on.")
@click.option("--extractor", type=FILE, required=True, help="ONNX file of SqueezeNet 1.1.")
@click.option(
    "--run", type=NEW, required=True, help="Checkpoint, log, previews; the same command continues it."
)
@click.option("--init", type=FILE, help="checkpoint.pt of another style, to start from.")
@click.option("--preview", type=FILE, multiple=True, help="Photo to paint now and then.")
@click.option("--set", "changes", multiple=True, metavar="NAME=NUMBER", help="See training/settings.py.")
def train(
    recipe_file: Path,
    painting: Path,
    photos: Path,
    extractor: Path,
    run: Path,
    init: Path | None,
    preview: tuple[Path, ...],
    changes: tuple[str, ...],
) -> None:
    """Train a style to the last step of its settings."""
    # Only here, so that computing a picture needs no torch.
    from training.content import Photos
    from training.extractor import SqueezeNet
    from training.loop import Trainer
    from training.provenance import Ingredients, record
    from training.recipe import Recipe

    settings = Recipe.read(recipe_file).training_settings(changes)
    trainer = Trainer(settings, painting, Photos(photos), SqueezeNet.from_onnx(extractor), run)
    if not trainer.resume():
        record(recipe_file, settings, Ingredients(painting, photos, extractor, init), run)
        if init is not None:
            trainer.start_from(init)
    trainer.run(list(preview))


@main.command()
@click.option("--run", type=FOLDER, required=True, help="Folder of a finished training.")
@click.option("--styles", type=NEW, default=Path("styles"), show_default=True)
@click.option("--thumbnail", type=FILE, required=True, help="Photo for before.jpg and after.jpg.")
@click.option(
    "--test-photo", type=FILE, multiple=True, required=True, help="Steadiness is measured on these."
)
def publish(run: Path, styles: Path, thumbnail: Path, test_photo: tuple[Path, ...]) -> None:
    """Export a trained style with its card and thumbnails."""
    from training.card import publish as publish_run

    click.echo(publish_run(run, styles, thumbnail, list(test_photo)))


if __name__ == "__main__":
    main()
