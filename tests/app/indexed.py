"""What the app has, read in a process of its own as a worker does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from typing import Any

from tests.conftest import ROOT

_CODE = """
import json, logging, os, sys
os.environ["REELBRUSH_STORE"] = "folder:/nowhere"
logging.disable()
import function_app
print(json.dumps([
    {"name": f.get_function_name(), "bindings": f.get_bindings_dict()["bindings"]}
    for f in function_app.app.get_functions()
], default=str))
"""


@cache
def functions_of_the_app(queue: str = "") -> list[dict[str, Any]]:
    """Return all functions, each with name and bindings as function.json would have them.

    `queue` is what REELBRUSH_UPLOADS_QUEUE says.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("REELBRUSH_")}
    environment["REELBRUSH_UPLOADS_QUEUE"] = queue
    done = subprocess.run(
        [sys.executable, "-c", _CODE], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def routes_of_the_app() -> dict[str, str]:
    """Return "VERB /path" and the auth level of every HTTP function."""
    found: dict[str, str] = {}
    for function in functions_of_the_app():
        for binding in function["bindings"]:
            if binding["type"] == "httpTrigger":
                for method in binding["methods"]:
                    found[f"{str(method).upper()} /{binding['route'].lstrip('/')}"] = str(
                        binding["authLevel"]
                    )
    return found
