"""The command group. Commands import what they need when they run, so that --help answers at once."""

from __future__ import annotations

import errno
import sys
from pathlib import Path
from typing import Any

import click

from reelbrush import __version__
from reelbrush.cli.remote import remote_commands
from reelbrush.cli.wish_options import wish_options, wishes_from


class _Commands(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        """See `click.Group.invoke`; arguments that no file can be named are wrong usage."""
        try:
            return super().invoke(ctx)
        except UnicodeEncodeError as error:
            raise click.UsageError(f"{error.object!r} is no text, and no name of a file") from None
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                raise click.UsageError(f"the name is too long for a file: {error.filename}") from None
            raise click.ClickException(str(error)) from None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="reelbrush")
def main() -> None:
    """Repaint every frame of a video in the style of a painting, sound and subtitles untouched."""


@main.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True)
@wish_options
@click.option(
    "--workers", type=click.IntRange(1, 64), default=None, help="Frames painted at a time. [default: cores]"
)
@click.option("--batch-frames", type=click.IntRange(1), default=None, help="Frames scored by one process.")
@click.option("--keep", is_flag=True, help="Keep the work folder after success.")
@click.option(
    "--work-dir", type=click.Path(path_type=Path, file_okay=False), help="[default: OUTPUT's name .reelbrush]"
)
@click.option("--json", "as_json", is_flag=True, help="Print the job as one JSON document on stdout.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def run(
    source: Path,
    output: Path,
    style: str,
    workers: int | None,
    batch_frames: int | None,
    keep: bool,
    work_dir: Path | None,
    as_json: bool,
    quiet: bool,
    **wishes: Any,
) -> None:
    """Repaint SOURCE into OUTPUT on this machine. The same command again resumes interrupted work.

    Ctrl-C once finishes what is running and keeps the work; twice stops at once. Exit codes: 0 done, 1 the
    job failed, 2 wrong usage, 3 not found, 4 the host cannot be started, 130 interrupted.
    """
    from reelbrush.cli.run import RunRequest, run_local
    from reelbrush.job import parse_options

    try:
        options = parse_options(wishes_from(wishes))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if not output.name:
        raise click.UsageError(f"{output} names no file for the painting")
    request = RunRequest(
        source=source,
        output=output,
        style=style,
        options=options,
        workers=workers,
        batch_frames=batch_frames,
        keep=keep,
        work_dir=work_dir or output.with_name(output.stem[:60] + ".reelbrush"),
        as_json=as_json,
        quiet=quiet,
    )
    sys.exit(run_local(request))


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("reelbrush-store"))
@click.option("--port", type=click.IntRange(0, 65535), default=7071, show_default=True)
@click.option(
    "--workers", type=click.IntRange(1, 64), default=None, help="Frames painted at a time. [default: cores]"
)
@click.option("--style", default="starry-night", show_default=True, help="For uploads that name none.")
@click.option("--store", metavar="URI", help="env:NAME or https://ACCOUNT.blob...: an account instead.")
def serve(folder: Path, port: int, workers: int | None, style: str, store: str | None) -> None:
    """Serve the app and its page on 127.0.0.1 and repaint every video put into FOLDER/input/[STYLE/].

    Results appear in FOLDER/output/. With --store the videos are blobs of a storage account, by a connection
    string in the environment variable NAME or by your identity; FOLDER keeps history and log alone. Running
    jobs survive restarts.
    """
    from reelbrush.cli.serve import ServeRequest, serve_local

    sys.exit(serve_local(ServeRequest(folder, store, port, workers, style)))


@main.command()
@click.option("--json", "as_json", is_flag=True)
def styles(as_json: bool) -> None:
    """List the styles."""
    from reelbrush.cli.styles import print_styles
    from reelbrush.errors import ReelbrushError

    try:
        print_styles(as_json)
    except ReelbrushError as error:
        raise click.ClickException(str(error)) from None


@main.command("check-style")
@click.argument("file", type=click.Path(exists=True, path_type=Path, dir_okay=False))
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write the style folder here.")
@click.option("--title", default="", help="For the card.")
@click.option("--license", "license_text", default="", help="For the card. [default: what the file says]")
@click.option("--channels", type=click.Choice(["RGB", "BGR"]), help="State the order of colours.")
@click.option("--range", "value_range", type=(float, float), help="State its values for black and white.")
@click.option("--output-range", type=(float, float), help="The same of its output.")
@click.option(
    "--picture", type=click.Path(exists=True, path_type=Path, dir_okay=False), help="For thumbnails."
)
@click.option("--json", "as_json", is_flag=True)
def check_style(
    file: Path,
    out: Path | None,
    title: str,
    license_text: str,
    channels: str | None,
    value_range: tuple[float, float] | None,
    output_range: tuple[float, float] | None,
    picture: Path | None,
    as_json: bool,
) -> None:
    """Find out what the ONNX model FILE takes and gives, and whether it can be a style.

    Nothing has to be known of it. Exit codes: 0 accepted, 1 refused (with the reason and the fix), 2 usage.
    """
    from reelbrush.cli.check_style import CheckRequest, check_style
    from reelbrush.errors import ReelbrushError
    from scoring.check.card import Text
    from scoring.check.examine import Stated

    request = CheckRequest(
        data=file.read_bytes(),
        name=file.name,
        out=out,
        text=Text(title=title, license=license_text, provenance={"file": file.name}),
        stated=Stated(channels, value_range, output_range),
        picture=picture,
        as_json=as_json,
    )
    try:
        sys.exit(check_style(request))
    except ReelbrushError as error:
        raise click.UsageError(str(error)) from None


@main.command("import-style")
@click.argument("file", type=click.Path(exists=True, path_type=Path, dir_okay=False))
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="styles/NAME")
@click.option("--title", default="", help="For the card.")
@click.option("--license", "license_text", default="", help="For the card.")
@click.option(
    "--picture", type=click.Path(exists=True, path_type=Path, dir_okay=False), help="For thumbnails."
)
@click.option("--json", "as_json", is_flag=True)
def import_style(
    file: Path, out: Path, title: str, license_text: str, picture: Path | None, as_json: bool
) -> None:
    """Make a style of FILE, a checkpoint (.pth, .model) of fast neural style's TransformerNet.

    Needs torch to read it: pip install 'reelbrush[train]'. Exit codes as of check-style.
    """
    from reelbrush.cli.import_style import import_style
    from reelbrush.errors import ReelbrushError
    from scoring.check.card import Text

    try:
        sys.exit(import_style(file, out, Text(title=title, license=license_text), picture, as_json))
    except ReelbrushError as error:
        raise click.UsageError(str(error)) from None


@main.command()
@click.option("--azure", is_flag=True, help="Check the cluster that REELBRUSH_WORKSPACE names instead.")
@click.option("--deploy", is_flag=True, help="Check instead what a deployment with azd up needs.")
@click.option("--environment", metavar="NAME", default="", help="With --deploy: azd's environment.")
@click.option("--location", metavar="REGION", default="", help="With --deploy: the region.")
def doctor(azure: bool, deploy: bool, environment: str, location: str) -> None:
    """Check that everything a local run needs is there; every failure comes with its fix."""
    if deploy:
        from reelbrush.cli.doctor_deploy import diagnose_deploy

        sys.exit(diagnose_deploy(environment, location))
    if azure:
        from reelbrush.cli.doctor_azure import diagnose_azure

        sys.exit(diagnose_azure())
    from reelbrush.cli.doctor import diagnose

    sys.exit(diagnose())


@main.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False), default=Path("sample.mp4"))
@click.option("--seconds", type=click.IntRange(1, 600), default=5, show_default=True)
def sample(path: Path, seconds: int) -> None:
    """Make a sample clip with sound at PATH."""
    from reelbrush.sample import make_sample

    try:
        make_sample(path, seconds)
    except OSError as error:
        raise click.ClickException(str(error)) from None
    click.echo(path)


@main.command("score-flicker")
@click.argument("painted", type=click.Path(path_type=Path))
@click.argument("original", type=click.Path(path_type=Path))
@click.option("--every", type=click.IntRange(1), default=1, show_default=True, help="Compare each N-th pair.")
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as one JSON document on stdout.")
def score_flicker_command(painted: Path, original: Path, every: int, as_json: bool) -> None:
    """Tell how steady the video PAINTED is, made from ORIGINAL: 1 is as steady as the original itself.

    Compared are consecutive frames, the earlier one moved along with the original's motion. Exit codes: 0
    done, 1 nothing can be compared, 2 wrong usage, 3 not found, 130 interrupted.
    """
    from reelbrush.cli.score_flicker import score_flicker

    sys.exit(score_flicker(painted, original, every, as_json))


@main.command()
@click.option("--painting", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@click.option(
    "--content",
    type=click.Path(exists=True, path_type=Path),
    multiple=True,
    required=True,
    help="Folder of photographs, or video; best the clip to be painted. May be repeated.",
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="styles/NAME")
@click.option(
    "--extractor",
    type=click.Path(path_type=Path, dir_okay=False),
    help="SqueezeNet 1.1, VGG16 or VGG19 as .onnx, .pth or .caffemodel. [default: torchvision's VGG16]",
)
@click.option("--size", type=click.Choice(["draft", "standard", "fine"]), help="[default: standard]")
@click.option(
    "--minutes",
    type=click.FloatRange(0, min_open=True),
    default=60,
    show_default=True,
    help="Time budget, from which the number of steps follows.",
)
@click.option("--steps", type=click.IntRange(1), help="This many steps, however long they take.")
@click.option("--seed", type=int, help="[default: 0]")
@click.option("--start-from", help="Style with whose weights to begin, or `none`. [default: stained-glass]")
@click.option("--threads", type=click.IntRange(1), help="CPU threads. [default: cores]")
@click.option("--title", help="For the card, as the next four.")
@click.option("--description")
@click.option("--painting-text", help="Title, creator, year and source of the painting.")
@click.option("--legal-status", help="Why the painting may be used.")
@click.option("--license", "license_", help="Of the trained style.")
@click.option(
    "--preview",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="Picture to paint now and then. [default: some of the content]",
)
@click.option("--set", "changes", multiple=True, metavar="NAME=NUMBER", help="See training/settings.py.")
@click.option("--recipe", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="JSON file.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def train(
    painting: Path,
    content: tuple[Path, ...],
    out: Path,
    extractor: Path | None,
    size: str | None,
    minutes: float,
    steps: int | None,
    seed: int | None,
    start_from: str | None,
    threads: int | None,
    preview: tuple[Path, ...],
    changes: tuple[str, ...],
    recipe: Path | None,
    quiet: bool,
    **texts: str | None,
) -> None:
    """Train a style that paints like PAINTING; needs `pip install 'reelbrush[train]'`.

    Checkpoint, previews and the curve of the losses lie in OUT.training. Stop it at any time: the same
    command goes on. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
    """
    import os

    from reelbrush.cli.app_folder import styles_folder
    from reelbrush.cli.train import train_style
    from training.order import TrainOrder

    order = TrainOrder(
        painting=painting,
        content=content,
        out=out,
        styles=styles_folder(),
        extractor=extractor,
        size=size,
        minutes=minutes,
        steps=steps,
        seed=seed,
        start_from=start_from,
        threads=threads or len(os.sched_getaffinity(0)),
        previews=preview,
        changes=changes,
        recipe=recipe,
        texts={name.rstrip("_").removesuffix("_text"): text for name, text in texts.items() if text},
    )
    sys.exit(train_style(order, quiet))


for command in remote_commands:
    main.add_command(command)
