"""What users write, in options, side-cars, cards, settings: any text is understood or refused in words."""

from __future__ import annotations

import json
import random
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from function_app.asked import SIDECAR_BYTES, job_of_request, job_of_upload, plain_job
from reelbrush.catalogue import line_of_card, list_cards
from reelbrush.errors import ReelbrushError
from reelbrush.job import chosen_wishes, from_json, job_id, option_problems, parse_options, to_json, wishes_of
from reelbrush.job.options import Options
from reelbrush.settings import Settings
from reelbrush.store import FolderStore
from reelbrush.style_shelf import shelved_card
from scoring.styles import load_style
from tests.torture.fuzz.hostile_json import VALUES, WORDS, any_value, changed, damaged
from tests.torture.toll import Toll

SETTINGS = Settings(store="folder:/nowhere")
WISHES: dict[str, Any] = {
    "hdr": "tonemap", "crf": 20, "strength": 0.7, "preserve_color": True, "mix": "wave", "mix_share": "1/3",
    "fade_start": "1:30", "fade_end": 95.5, "precision": "int8",
}  # fmt: skip
SIDECAR = {"style": "wave", "options": WISHES}
CARD = {
    "name": "wave", "model": {"file": "model.onnx", "sha256": "0" * 64}, "title": "Wave", "version": 2,
    "contract": {"input": {"range": [0, 255]}, "layout": "NCHW"}, "description": "d", "license": "MIT",
    "variants": {"int8": {"file": "int8.onnx", "sha256": "1" * 64}}, "provenance": {"by": ["x"]},
}  # fmt: skip


def _timecode(rng: random.Random) -> Any:
    numbers = [rng.choice(("0", "59", "60", "1", "999", "-1", "007", "1e3", "٣", " 5", "")) for _ in range(3)]
    return rng.choice((":", ".", "::", " ")).join(numbers[: rng.randrange(1, 4)])


def hostile_wishes(rng: random.Random) -> Any:
    """Return a JSON value that may be meant as options."""
    if rng.random() < 0.2:
        return any_value(rng)
    made = dict(rng.sample(list(WISHES.items()), rng.randrange(1, len(WISHES) + 1)))
    for name in rng.sample(list(WISHES), rng.choice((0, 1, 1, 3))):
        made[name] = rng.choice((_timecode(rng), rng.choice(VALUES), rng.choice(list(WISHES.values()))))
    return changed(made, rng) if rng.random() < 0.3 else made


def check_options(wishes: Any) -> str:
    """Read wishes as every entrance does; what is understood means the same when it is written and read."""
    if not isinstance(wishes, dict):
        return "no object"
    try:
        options = parse_options(wishes)
    except ValueError as error:
        assert str(error).strip() and len(str(error)) < 5000
        return "refused"
    assert option_problems(options) == []
    assert parse_options(wishes_of(options)) == options == parse_options(wishes)
    assert from_json(Options, json.loads(json.dumps(to_json(options), allow_nan=False))) == options
    parse_options(chosen_wishes(options))
    return "understood"


def check_sidecar(store: FolderStore, text: bytes) -> str:
    """Read the side-car of an upload and the same wishes of a request."""
    store.put_bytes("input", "a.mp4.json", text)
    source = store.stat("input", "a.mp4")
    assert source is not None
    assert plain_job(SETTINGS, source).id == job_id(source, SETTINGS.default_style, Options())
    try:
        job = job_of_upload(store, SETTINGS, source)
    except ReelbrushError as error:
        assert not error.retryable and str(error).strip()
        return "refused"
    assert len(job.style) <= 64 and option_problems(job.options) == []
    assert job_of_request(store, SETTINGS, source, None, None) == job
    json.dumps(to_json(job), allow_nan=False)
    return "understood"


def check_card(folder: Path, text: bytes) -> str:
    """Show the card of a style, and read it as scoring does, from a folder and from the store."""
    (folder / "styles" / "wave").mkdir(parents=True, exist_ok=True)
    (folder / "styles" / "wave" / "card.json").write_bytes(text)
    calls: list[Callable[[], Any]] = [
        lambda: [json.dumps(vars(line)) for line in list_cards(folder / "styles")],
        lambda: _shown(shelved_card(FolderStore(folder), "wave")),
        lambda: load_style("wave", folder / "styles").in_precision("int8").load_model(),
    ]
    ends: list[str] = []
    for call in calls:
        try:
            call()
            ends.append("shown")
        except ReelbrushError as error:
            assert str(error).strip()
            ends.append("refused")
    return " ".join(ends)


def _shown(card: dict[str, Any] | None) -> None:
    assert card is not None
    json.dumps(vars(line_of_card("wave", card)))


def check_settings(rng: random.Random) -> str:
    """Read settings of which some are hostile."""
    names = rng.sample(sorted(Settings.__annotations__), rng.choice((1, 3, 10)))
    values = {f"REELBRUSH_{name.upper()}": str(rng.choice(VALUES)) for name in names}
    try:
        Settings.from_env({"REELBRUSH_STORE": "folder:/x", **values})
    except ReelbrushError as error:
        assert str(error).strip()
        return "refused"
    return "understood"


def one(rng: random.Random, folder: Path) -> str:
    """Make one try of a kind that `rng` chooses."""
    store = FolderStore(folder)
    kind = rng.choice(("options", "options", "side-car", "side-car", "card", "settings"))
    if kind == "options":
        return f"options {check_options(hostile_wishes(rng))}"
    if kind == "side-car":
        wishes = {"style": rng.choice(("wave", *WORDS)), "options": hostile_wishes(rng)}
        text = json.dumps(wishes if rng.random() < 0.5 else SIDECAR).encode()
        return f"side-car {check_sidecar(store, damaged(text, rng) if rng.random() < 0.6 else text)}"
    if kind == "card":
        return f"card {check_card(folder, damaged(json.dumps(CARD).encode(), rng))}"
    return f"settings {check_settings(rng)}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    FolderStore(tmp_path).put_bytes("input", "a.mp4", b"film")
    return tmp_path


@pytest.mark.timeout(3000)
@pytest.mark.torture("hostile options, side-cars, cards, settings", full=20_000, slice=1500)
def test_any_wish_is_understood_or_refused(toll: Toll, folder: Path) -> None:
    ends = Counter[str]()
    for seed in toll.seeds():
        try:
            ends[one(random.Random(seed), folder)] += 1
            toll.survived()
        except Exception:
            toll.lost(f"seed {seed}: {traceback.format_exc()[-900:]}")
    toll.figure("ends", ", ".join(f"{end} {count}" for end, count in ends.most_common()))


def test_a_side_car_of_100_mb_is_not_read(folder: Path) -> None:
    path = folder / "input" / "a.mp4.json"
    with path.open("wb") as file:
        file.truncate(100 << 20)
    store = FolderStore(folder)
    source = store.stat("input", "a.mp4")
    assert source is not None
    before = psutil.Process().memory_info().rss
    with pytest.raises(ReelbrushError, match=str(SIDECAR_BYTES)):
        job_of_upload(store, SETTINGS, source)
    assert psutil.Process().memory_info().rss - before < 20 << 20


def test_of_two_equal_keys_the_last_counts_everywhere(folder: Path) -> None:
    assert (
        check_sidecar(FolderStore(folder), b'{"style":"a","style":"wave","options":{"crf":1,"crf":2}}')
        == "understood"
    )
