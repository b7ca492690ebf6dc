"""What is deployed: the app's own files, whatever lies beside them in the folder, and what they stand on."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.infra.package import package_files
from tests.infra.test_package import ENDINGS, OURS
from tests.torture.access.judge import held
from tests.torture.access.leaks import shaped
from tests.torture.toll import Toll

STRAY = (
    ".env", ".env.production", ".envrc", "local.settings.json", "local.settings.json.bak", "server.pem",
    "tls.key", "site.pfx", "site.p12", "id_rsa", "id_rsa.pub", "history.sqlite3", "durable.sqlite-wal",
    "app.log", "film.mp4", "code.zip", "other.whl", "handler.py.orig", "handler.py.rej",
    ".handler.py.swp", "handler.py~", "handler.py.bak", "tests/test_handler.py", "tests/conftest.py",
    ".git/config", ".github/workflows/x.yml", ".vscode/settings.json", ".azure/dev/.env",
    "__pycache__/handler.cpython-311.pyc", ".venv/bin/python", ".pytest_cache/v",
)  # fmt: skip
BOUND = re.compile(r"[A-Za-z0-9_.\[\]-]+(?:==[0-9][^,]*|>=[^,<]+,<[0-9.]+)(?:\s*;.*)?")
OPEN = {"torch>=2.10"}
"""What the app never gets: the trainer takes the torch that its machine can use."""


@pytest.mark.torture("stray files anywhere in the folder that is deployed", full=1500, slice=250)
def test_nothing_strays_into_the_package(toll: Toll, tmp_path: Path) -> None:
    shutil.copyfile(ROOT / ".funcignore", tmp_path / ".funcignore")
    own = [f for f in package_files() if f.suffix in (".py", ".yaml", ".html", ".json")]
    for file in own:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("")
    assert package_files(tmp_path) == own, "what belongs there is packaged"
    folders = sorted({file.parent for file in own})
    draw = random.Random(toll.seeds()[0])
    places = [(folder, stray) for folder in folders for stray in STRAY]
    for folder, stray in draw.sample(places, min(toll.tries, len(places))):
        path = tmp_path / folder / stray
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("secret")
    strays = set(package_files(tmp_path)) - set(own)
    for stray in strays:
        toll.leaked(str(stray))
    toll.survived(toll.tries - len(strays))


@pytest.mark.torture("files of the package: kind, no secret, no link, bounded", full=150, slice=150)
def test_every_file_is_one_that_it_needs(toll: Toll) -> None:
    tracked = set(
        subprocess.run(
            ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.split("\n")
    )
    files = [file for file in package_files() if str(file) in tracked]
    for file in files:
        path = ROOT / file
        known = len(file.parts) == 1 or (file.parts[0] in OURS and file.suffix in ENDINGS[file.parts[0]])
        held(toll, known and not path.is_symlink() and not shaped(path.read_bytes()), file)
    models = [file for file in files if file.suffix == ".onnx"]
    assert {file.parts[0] for file in models} == {"styles"}, (
        "the app puts styles into the store for the nodes"
    )
    toll.figure(
        "package", f"{len(files)} files, {sum((ROOT / f).stat().st_size for f in files) / 1e6:.1f} MB"
    )


@pytest.mark.torture("dependencies: bounded from above, pinned by hash on nodes, at peace", full=60, slice=60)
def test_dependencies_are_bound(toll: Toll) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(one for extra in project["optional-dependencies"].values() for one in extra),
    ]
    for file in ("requirements.txt", "scoring/requirements.txt"):
        wanted += [
            line for line in (ROOT / file).read_text().splitlines() if line and not line.startswith("#")
        ]
    for one in wanted:
        held(toll, one in OPEN or BOUND.fullmatch(one) is not None, f"{one} has no end")
    pinned = (ROOT / "scoring" / "environment" / "requirements.txt").read_text().splitlines()
    kept = "\n".join(line for line in pinned if line and not line.startswith("#"))
    for block in re.split(r"\n(?=[A-Za-z])", kept):
        held(toll, "==" in block and "--hash=sha256:" in block, block[:80])
    check = [sys.executable, "-m", "uv", "pip", "check", "--python", sys.executable]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    held(toll, done.returncode == 0, done.stderr)
