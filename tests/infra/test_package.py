"""What is deployed as the app: all it needs, and nothing else."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from reelbrush.compute.environment import scoring_environment
from reelbrush.compute.snapshot import app_folder, snapshot_folder
from reelbrush.settings import Settings
from tests.conftest import ROOT
from tests.infra.package import package_files, unpack

OURS = ("activities", "function_app", "orchestrators", "reelbrush", "scoring", "styles")
AT_THE_ROOT = {".amlignore", "function_app.py", "host.json", "requirements.txt"}
ENDINGS = {
    "activities": {".py"},
    "function_app": {".py", ".yaml", ".html"},
    "orchestrators": {".py"},
    "reelbrush": {".py", ".json"},
    "scoring": {".py", ".txt", ""},
    "styles": {".onnx", ".json", ".jpg"},
}
MOST_BYTES = 100 << 20


def test_it_holds_the_app_and_nothing_else() -> None:
    files = package_files()
    assert {str(f) for f in files if len(f.parts) == 1} == AT_THE_ROOT
    assert {f.parts[0] for f in files if len(f.parts) > 1} == set(OURS)
    strange = [str(f) for f in files if len(f.parts) > 1 and f.suffix not in ENDINGS[f.parts[0]]]
    assert strange == []
    assert {f.parts[1] for f in files if f.parts[0] == "reelbrush"}.isdisjoint({"cli", "host", "deploy"})
    assert sum((ROOT / f).stat().st_size for f in files) < MOST_BYTES


def test_what_lies_about_is_left_out(tmp_path: Path) -> None:
    for name in (
        ".azure/dev/.env", ".venv/lib/a.py", ".venv313/a.py", ".venv-checkov/a.py", "tests/a.py",
        "local.settings.json",
        ".github/workflows/a.yml", "infra/bicep/main.json", "function_app/__pycache__/a.pyc", ".env",
        "sample.mp4", ".python_packages/lib/a.py", "docs/a.md", "README.md", "azure.yaml", "host.json",
    ):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / ".funcignore").write_text((ROOT / ".funcignore").read_text())
    assert [str(f) for f in package_files(tmp_path)] == ["host.json"]


def test_all_functions_index_from_it_alone(tmp_path: Path) -> None:
    app = unpack(tmp_path / "wwwroot")
    code = (
        "import json, logging, pathlib; logging.disable()\n"
        "import function_app, reelbrush\n"
        "print(json.dumps([str(pathlib.Path(reelbrush.__file__).parent.parent),\n"
        "    sorted(f.get_function_name() for f in function_app.app.get_functions())]))"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("REELBRUSH_")}
    environment["REELBRUSH_STORE"] = "folder:/nowhere"

    def functions(folder: Path) -> tuple[str, list[str]]:
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return tuple(json.loads(done.stdout))

    place, found = functions(app)
    assert Path(place) == app
    assert "start_on_upload" in found and found == functions(ROOT)[1]


def test_nothing_in_it_imports_what_is_left_out() -> None:
    """Functions import lazily, so that only a look at all of the source tells."""
    files = set(package_files())
    modules = {
        ".".join(f.with_suffix("").parts).removesuffix(".__init__") for f in files if f.suffix == ".py"
    }
    missing = [
        f"{file}: {module}"
        for file in sorted(files)
        if file.suffix == ".py"
        for module in _imports(ROOT / file)
        if module.split(".")[0] in (*OURS, "training", "tests", "benchmarks") and module not in modules
    ]
    assert missing == []


def _imports(path: Path) -> Iterator[str]:
    package = path.relative_to(ROOT).parent
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports of {package} are not looked at"
            if node.module:
                yield node.module


def test_a_run_finds_its_code_and_its_environment_in_it(tmp_path: Path) -> None:
    app = unpack(tmp_path / "wwwroot")
    assert app_folder(app) == app
    sent, here = snapshot_folder(app), snapshot_folder(ROOT)
    assert _names(sent) == _names(here) and "scoring/__main__.py" in _names(sent)
    context = scoring_environment(Settings(store="folder:/nowhere")).context
    assert context is not None
    described = Path(context)
    for file in (f for f in described.rglob("*") if f.is_file() and "__pycache__" not in f.parts):
        assert (app / file.relative_to(ROOT)).read_bytes() == file.read_bytes()


def _names(folder: Path) -> set[str]:
    return {str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file() and f.suffix != ".pyc"}
