"""Apps that Azure would show without functions are refused with all reasons."""

from __future__ import annotations

from pathlib import Path

import pytest

from reelbrush.errors import HostError
from reelbrush.host.app_settings import read_app_settings, resolve
from reelbrush.host.loader import load_app

HEAD = """import azure.functions as func
import azure.durable_functions as df
from typing import Any
app = df.DFApp()
"""


def _app(folder: Path, body: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "function_app.py").write_text(HEAD + body)
    (folder / "host.json").write_text('{"version": "2.0"}')
    return folder


def test_every_problem_is_listed(tmp_path: Path) -> None:
    body = """
@app.activity_trigger(input_name="items")
def generic(items: list[str]) -> list[str]: return items
@app.activity_trigger(input_name="item")
def optional(item: str | None): return item
@app.activity_trigger(input_name="item")
def extra(item: str, more: int = 1): return item
@app.activity_trigger(input_name="my_item")
def underscore(my_item: str): return my_item
@app.activity_trigger(input_name="missing")
def unbound(item: str): return item
@app.route(route="x")
@app.durable_client_input(client_name="client")
def sync_client(req: func.HttpRequest, client): return "x"
@app.route(route="y")
def wrong_type(req: str): return "x"
@app.service_bus_queue_trigger(arg_name="msg", queue_name="q", connection="C")
def queued(msg: func.ServiceBusMessage): pass
@app.route(route="z")
@app.queue_output(arg_name="out", queue_name="q", connection="C")
def with_output(req: func.HttpRequest, out: func.Out[str]): return "x"
@app.activity_trigger(input_name="item")
def unknown_annotation(item: "Nothing"): return item
"""
    with pytest.raises(HostError) as caught:
        load_app(_app(tmp_path, body))
    message = str(caught.value)
    for name, part in {
        "generic": "only plain types",
        "optional": "only plain types",
        "extra": "without a binding",
        "underscore": "letters and digits only",
        "unbound": "without a parameter",
        "sync_client": "must be `async def`",
        "wrong_type": "cannot be annotated str",
        "queued": "does not serve the trigger 'serviceBusTrigger'",
        "with_output": "does not serve the binding 'queue'",
        "unknown_annotation": "cannot be evaluated",
    }.items():
        assert any(f"'{name}'" in line and part in line for line in message.splitlines()), name


def test_what_the_worker_accepts_is_accepted(tmp_path: Path) -> None:
    body = """
from __future__ import annotations
import dataclasses
@dataclasses.dataclass
class Given: x: int
@app.activity_trigger(input_name="a")
def plain(a: dict) -> list[str]: return []
@app.activity_trigger(input_name="b")
def anything(b: Any, context: func.Context): return b
@app.activity_trigger(input_name="c")
async def custom(c: Given) -> Given | None: return c
"""
    folder = tmp_path / "app"
    folder.mkdir()
    text = (
        "from __future__ import annotations\n"
        + HEAD
        + body.replace("from __future__ import annotations\n", "")
    )
    (folder / "function_app.py").write_text(text)
    table = load_app(folder)
    assert [f.name for f in table.functions] == ["plain", "anything", "custom"]
    assert [f.takes_context for f in table.functions] == [False, True, False]
    assert [f.name for f in load_app(folder).functions] == ["plain", "anything", "custom"]
    assert table.find("activityTrigger", "PLAIN") is table.functions[0]


def test_a_package_beside_the_marker_file_wins(tmp_path: Path) -> None:
    folder = _app(tmp_path, "")
    (folder / "function_app.py").write_text("from function_app import app\n")
    (folder / "function_app").mkdir()
    (folder / "function_app/__init__.py").write_text(
        HEAD + "@app.activity_trigger(input_name='a')\ndef inside(a: str): return a\n"
    )
    assert [f.name for f in load_app(folder).functions] == ["inside"]


def test_an_app_inside_the_folder_of_another_is_not_mistaken_for_it(tmp_path: Path) -> None:
    body = "@app.activity_trigger(input_name='a')\ndef {}(a: str): return a\n"
    outer = _app(tmp_path / "outer", body.format("outer"))
    inner = _app(outer / "inner", body.format("inner"))
    assert [load_app(folder).functions[0].name for folder in (inner, outer, inner)] == [
        "inner",
        "outer",
        "inner",
    ]


def test_apps_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(HostError, match=r"holds no function_app\.py"):
        load_app(tmp_path)
    for n, (body, reason) in enumerate(
        {
            "other = app": "under 2 names: app, other",
            "del app": "holds no function app",
            "import nothing_of_that_name": "ModuleNotFoundError: No module named 'nothing_of_that_name'",
            "@app.activity_trigger(input_name='a')\ndef f(a): pass\n"
            "@app.activity_trigger(input_name='a')\ndef f(a): pass": "unique",
        }.items()
    ):
        with pytest.raises(HostError, match=reason):
            load_app(_app(tmp_path / str(n), body))


def test_host_json(tmp_path: Path) -> None:
    with pytest.raises(HostError, match=r"host\.json cannot be read"):
        read_app_settings(tmp_path)
    path = tmp_path / "host.json"
    path.write_text("{}")
    settings = read_app_settings(tmp_path)
    assert (settings.route_prefix, settings.function_timeout, settings.max_blob_tries) == ("api", 1800, 5)
    path.write_text('{"functionTimeout": "-1", "extensions": {"http": {"routePrefix": ""}}}')
    settings = read_app_settings(tmp_path)
    assert (settings.route_prefix, settings.function_timeout) == ("", None)
    for bad in (
        '{"functionTimeout": "soon"}',
        '{"extensions": {"blobs": {"poisonBlobThreshold": 0}}}',
        "not json",
    ):
        path.write_text(bad)
        with pytest.raises(HostError):
            read_app_settings(tmp_path)


def test_app_settings_in_bindings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHERE", "input")
    assert resolve("%WHERE%/{name}") == "input/{name}"
    with pytest.raises(HostError, match="NOWHERE"):
        resolve("%NOWHERE%")
