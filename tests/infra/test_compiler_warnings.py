"""Warnings of the Bicep compiler that the offline checker lacks; users' checks fail on any warning."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra.stack import BICEP

FILES = sorted(BICEP.rglob("*.bicep"))
_PARAM = re.compile(r"((?:^@[^\n]*\n|^  .*\n|^\}\)\n)*)^param (\w+) ", re.MULTILINE)
_BOUND = re.compile(r"@(min|max)(?:Value|Length)\((\d+)\)")
_MODULE = re.compile(r"^module \w+ '([^']+)'.*\n((?:(?!^\}).*\n)*)", re.MULTILINE)
_PASSED = re.compile(r"^ {4}(\w+): (\w+)$", re.MULTILINE)
_UNSAFE = re.compile(r"contains\((\w+), (\w+|'\w+')\) \? \1[.\[]")

Bounds = dict[str, dict[str, int]]  # parameter: min and max, of those that it has


def bounds(file: Path) -> Bounds:
    """Return the bounds of the file's parameters, of values and of lengths."""
    found = _PARAM.findall(file.read_text())
    return {name: {side: int(at) for side, at in _BOUND.findall(above)} for above, name in found}


def looser(file: Path) -> Iterator[str]:
    """Yield parameters handed to a module whose own bounds are narrower (BCP329, BCP330, BCP334, BCP335).

    A parameter without a bound on that side raises no warning.
    """
    own = bounds(file)
    for path, body in _MODULE.findall(file.read_text()):
        wanted = bounds(file.parent / path)
        for target, source in _PASSED.findall(body):
            given, asked = own.get(source, {}), wanted.get(target, {})
            if "min" in given and given["min"] < asked.get("min", given["min"]):
                yield f"{file.name}: {source} may be {given['min']}, {path} wants {asked['min']} at least"
            if "max" in given and given["max"] > asked.get("max", given["max"]):
                yield f"{file.name}: {source} may be {given['max']}, {path} wants {asked['max']} at most"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_module_gets_what_its_bounds_may_refuse(file: Path) -> None:
    assert list(looser(file)) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_keys_that_may_be_missing_are_asked_for_safely(file: Path) -> None:
    assert _UNSAFE.search(file.read_text()) is None, "use-safe-access: object[?key] ?? default"


def test_bounds_are_found_and_compared(tmp_path: Path) -> None:
    assert bounds(BICEP / "main.bicep")["environmentName"] == {"min": 2, "max": 12}
    assert bounds(BICEP / "main.bicep")["gpuMaxNodes"] == {"min": 1, "max": 100}
    (tmp_path / "inner.bicep").write_text("@minValue(1)\nparam amount int\n")
    outer = tmp_path / "outer.bicep"
    outer.write_text(
        "@description('What.')\n@minValue(0)\nparam budget int = 0\n\n"
        "module inner 'inner.bicep' = if (budget > 0) {\n  params: {\n    amount: budget\n  }\n}\n"
    )
    assert list(looser(outer)) == ["outer.bicep: budget may be 0, inner.bicep wants 1 at least"]
