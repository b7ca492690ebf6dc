"""Writes golden/*.json, the reviewed lists of what dev, prod and prod with AKS deploy: `poe golden`."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from tests.infra.stack import GOLDEN, SETS, Stack, evaluate

_LONGEST = 3000  # characters of a text that people still read in a list


def as_text(stack: Stack) -> str:
    """Return the list of a stack, in an order that does not depend on that of the template."""
    resources = [{k: v for k, v in r.items() if k != "module"} for r in stack.resources]
    resources.sort(key=lambda r: (r["type"].lower(), r["id"]))
    document = {"outputs": stack.outputs, "resources": resources}
    return json.dumps(_shortened(document), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shortened(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_shortened(inner) for inner in value]
    if isinstance(value, str) and len(value) > _LONGEST:
        return f"<{len(value)} characters, sha256 {hashlib.sha256(value.encode()).hexdigest()}>"
    return value


def main() -> None:
    """Write all lists."""
    for wanted in SETS:
        (GOLDEN / f"{wanted.name}.json").write_text(as_text(evaluate(wanted)))


if __name__ == "__main__":
    main()
