"""`python -m training`: what shipping styles needs beside `reelbrush train`."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import click
from PIL import Image

from reelbrush.errors import ReelbrushError
from training.order import FROM_NOTHING, TrainOrder
from training.paintings import PAINTINGS

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
PATH = click.Path(exists=True, path_type=Path)
NEW = click.Path(path_type=Path)


@click.group()
def main() -> None:
    """Pictures to learn from, and styles from trainings. To train: `reelbrush train`."""


@contextmanager
def told() -> Generator[None]:
    """What is missing or wrong ends a command with its reason."""
    try:
        yield
    except (OSError, ValueError, ReelbrushError) as error:
        raise click.ClickException(str(error)) from None


@main.command()
@click.argument("name", type=click.Choice(sorted(PAINTINGS)))
@click.argument("file", type=NEW)
@click.option("--side", default=1024, show_default=True, help="Width and height in px.")
@click.option("--seed", default=1, show_default=True)
def picture(name: str, file: Path, side: int, seed: int) -> None:
    """Compute a picture to train on and write it to FILE."""
    Image.fromarray(PAINTINGS[name](side, seed)).save(file)


@main.command()
@click.argument("training", type=FOLDER)
@click.argument("out", type=NEW)
@click.option(
    "--picture",
    "pictures",
    type=FILE,
    multiple=True,
    required=True,
    help="Steadiness is measured on these; the first becomes before.jpg and after.jpg.",
)
def publish(training: Path, out: Path, pictures: tuple[Path, ...]) -> None:
    """Make the style OUT again from the checkpoint in a folder TRAINING, as the end of a training does."""
    # Only here, so that computing a picture needs no torch.
    from training.card import publish as publish_style

    with told():
        click.echo(publish_style(training, out, pictures))


@main.command()
@click.argument("teacher", type=FOLDER)
@click.option("--out", type=NEW, required=True, help="Folder of the style to be made.")
@click.option("--painting", type=FILE, required=True, help="What the teacher was trained on.")
@click.option("--content", type=PATH, multiple=True, required=True, help="Folders of photos, or videos.")
@click.option("--extractor", type=FILE, required=True)
@click.option("--size", type=click.Choice(["draft", "standard", "fine"]), default="draft", show_default=True)
@click.option("--steps", default=2000, show_default=True, help="After the warm-up, which is imitation alone.")
@click.option("--threads", default=1, show_default=True)
@click.option("--set", "changes", multiple=True, metavar="NAME=NUMBER", help="See training/settings.py.")
def distil(
    teacher: Path,
    out: Path,
    painting: Path,
    content: tuple[Path, ...],
    extractor: Path,
    size: str,
    steps: int,
    threads: int,
    changes: tuple[str, ...],
) -> None:
    """Train a small network to paint what the style in the folder TEACHER paints.

    Texts and settings are the teacher's, from its card. The same command goes on after an interruption.
    """
    from training.command import summary, train
    from training.report import open_report

    order = TrainOrder(
        painting=painting,
        content=content,
        out=out,
        styles=teacher.parent,
        extractor=extractor,
        size=size,
        steps=steps,
        start_from=FROM_NOTHING,
        threads=threads,
        changes=changes,
        teacher=teacher,
    )
    with told():
        trained = train(order, open_report())
    for word, text in summary(trained):
        click.echo(f"{word:<10} {text}")


@main.command()
@click.argument("style", type=FOLDER)
@click.option("--painting", type=FILE, required=True, help="What the style was trained on.")
@click.option("--extractor", type=FILE, required=True)
@click.option(
    "--content",
    type=PATH,
    multiple=True,
    required=True,
    help="As trained on.",
)
@click.option("--photo", "photos", type=FILE, multiple=True, required=True)
@click.option("--steps", default=300, show_default=True, help="Of the optimisation that sets the bar.")
def judge(
    style: Path,
    painting: Path,
    extractor: Path,
    content: tuple[Path, ...],
    photos: tuple[Path, ...],
    steps: int,
) -> None:
    """Measure gates, flicker and the distance to optimisation of STYLE and enter them in its card."""
    from training.judgement import judge_style

    with told():
        for name, value in judge_style(style, painting, extractor, content, photos, steps).items():
            click.echo(f"{name}: {value}")


@main.command("quantise")
@click.argument("style", type=FOLDER)
@click.option(
    "--calibration",
    type=click.Path(exists=True, path_type=Path),
    required=True,
    help="A folder of at least 4 pictures, or, for imported styles, a video; every other one is measured on.",
)
def quantise_style(style: Path, calibration: Path) -> None:
    """Make the int8 variant of the style in the folder STYLE and enter it in its card."""
    from training.imported.quantise import quantise_imported
    from training.quantise import quantise
    from training.weights import is_style_net

    with told():
        quantiser = quantise if is_style_net(style / "model.onnx") else quantise_imported
        made = quantiser(style, calibration)
    click.echo(
        f"{style / made.file}: {made.psnr_db} dB from float, {made.psnr_db_worst} dB on the worst of"
        f" {made.pictures} pictures, {made.cpu_ms_per_frame_640x360} ms per frame instead of {made.float_ms}"
    )


@main.command()
@click.argument("styles", type=FOLDER, nargs=-1, required=True)
def renew(styles: tuple[Path, ...]) -> None:
    """Export STYLES again from their own weights; their int8 variants go and have to be made again."""
    from training.renewal import renew as renew_style

    with told():
        for style in styles:
            before, now = renew_style(style)
            click.echo(f"{style}: {now} ms per frame, {before} before")


if __name__ == "__main__":
    main()
