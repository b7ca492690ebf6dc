"""Styles in every kind of store: put there once, whole, and fetched proven."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import pytest

from reelbrush.errors import StyleError
from reelbrush.job.names import STYLES
from reelbrush.store import Store
from reelbrush.style_shelf import shelve_style, shelved_card, shelved_styles
from scoring.contract import Contract
from scoring.shelf import fetch_style
from scoring.styles import load_style
from tests.conftest import ROOT
from tests.scoring.models import save_style, slow_model

SHIPPED = ROOT / "styles"


@pytest.fixture(autouse=True)
def empty(store: Store) -> None:
    store.delete_prefix(STYLES, "")


def written(store: Store) -> dict[str, str]:
    return {blob.name: blob.etag for blob in store.list(STYLES)}


def test_a_style_goes_there_once_and_comes_back_the_same(store: Store, tmp_path: Path) -> None:
    shelve_style(store, SHIPPED, "starry-night")
    first = written(store)
    assert set(first) == {f"starry-night/{path.name}" for path in (SHIPPED / "starry-night").iterdir()}
    shelve_style(store, SHIPPED, "starry-night")
    assert written(store) == first
    for precision in ("float32", "int8"):
        folder = tmp_path / precision
        fetch_style(store, "starry-night", precision, folder)
        fetched = load_style("starry-night", folder).in_precision(precision)
        assert fetched.load_model() == load_style("starry-night").in_precision(precision).load_model()
        assert len(list(folder.rglob("*.onnx"))) == 1
    assert shelved_styles(store) == ["starry-night"]
    card = shelved_card(store, "starry-night")
    assert card is not None and card["name"] == "starry-night"


def test_a_new_version_takes_the_place_of_the_old_one(store: Store, tmp_path: Path) -> None:
    for layers in (1, 2):
        style = save_style(tmp_path / "own", "mine", slow_model(layers), Contract())
        shelve_style(store, tmp_path / "own", "mine")
        fetch_style(store, "mine", "float32", tmp_path / str(layers))
        assert load_style("mine", tmp_path / str(layers)).card.model.sha256 == style.card.model.sha256


def test_two_releases_at_once_leave_one_whole_style(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for layers in (1, 2):
        save_style(tmp_path / str(layers), "mine", slow_model(layers), Contract())
    put, others = store.put_bytes, [2]

    def interrupted(container: str, name: str, data: bytes) -> None:
        if others:  # just before the older release writes its card, the newer one comes and goes
            shelve_style(store, tmp_path / str(others.pop()), "mine")
        put(container, name, data)

    monkeypatch.setattr(store, "put_bytes", interrupted)
    shelve_style(store, tmp_path / "1", "mine")
    fetch_style(store, "mine", "float32", tmp_path / "node")
    load_style("mine", tmp_path / "node").load_model()


def test_names_without_a_folder_are_left_alone(store: Store, tmp_path: Path) -> None:
    for name in ("identity", "of-somebody-else"):
        shelve_style(store, SHIPPED, name)
    assert written(store) == {}
    fetch_style(store, "identity", "float32", tmp_path)
    assert list(tmp_path.iterdir()) == [] and shelved_card(store, "identity") is None


def test_a_style_without_its_card_is_none(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scoring.shelf._PAUSE_SECONDS", 0.1)
    store.put_bytes(STYLES, "half/model.onnx", b"x")
    store.put_bytes(STYLES, "Wrong Name/card.json", b"{}")
    store.put_bytes(STYLES, "deep/er/card.json", b"{}")
    assert shelved_styles(store) == []
    with pytest.raises(StyleError, match=r"no style 'half' in the store\. Known styles: identity"):
        fetch_style(store, "half", "float32", tmp_path)


@pytest.mark.parametrize("card", [b"[]", b"{", b"[" * 100_000])
def test_cards_that_are_none(store: Store, card: bytes) -> None:
    store.put_bytes(STYLES, "broken/card.json", card)
    with pytest.raises(StyleError, match=r"styles/broken/card\.json is not valid"):
        shelved_card(store, "broken")


def test_a_model_that_its_card_does_not_mean_is_waited_for_and_refused(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scoring.shelf._PAUSE_SECONDS", 0.1)
    save_style(tmp_path / "own", "mine", slow_model(1), Contract())
    shelve_style(store, tmp_path / "own", "mine")
    right = store.read_bytes(STYLES, "mine/model.onnx")
    store.put_bytes(STYLES, "mine/model.onnx", b"another")
    with pytest.raises(StyleError, match=r"styles/mine/model\.onnx has sha256 .* its card says") as told:
        fetch_style(store, "mine", "float32", tmp_path / "a")
    assert told.value.retryable, "a large model takes its time"
    monkeypatch.setattr("scoring.shelf._PAUSE_SECONDS", 1.0)
    put = threading.Timer(0.3, store.put_bytes, (STYLES, "mine/model.onnx", right))
    put.start()
    fetch_style(store, "mine", "float32", tmp_path / "b")
    put.join()
    load_style("mine", tmp_path / "b").load_model()


def test_a_card_cannot_name_a_file_elsewhere(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scoring.shelf._PAUSE_SECONDS", 0.0)
    home = tmp_path / "own" / "mine"
    save_style(tmp_path / "own", "mine", slow_model(1), Contract())
    card = json.loads((home / "card.json").read_text())
    card["model"]["file"] = "../../escaped.onnx"
    (home / "card.json").write_text(json.dumps(card))
    shutil.copy(home / "model.onnx", tmp_path / "elsewhere.onnx")
    shelve_style(store, tmp_path / "own", "mine")
    with pytest.raises(StyleError, match="not a plain file name"):
        fetch_style(store, "mine", "float32", tmp_path / "node" / "styles")
    assert not list(tmp_path.rglob("escaped*"))
