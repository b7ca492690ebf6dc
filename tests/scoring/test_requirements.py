"""A scoring node has what scoring imports: its list of packages and the product's agree."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOT

PACKAGES = {
    "av": "av",
    "azure.identity": "azure-identity",
    "azure.monitor": "azure-monitor-opentelemetry",
    "azure.storage": "azure-storage-blob",
    "cv2": "opencv-python-headless",
    "numpy": "numpy",
    "onnx": "onnx",
    "onnxruntime": "onnxruntime-gpu",
    "opentelemetry": "opentelemetry-api",
    "psutil": "psutil",
}
OWN = ("scoring", "reelbrush")
ELSEWHERE = ("azure.core", "google")  # come with azure-storage-blob and onnx


def listed(lines: list[str]) -> dict[str, str]:
    """Package -> its versions."""
    found = (re.fullmatch(r"([a-z0-9-]+)(.*)", line) for line in lines if line and line[0] != "#")
    return {match[1]: match[2] for match in found if match}


def imports(path: Path) -> Iterator[str]:
    """The first two parts of each absolute import's name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from (".".join(name.split(".")[:2]) for name in names)


def scored_modules() -> list[Path]:
    """All that a run may import."""
    library = [ROOT / "reelbrush" / part for part in ("media", "job", "store", "telemetry")]
    return [
        *(path for folder in (ROOT / "scoring", *library) for path in folder.rglob("*.py")),
        ROOT / "reelbrush" / "errors.py",
    ]


def test_every_import_of_scoring_is_in_its_requirements() -> None:
    required = listed((ROOT / "scoring" / "requirements.txt").read_text().splitlines())
    for path in scored_modules():
        for name in imports(path):
            top = name.split(".")[0]
            if top in OWN or top in sys.stdlib_module_names or name.startswith(ELSEWHERE):
                continue
            package = PACKAGES.get(name) or PACKAGES.get(top)
            assert package is not None, f"{path} imports {name}: of which package?"
            assert package in required, f"{path} imports {name}, scoring/requirements.txt lacks {package}"


def test_versions_are_those_of_the_product() -> None:
    required = listed((ROOT / "scoring" / "requirements.txt").read_text().splitlines())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    ours = listed(project)
    for package, versions in required.items():
        name = package.removesuffix("-gpu")
        if name in ours:
            assert versions == ours[name], package
