"""Calling the Azure CLI: argument lists, JSON answers, limits of time, no shell, no secrets in messages."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

_IN_ADDRESS = re.compile(r"([?&;\s](?:code|sig|token|key)=)[^&\s\"';)]+", re.IGNORECASE)
_IN_TEXT = re.compile(
    r"\b(accountkey|sharedaccesskey|masterkey|blobs_extension|password|secret|access_?token)"
    r"(\"?\s*[=:]\s*\"?)[^&\s\"',;)]+",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(?:Bearer\s+|eyJ)[\w.~+/-]{10,}=*")
# Not the word "forbidden" alone: Event Grid tells with it that a handshake failed, which may be repeated.
_FORBIDDEN = ("forbidden(", "authorizationfailed", "requestdenied", "does not have authorization")
_LONGEST = 600  # characters of an error that are shown
_QUIET = {
    "AZURE_CORE_NO_COLOR": "true",
    "AZURE_CORE_ONLY_SHOW_ERRORS": "true",
    "AZURE_CORE_DISABLE_CONFIRM_PROMPT": "true",
    "AZURE_EXTENSION_USE_DYNAMIC_INSTALL": "no",
    "PYTHONIOENCODING": "utf-8",
}


class AzError(Exception):
    """A call that gave no answer.

    `code` is missing, timeout, signed-out, forbidden, not-found, not-json or failed.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Az:
    """The Azure CLI of this machine, as whoever is signed in to it."""

    def __init__(self, program: str = "az", seconds: float = 90.0) -> None:
        self._program = program
        self._name = Path(program).stem
        self._seconds = seconds

    def json(self, *arguments: str, seconds: float | None = None) -> Any:
        """Return the JSON answer of `az ARGUMENTS`; None where it printed nothing.

        Raises AzError, always within `seconds` (by default those of the constructor) and a moment.
        """
        text = self._run([*arguments, "--output", "json"], seconds or self._seconds)
        if not text.strip():
            return None
        try:
            return json.loads(text)
        except ValueError:
            raise AzError("not-json", f"az {_short(arguments)} printed something that is not JSON") from None

    def text(self, *arguments: str) -> str:
        """Return what `PROGRAM ARGUMENTS` printed. Raises AzError."""
        return self._run(list(arguments), self._seconds)

    def get(self, path: str, api_version: str, **query: str) -> dict[str, Any]:
        """Return the JSON object at `/subscriptions/...` of Azure Resource Manager. Raises AzError."""
        # No "&" may be part of an argument: on Windows az is a batch file, whose arguments cmd.exe reads.
        pairs = [f"api-version={api_version}", *(f"{name}={value}" for name, value in query.items())]
        found = self.json("rest", "--method", "get", "--url", path, "--url-parameters", *pairs)
        if not isinstance(found, dict):
            raise AzError("not-json", f"{path} is no JSON object")
        return cast(dict[str, Any], found)

    def list(self, path: str, api_version: str) -> Iterator[dict[str, Any]]:
        """Yield the objects of a collection of Azure Resource Manager, over all its pages. Raises AzError."""
        page = self.get(path, api_version)
        for _ in range(100):
            rows: Any = page.get("value") or []
            yield from (row for row in rows if isinstance(row, dict))
            link = urlsplit(str(page.get("nextLink") or ""))
            if not link.path:
                return
            query = {name: value for name, value in parse_qsl(link.query) if name != "api-version"}
            page = self.get(link.path, api_version, **query)

    def _run(self, arguments: list[str], seconds: float) -> str:
        program = shutil.which(self._program)
        if program is None:
            raise AzError("missing", f"{self._name} was not found on PATH")
        with tempfile.TemporaryDirectory() as folder:
            out, err = Path(folder, "out"), Path(folder, "err")
            code = _wait([program, *arguments], out, err, seconds)
            if code is None:
                raise AzError(
                    "timeout",
                    f"{self._name} {_short(arguments)} did not answer within {seconds:g} seconds",
                )
            text = out.read_text(encoding="utf-8", errors="replace")
            said = err.read_text(encoding="utf-8", errors="replace")
        if code:
            raise _error(f"{self._name} {_short(arguments)}", said or text)
        return text


def without_secrets(text: str) -> str:
    """Return `text` with keys, codes and signatures taken out."""
    return _BEARER.sub("***", _IN_TEXT.sub(r"\1\2***", _IN_ADDRESS.sub(r"\1***", text)))


def _wait(command: list[str], out: Path, err: Path, seconds: float) -> int | None:
    """Run a command into two files and return its exit code, or None after stopping it and all it started.

    Files and not pipes: az is a script, and whatever it leaves behind would hold a pipe open.
    """
    posix = sys.platform != "win32"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            env=_environment(os.environ),
            start_new_session=posix,
        )
        try:
            return process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if process.poll() is None:
                _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True, timeout=20)  # noqa: S607
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=20)


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    # A virtual environment's PYTHONPATH or PYTHONHOME would lead the CLI's own Python astray.
    kept = {name: value for name, value in own.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    return {**kept, **_QUIET}


def _error(command: str, said: str) -> AzError:
    said = without_secrets(said.strip())
    lower = said.lower()
    code = "failed"
    if "az login" in lower or "azd auth login" in lower or "aadsts" in lower:
        code = "signed-out"
    elif any(word in lower for word in _FORBIDDEN):
        code = "forbidden"
    elif "notfound" in lower.replace(" ", "") or "could not be found" in lower:
        code = "not-found"
    lines = [line.removeprefix("ERROR: ").strip() for line in said.splitlines() if line.strip()]
    return AzError(code, f"{command}: {' '.join(lines)[:_LONGEST] or 'it failed without a word'}")


def _short(arguments: list[str] | tuple[str, ...]) -> str:
    """Return the command's words without options; of `az rest` the path, which says what was asked."""
    words: list[str] = []
    for word in arguments:
        if word.startswith("-"):
            break
        words.append(word)
    if words == ["rest"] and "--url" in arguments:
        words.append(arguments[list(arguments).index("--url") + 1])
    return " ".join(words)
