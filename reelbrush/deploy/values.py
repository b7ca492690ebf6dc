"""Where the deployment's values come from: options, azd's environment, the process's environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from reelbrush.deploy.az import Az, AzError


@dataclass(frozen=True)
class Values:
    """Names as azd spells them (AZURE_..., REELBRUSH_...) with their texts, and where they are from."""

    of: Mapping[str, str]
    source: str

    def get(self, name: str, default: str = "") -> str:
        """Return a value, or `default` where it is missing or empty, as the parameter file does."""
        return self.of.get(name, "").strip() or default


def read_values(options: Mapping[str, str], azd: Az | None = None) -> Values:
    """Return the values of the deployment: options come first, then azd's environment, then the process's.

    azd hands its environment to hooks as variables. Outside of a hook it is asked, if it is installed;
    without it the process's own variables and the options are all there is.
    """
    own = dict(os.environ)
    wanted = options.get("AZURE_ENV_NAME", "")
    in_hook = bool(own.get("AZURE_ENV_NAME")) and wanted in ("", own.get("AZURE_ENV_NAME"))
    if in_hook:
        return Values({**own, **options}, f"the environment {own['AZURE_ENV_NAME']} of azd, as variables")
    command = ["env", "get-values", "--no-prompt"] + (["--environment", wanted] if wanted else [])
    try:
        stored = parse_values((azd or Az("azd", seconds=30)).text(*command))
    except AzError as error:
        why = "azd is not installed" if error.code == "missing" else str(error)
        return Values({**own, **options}, f"options and variables alone ({why})")
    return Values({**own, **stored, **options}, f"azd's environment {stored.get('AZURE_ENV_NAME') or wanted}")


def parse_values(text: str) -> dict[str, str]:
    """Return the values that `azd env get-values` prints: lines of NAME="value", with backslash escapes."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if not equals or not name.strip().replace("_", "a").isalnum():
            continue
        value = value.strip()
        if len(value) >= 2 and value[0] == value[-1] == '"':
            value = _unescaped(value[1:-1])
        found[name.strip()] = value
    return found


def _unescaped(text: str) -> str:
    found: list[str] = []
    letters = iter(text)
    for letter in letters:
        if letter == "\\":
            letter = next(letters, "\\")
            letter = {"n": "\n", "r": "\r", "t": "\t"}.get(letter, letter)
        found.append(letter)
    return "".join(found)
