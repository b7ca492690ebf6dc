"""Torch files from anywhere: what they hold is read, what they claim is not believed, nothing escapes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is an extra: pip install '.[train]'")

from click.testing import CliRunner  # noqa: E402

from reelbrush.cli.main import main  # noqa: E402
from training.extractors import open_extractor  # noqa: E402
from training.tensor_file import numbers_of, read_named  # noqa: E402

CLAIM = (64, 3, 99_999, 99_999)
"""Seven terabytes of float32."""


def test_a_state_dict_is_taken_out_of_what_surrounds_it(tmp_path: Path) -> None:
    path, plain = tmp_path / "net.pth", {"a.weight": torch.arange(6.0).reshape(2, 3).half()}
    for held in (plain, {"state_dict": plain, "epoch": 3}, {"model": {"model_state_dict": plain}}):
        torch.save(held, path)
        read = read_named(path)
        assert list(read) == ["a.weight"]
        assert numbers_of("a.weight", read["a.weight"]).tolist() == [[0, 1, 2], [3, 4, 5]]
    for other in ([1, 2], {3: torch.ones(2)}, torch.ones(2)):
        torch.save(other, path)
        with pytest.raises(ValueError, match="no torch state dict"):
            read_named(path)


def test_only_plain_tensors_are_numbers(tmp_path: Path) -> None:
    view = torch.zeros(1).as_strided(CLAIM, (0,) * 4)
    for value, words in (
        (view, "the file holds fewer"),
        (torch.ones(2, 2).to_sparse(), "no plain tensor"),
        (torch.ones(2, device="meta"), "no plain tensor"),
        (torch.ones(2, dtype=torch.complex64), "no plain tensor"),
        (3, "no plain tensor"),
    ):
        torch.save({"value": value}, tmp_path / "net.pth")
        with pytest.raises(ValueError, match=words):
            numbers_of("value", read_named(tmp_path / "net.pth")["value"])


def test_a_claim_of_terabytes_is_refused_by_all_who_read_checkpoints(tmp_path: Path) -> None:
    path = tmp_path / "bomb.pth"
    torch.save({"conv1.conv2d.weight": torch.zeros(1).as_strided(CLAIM, (0,) * 4)}, path)
    with pytest.raises(ValueError, match="the file holds fewer"):
        open_extractor(path)
    done = CliRunner().invoke(main, ["import-style", str(path), "--out", str(tmp_path / "bomb")])
    assert done.exit_code == 2 and "the file holds fewer" in done.output
    assert not (tmp_path / "bomb").exists()


@pytest.mark.parametrize("zipped", [True, False])
def test_damaged_files_are_refused_or_read_and_nothing_else(tmp_path: Path, zipped: bool) -> None:
    path, random = tmp_path / "net.pth", np.random.default_rng(6)
    state = {f"features.{i}.weight": torch.rand(4, 4, 3, 3) for i in range(4)}
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    whole, read = path.read_bytes(), 0
    for index in range(150):
        data = bytearray(whole)
        for position in random.integers(0, min(len(data), 2500), 3):
            data[position] = random.integers(0, 256)
        path.write_bytes(data[: random.integers(len(data))] if index % 3 == 0 else data)
        try:
            for name, value in read_named(path).items():
                numbers_of(name, value)
            read += 1
        except ValueError:
            continue
    assert read < 150
