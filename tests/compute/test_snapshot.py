"""What a run on the cluster brings along: exactly what scoring imports, by both SDKs' own rules."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grimp
import pytest

from reelbrush.compute import snapshot
from reelbrush.compute.environment import scoring_environment
from reelbrush.compute.own_folder import own_folder
from reelbrush.compute.snapshot import app_folder, snapshot_folder
from reelbrush.errors import ComputeError
from reelbrush.settings import Settings
from tests.conftest import ROOT
from tests.scoring.jobs import make_clip, prepare

MOST_FILES, MOST_BYTES = 2000, 2_000_000


def imported_parts() -> set[str]:
    """scoring, and the modules and packages directly below reelbrush that it imports, however far away."""
    graph = grimp.build_graph("reelbrush", "scoring", cache_dir=None)
    todo = [name for name in graph.modules if name.split(".")[0] == "scoring"]
    seen: set[str] = set()
    while todo:
        module = todo.pop()
        if module not in seen:
            seen.add(module)
            todo += graph.find_modules_directly_imported_by(module)
    return {".".join(name.split(".")[:2]) for name in seen if name.startswith("reelbrush.")}


def expected() -> set[str]:
    """Paths of all files that a snapshot has to hold."""
    files = [ROOT / "reelbrush" / "__init__.py"]
    for part in imported_parts():
        path = ROOT / part.replace(".", "/")
        files += [path.with_suffix(".py")] if path.with_suffix(".py").exists() else path.rglob("*")
    files += (ROOT / "scoring").rglob("*")
    found = {path.relative_to(ROOT).as_posix() for path in files if path.is_file()}
    return {name for name in found if "__pycache__" not in name and "scoring/environment/" not in name}


def taken_by_azureml_core(folder: Path) -> set[str]:
    from azureml._base_sdk_common.merkle_tree import DirTreeJsonEncoder, create_merkletree
    from azureml._project.ignore_file import get_project_ignore_file

    excluded = get_project_ignore_file(str(folder)).is_file_excluded
    tree = json.loads(json.dumps(create_merkletree(str(folder), excluded), cls=DirTreeJsonEncoder))

    def files(node: dict[str, Any], above: str) -> Iterator[str]:
        children = node["children"]
        for child in children.values() if isinstance(children, dict) else children:
            if child["type"] == "File":
                yield above + child["name"]
            yield from files(child, f"{above}{child['name']}/")

    return set(files(tree, ""))


def taken_by_azure_ai_ml(folder: Path) -> set[str]:
    from azure.ai.ml._utils._asset_utils import get_ignore_file, get_upload_files_from_folder

    files = get_upload_files_from_folder(str(folder), ignore_file=get_ignore_file(str(folder)))
    return {Path(path).relative_to(folder).as_posix() for path, _ in files}


@pytest.fixture
def cluttered(tmp_path: Path) -> Path:
    """The app as it lies on a developer's disk, large folders by name alone."""
    folder = tmp_path / "app"
    heavy = ("*.onnx", "node_modules", ".venv*", ".git", "__pycache__", "gallery", "*.png", "*.jpg")
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*heavy))
    for name in (".venv/lib/x.py", ".git/config", "scoring/__pycache__/a.pyc", "styles/s/model.onnx", ".env"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("secret")
    return folder


@pytest.mark.parametrize("taken", [taken_by_azureml_core, taken_by_azure_ai_ml])
def test_the_sdks_take_what_scoring_imports_and_nothing_else(taken: object, cluttered: Path) -> None:
    found = taken(cluttered)  # type: ignore[operator]
    assert found == expected()
    assert len(found) < MOST_FILES
    assert sum((cluttered / name).stat().st_size for name in found) < MOST_BYTES


@pytest.mark.parametrize("taken", [taken_by_azureml_core, taken_by_azure_ai_ml])
def test_the_folder_that_is_submitted_holds_just_that(taken: object) -> None:
    folder = snapshot_folder()
    assert taken(folder) == expected()  # type: ignore[operator]
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == {
        ".amlignore",
        *expected(),
    }


def test_it_is_copied_once_and_again_when_it_has_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(snapshot, "_copies", {})
    folder = snapshot_folder()
    assert folder.is_relative_to(tmp_path)
    content = {path: path.stat().st_mtime_ns for path in folder.rglob("*.py")}
    monkeypatch.setattr(snapshot, "_copies", {})  # in another process
    assert snapshot_folder() == folder
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.py")} == content
    (folder / "scoring" / "command.py").unlink()
    assert (snapshot_folder() / "scoring" / "command.py").exists()
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_copies_of_other_code_go_when_nobody_used_them_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(snapshot, "_copies", {})
    for name, days in (("snapshot-old", 8), ("making-old", 8), ("snapshot-of-yesterday", 1), ("home", 8)):
        folder = own_folder() / name
        (folder / "scoring").mkdir(parents=True)
        used = time.time() - days * 86400
        os.utime(folder, (used, used))
    kept = snapshot_folder()
    assert {path.name for path in own_folder().iterdir()} == {kept.name, "snapshot-of-yesterday", "home"}


def test_processes_make_the_copy_at_the_same_time(tmp_path: Path) -> None:
    program = (
        "from reelbrush.compute.snapshot import snapshot_folder as s; print(s(), len(list(s().rglob('*'))))"
    )
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", program]
    racing = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    said = {process.communicate(timeout=60)[0] for process in racing}
    assert len(said) == 1 and said != {""}
    (own,) = tmp_path.iterdir()
    assert [path.name for path in own.iterdir()] == [Path(said.pop().split()[0]).name]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the snapshot's files and nothing else."""
    folder = tmp_path_factory.mktemp("node")
    shutil.copytree(snapshot_folder(), folder, dirs_exist_ok=True)
    return folder


def on_node(alone: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run as a node does: the snapshot is the working folder, and the product is nowhere else."""
    code = (
        "import os, sys, runpy\n"
        "sys.path[:] = [os.getcwd(), *(p for p in sys.path if p)]\n"
        "sys.meta_path[:] = [f for f in sys.meta_path if 'editable' not in getattr(f, '__module__', '')"
        " and 'editable' not in str(f)]\n"
        "sys.argv[0] = 'scoring'\n"
        "runpy.run_module('scoring', run_name='__main__', alter_sys=True)\n"
    )
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "OMPI_"))}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=alone, env=clean, capture_output=True, text=True, timeout=120)


def test_the_snapshot_runs_alone(alone: Path, tmp_path: Path) -> None:
    said = on_node(alone, "--help")
    assert said.returncode == 0 and "--styles" in said.stdout, said.stderr
    make_clip(tmp_path / "clip.mp4", 24)
    job = prepare(tmp_path, tmp_path / "clip.mp4", "identity")
    arguments = ("--store", job.store.uri, "--job", job.job.id, "--run", job.request(), "--styles", "store:")
    done = on_node(alone, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    assert None not in job.page_hashes()


def test_code_in_the_snapshot_is_what_runs(alone: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(alone, broken)
    (broken / "reelbrush" / "store" / "folder.py").unlink()
    done = on_node(broken, "--help")
    assert done.returncode != 0 and "reelbrush.store.folder" in done.stderr


def test_an_app_without_scoring_is_never_sent(tmp_path: Path) -> None:
    assert app_folder() == ROOT
    with pytest.raises(ComputeError, match=r"lacks \.amlignore, scoring/__main__\.py"):
        snapshot_folder(tmp_path)


class TestEnvironment:
    """The image of the nodes."""

    context = ROOT / "scoring" / "environment"

    def test_its_version_follows_from_its_content(self) -> None:
        built = scoring_environment(Settings(store="env:S"))
        assert (built.name, built.image, built.context) == ("reelbrush-scoring", None, self.context)
        assert re.fullmatch(r"[0-9a-f]{12}", built.version)
        assert scoring_environment(Settings(store="env:S")) == built
        ready = scoring_environment(Settings(store="env:S", image="registry.example/scoring:1"))
        assert (ready.image, ready.context) == ("registry.example/scoring:1", None)
        assert ready.version != built.version

    def test_every_base_is_pinned_by_tag_and_digest(self) -> None:
        lines = (self.context / "Dockerfile").read_text().splitlines()
        bases = [line.split()[1] for line in lines if line.startswith("FROM ")]
        assert len(bases) == 2
        for base in bases:
            assert re.fullmatch(r"[a-z/]+:[a-z0-9.-]+@sha256:[0-9a-f]{64}", base), base
        copied = [line.split()[1:] for line in lines if line.startswith("COPY ") and "--from" not in line]
        assert copied == [["requirements.txt", "/opt/scoring/requirements.txt"]]
        assert "openmpi-bin" in " ".join(lines) and "USER" not in " ".join(lines)

    def test_every_package_is_pinned_within_what_scoring_asks_for(self) -> None:
        from packaging.requirements import Requirement
        from packaging.utils import canonicalize_name

        pinned: dict[str, str] = {}
        for line in (self.context / "requirements.txt").read_text().splitlines():
            if not line.startswith("#"):
                match = re.fullmatch(r"([a-z0-9-]+)==(\S+) --hash=sha256:[0-9a-f]{64}", line)
                assert match, line
                pinned[canonicalize_name(match[1])] = match[2]
        asked = (ROOT / "scoring" / "requirements.txt").read_text().splitlines()
        for wanted in (Requirement(line) for line in asked if not line.startswith("#")):
            version = pinned.get(canonicalize_name(wanted.name))
            assert version is not None and wanted.specifier.contains(version, prereleases=True), wanted
        assert "onnxruntime" not in pinned  # two runtimes in one place overwrite each other
