"""The API is what openapi.yaml says, and openapi.yaml is what the app has."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_spec_validator import validate

from tests.api.serving import KEY, Served
from tests.app.indexed import routes_of_the_app
from tests.conftest import ROOT

DESCRIPTION = yaml.safe_load((ROOT / "function_app" / "openapi.yaml").read_text(encoding="utf-8"))
CONFIG = Path(__file__).parent / "schemathesis.toml"
VERBS = ("get", "put", "post", "delete", "patch", "head")


def test_the_description_is_valid_openapi() -> None:
    validate(DESCRIPTION)


def test_every_route_is_described_and_every_description_is_a_route() -> None:
    described = {
        f"{verb.upper()} {path}"
        for path, operations in DESCRIPTION["paths"].items()
        for verb in operations
        if verb in VERBS
    }
    assert described == set(routes_of_the_app())


def test_anonymous_is_what_the_description_says() -> None:
    anonymous = {
        f"{verb.upper()} {path}"
        for path, operations in DESCRIPTION["paths"].items()
        for verb, operation in operations.items()
        if verb in VERBS and operation.get("security") == []
    }
    assert anonymous == {route for route, level in routes_of_the_app().items() if level == "ANONYMOUS"}


def undescribed(schema: dict[str, Any], value: Any, where: str) -> list[str]:
    """Return the fields of an answer that its schema does not name; objects without properties are free."""
    if "$ref" in schema:
        schema = DESCRIPTION["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    if isinstance(value, list):
        return [text for item in value for text in undescribed(schema["items"], item, f"{where}[]")]
    fields = schema.get("properties")
    if not isinstance(value, dict) or fields is None:
        return []
    unknown = [f"{where}.{name}" for name in value if name not in fields]
    known = [
        undescribed(fields[name], item, f"{where}.{name}") for name, item in value.items() if name in fields
    ]
    return unknown + [text for texts in known for text in texts]


def test_answers_hold_nothing_undescribed(app: Served) -> None:
    answers = {"JobList": "/api/jobs", "StyleList": "/api/styles"}
    found: list[str] = []
    for job in app.jobs.values():
        jobs = {"Job": "", "BatchList": "/batches", "Media": "/media"}
        answers |= {f"{name} {job}": f"/api/jobs/{job}{path}" for name, path in jobs.items()}
    for name, path in answers.items():
        schema = {"$ref": f"#/components/schemas/{name.split()[0]}"}
        found += undescribed(schema, app.call("GET", path).json(), name.split()[0])
    assert not found, " ".join(sorted(set(found)))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_schemathesis_finds_nothing(app: Served, tmp_path: Path) -> None:
    token = re.search(r"/watch/([^/]+)/", app.job(app.jobs["Succeeded"])["links"]["watch"])
    assert token is not None
    known = {
        "id": list(app.jobs.values()),
        "token": [token[1]],
        "blob": ["input/identity/bad.mp4"],
        "style": ["identity", "great-wave"],
    }
    command = [
        str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(CONFIG),
        "run", f"{app.base}/api/openapi.yaml",
        "--header", f"x-functions-key: {KEY}", "--phases", "examples,coverage,fuzzing",
        "--max-examples", "20", "--seed", "1", "--workers", "1", "--suppress-health-check", "all",
        "--continue-on-failure", "--no-color",
    ]  # fmt: skip
    hooks = {"SCHEMATHESIS_HOOKS": "tests.api.real_ids", "KNOWN": json.dumps(known)}
    environment = {**os.environ, **hooks, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-12000:] + done.stderr[-2000:]
