"""`reelbrush train` where something is wrong: each fault ends with a reason, and kept work stays usable."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="torch is an extra: pip install '.[train]'")

from click.testing import CliRunner  # noqa: E402

from training.__main__ import main  # noqa: E402
from training.command import PROGRESS, train  # noqa: E402
from training.content import Photos  # noqa: E402
from training.extractors import open_extractor  # noqa: E402
from training.image_file import read_picture  # noqa: E402
from training.loop import Trainer  # noqa: E402
from training.order import TrainOrder  # noqa: E402
from training.pace import MOST, PROBES, Pace  # noqa: E402
from training.photos import LONGEST_SIDE  # noqa: E402
from training.pictures import MOST_PICTURES, picture_files  # noqa: E402
from training.provenance import describe_content  # noqa: E402
from training.report import open_report  # noqa: E402
from training.settings import changed  # noqa: E402


def _claiming(width: int, height: int) -> bytes:
    """A PNG of 60 bytes that claims a size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("fault", ["cut", "words", "claims gigapixels"])
def test_a_picture_that_cannot_be_read_is_named(order: TrainOrder, fault: str) -> None:
    bad = order.content[0] / "2.png"
    whole = (order.content[0] / "0.png").read_bytes()
    bad.write_bytes(
        {"cut": whole[: len(whole) // 2], "words": b"words", "claims gigapixels": _claiming(60000, 60000)}[
            fault
        ]
    )
    for wrong in (order, replace(order, painting=bad), replace(order, previews=(bad,))):
        with pytest.raises(ValueError, match=r"2\.png is no picture"):
            train(wrong, open_report(quiet=True))


def test_pictures_stand_as_their_camera_says(tmp_path: Path) -> None:
    red_above = np.zeros((40, 20, 3), np.uint8)
    red_above[:20, :, 0] = 255
    lying = Image.fromarray(red_above).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned by 90 degrees
    lying.save(tmp_path / "phone.png", exif=exif)
    read = read_picture(tmp_path / "phone.png")
    assert read.size == (20, 40) and np.array_equal(np.asarray(read), red_above)


def test_a_folder_of_thousands_does_not_take_all_memory(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "0000.png")
    for index in range(1, 2 * MOST_PICTURES + 3):
        (tmp_path / f"{index:04d}.png").hardlink_to(tmp_path / "0000.png")
    (tmp_path / "folder.png").mkdir()
    chosen = picture_files(tmp_path)
    assert len(chosen) == MOST_PICTURES and chosen[0].stem == "0000" and chosen[-1].stem > "0990"
    assert chosen == sorted(set(chosen)) and describe_content([tmp_path])["pictures"] == MOST_PICTURES
    (tmp_path / "none").mkdir()
    with pytest.raises(FileNotFoundError, match="no pictures"):
        Photos(tmp_path / "none")


def test_sources_are_of_the_pictures_that_are_there(order: TrainOrder) -> None:
    table = order.content[0] / "sources.csv"
    table.write_text("\ufefffile,source,license\n0.png,mine,CC0\nabsent.png,theirs,none\n1.png,mine\n")
    assert describe_content(order.content)["sources"] == [
        {"source": "mine", "license": "CC0", "pictures": 1},
        {"source": "mine", "license": "unknown: check before publishing", "pictures": 1},
    ]
    for text in (b"name,where\n0.png,here\n", "file,source,license\n0.png,caf\u00e9,CC0\n".encode("latin1")):
        table.write_bytes(text)
        with pytest.raises(ValueError, match=r"sources\.csv cannot be read"):
            train(order, open_report(quiet=True))


def test_settings_out_of_range_are_told_together() -> None:
    with pytest.raises(ValueError, match=r"style_size is 40.*threads is 0.*weights\.content is nan"):
        changed(("style_size=40", "threads=0", "weights.content=nan"))
    for wrong, words in (
        ("colour_cell=300", "from 1 to 256"),
        ("shift=65", "from 0 to 64"),
        ("style_median=4", "odd"),
        ("crop_size=130", "multiple of 4"),
        ("net.body=0", "net.body is 0"),
        ("seed=-1", "seed is -1"),
        ("seed=1.5", "'seed=1.5'.*a whole number"),
        ("twins", "'twins'.*NAME=NUMBER"),
    ):
        with pytest.raises(ValueError, match=words):
            changed((wrong,))
    # Only together do these fit, in whatever order they are given.
    assert changed(("twins=4", "batch=4")).twins == 4


def test_progress_that_was_cut_off_costs_nothing_but_the_time_counted(order: TrainOrder) -> None:
    train(replace(order, steps=2), open_report(quiet=True))
    (order.folder / PROGRESS).write_text("")
    assert train(order, open_report(quiet=True)).step == 5
    assert json.loads((order.folder / PROGRESS).read_text())["steps"] == 4


def test_a_damaged_training_is_named_with_what_to_do(order: TrainOrder) -> None:
    train(replace(order, steps=1), open_report(quiet=True))
    checkpoint = order.folder / "checkpoint.pt"
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    with pytest.raises(ValueError, match=r"checkpoint\.pt is damaged: .* Delete it"):
        train(order, open_report(quiet=True))
    checkpoint.unlink()
    assert train(order, open_report(quiet=True)).step == 5
    (order.folder / "run.json").write_text("{")
    with pytest.raises(ValueError, match=r"run\.json is damaged: .* Delete"):
        train(order, open_report(quiet=True))


def test_a_training_that_lost_its_numbers_ends_and_keeps_the_checkpoint(order: TrainOrder) -> None:
    settings = changed(order.changes)
    assert order.extractor is not None
    trainer = Trainer(
        settings, order.painting, Photos(order.content[0]), open_extractor(order.extractor), order.folder
    )
    trainer.take_step()
    trainer.save()
    assert trainer.net.paint.bias is not None
    trainer.net.paint.bias.data.fill_(float("nan"))
    with pytest.raises(ValueError, match=r"at step 1 the loss is no number .* learning_rate"):
        trainer.take_step()
    assert trainer.resume() and trainer.step == 1
    trainer.take_step()


def test_a_camera_s_picture_is_previewed_small(order: TrainOrder) -> None:
    assert order.extractor is not None
    trainer = Trainer(
        changed(order.changes),
        order.painting,
        Photos(order.content[0]),
        open_extractor(order.extractor),
        order.folder,
    )
    large = order.content[0] / "large.png"
    Image.new("RGB", (2400, 1600), "teal").save(large)
    trainer.preview([large])
    with Image.open(order.folder / "00000-large.png") as painted:
        assert painted.size == (LONGEST_SIDE, 640)


def test_endless_time_is_no_endless_training() -> None:
    pace = Pace(budget=float("inf"))
    for _ in range(PROBES + 1):
        pace.took(1.0)
    assert pace.plan(PROBES + 1, 2500, 20.0) == MOST


def test_commands_for_shipping_end_with_a_reason(order: TrainOrder, tmp_path: Path) -> None:
    picture = str(order.painting)
    for words, said in (
        (("publish", str(tmp_path), str(tmp_path / "out"), "--picture", picture), "no training"),
        (
            (
                "judge",
                str(tmp_path),
                *(f"--{x}={picture}" for x in ("painting", "extractor", "content", "photo")),
            ),
            "card.json",
        ),
    ):
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 1 and isinstance(done.exception, SystemExit), done.output
        assert said in done.output
