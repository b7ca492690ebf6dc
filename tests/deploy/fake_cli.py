"""The program behind `az` and `azd` in these tests: it answers as a scenario says, or refuses.

Commands and their options are those that az 2.91 accepts. The shapes of answers are of Microsoft's REST
reference and of the CLI's source; none was recorded from a subscription. Started as:
python fake_cli.py FOLDER az ARGUMENTS.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

GLOBAL = {"--output", "--query", "--subscription"}
COMMANDS = {
    "version": set(),
    "bicep version": set(),
    "account show": set(),
    "provider list": set(),
    "functionapp list-flexconsumption-locations": {"--zone-redundant"},
    "vm list-skus": {"--location", "--size", "--all"},
    "keyvault purge": {"--name", "--location"},
    "deployment group create": {"--resource-group", "--name", "--template-file", "--parameters"},
    "deployment sub list": set(),
    "deployment sub show": {"--name"},
    "rest": {"--method", "--url", "--url-parameters"},
    "azd env get-values": {"--environment", "--no-prompt"},
}
FLAGS = {"--zone-redundant", "--all", "--no-prompt"}
SEVERAL = {"--parameters", "--url-parameters"}


def understood(program: str, arguments: list[str]) -> tuple[str, dict[str, list[str]]]:
    """Return the command and its options; exit as the CLI does for what it does not know."""
    options: dict[str, list[str]] = {}
    words: list[str] = [] if program == "az" else [program]
    name = ""
    for word in arguments:
        if word.startswith("--"):
            name = word
            options[name] = []
        elif name:
            options[name].append(word)
        else:
            words.append(word)
    command = " ".join(words)
    if command not in COMMANDS:
        refuse(f"'{command}' is misspelled or not recognized by the system.")
    for option, given in options.items():
        if option not in COMMANDS[command] | GLOBAL:
            refuse(f"unrecognized arguments: {option}")
        if option not in SEVERAL and len(given) != (0 if option in FLAGS else 1):
            refuse(f"argument {option}: expected one argument, got {given}")
        if option in SEVERAL and not all("=" in pair for pair in given):
            refuse(f"argument {option}: expected KEY=VALUE, got {given}")
    if command == "rest":
        pairs = dict(pair.partition("=")[::2] for pair in options.get("--url-parameters", []))
        url = options["--url"][0]
        if len(pairs) != len(options.get("--url-parameters", [])):
            refuse("Bad Request(a parameter is given twice)")
        if "graph.microsoft.com" not in url and "api-version" not in pairs:
            refuse("Bad Request(MissingApiVersionParameter)")
        extra = "".join(f" {name}={value}" for name, value in sorted(pairs.items()) if name != "api-version")
        command = f"rest {options['--method'][0]} {url}{extra}"
    return command, options


def refuse(message: str) -> None:
    """Exit as the CLI does for wrong usage."""
    print(f"ERROR: {message}", file=sys.stderr)
    sys.exit(2)


def answer(folder: Path, command: str, options: dict[str, list[str]]) -> int:
    """Print the scenario's next answer to a command: its last one again when it has no further one."""
    scenario: dict[str, list[Any]] = json.loads((folder / "scenario.json").read_text())
    count = (folder / "calls.txt").read_text().splitlines().count(command)
    if command not in scenario:
        refuse(f"Not Found({command} is not part of the scenario)")
    answers = scenario[command]
    said: Any = answers[min(count, len(answers)) - 1]
    if "error" in said:
        print(f"ERROR: {said['error']}", file=sys.stderr)
        return said.get("code", 1)
    if "asks" in said and not sys.stdin.readline():
        refuse("Unable to prompt: there is no terminal")
    if "sleep" in said:
        time.sleep(said["sleep"])
    if "text" in said:
        print(said["text"])
        return 0
    value = said["json"]
    if options.get("--query") == ["keys(systemKeys)"]:
        value = sorted(value["systemKeys"])
    if value is not None:
        print(json.dumps(value))
    return 0


def main() -> int:
    """Note the call and answer it."""
    folder, program, arguments = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    with (folder / "arguments.txt").open("a") as log:
        log.write(json.dumps([program, *arguments]) + "\n")
    command, options = understood(program, arguments)
    with (folder / "calls.txt").open("a") as log:
        log.write(command + "\n")
    return answer(folder, command, options)


if __name__ == "__main__":
    sys.exit(main())
