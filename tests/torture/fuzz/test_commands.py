"""Commands with odd arguments: an exit code that is promised, and no traceback."""

from __future__ import annotations

import random
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from reelbrush.cli import main
from tests.torture.fuzz.hostile_json import WORDS
from tests.torture.toll import Toll

CODES = {0, 1, 2, 3, 4, 5, 130}
ODD = (
    "", "-", "--", "-1", "0", "1e9", "99999999999999999999", "nan", "inf", "-inf", "None", "true", "@file",
    "/", "/dev/null",
    "/proc/self/mem", "nobody.mp4", "text.mp4", "./-x.mp4", "~", "$HOME", "`id`", "a\nb", "\x1b[31m",
    "http://[", "http://127.0.0.1:1",
    "https://127.0.0.1:1/x?y#z", "ftp://x", "file:///etc/passwd", "127.0.0.1", "http://127.0.0.1:99999",
    "env:NOBODY", "folder:/x",
    "clip-0123456789", "1:30", "0.5", "1/3", "identity", "RGB", "int8", "--help", "-q", "--json", *WORDS,
)  # fmt: skip
# what would work for minutes, serve for ever, or ask Azure; their options are read all the same
_WORKERS = (
    "reelbrush.cli.serve.serve_local", "reelbrush.cli.run.run_local", "reelbrush.cli.train.train_style",
    "reelbrush.sample.make_sample", "reelbrush.cli.doctor.diagnose",
    "reelbrush.cli.doctor_azure.diagnose_azure",
    "reelbrush.cli.doctor_deploy.diagnose_deploy", "reelbrush.cli.import_style.import_style",
)  # fmt: skip


def odd_arguments(rng: random.Random) -> list[str]:
    """Return the arguments of some command: mostly well-formed, with odd values."""
    name = rng.choice([*main.commands, rng.choice(ODD)])
    command = main.commands.get(name)
    arguments = [name]
    for parameter in command.params if command is not None else ():
        if isinstance(parameter, click.Argument):
            if rng.random() < 0.9:
                arguments.append(rng.choice(ODD))
        elif isinstance(parameter, click.Option) and rng.random() < (0.9 if parameter.required else 0.25):
            arguments.append(parameter.opts[-1])
            if not parameter.is_flag:
                count = max(1, parameter.nargs)
                arguments += [_value(parameter.type, rng) for _ in range(count if rng.random() < 0.9 else 0)]
    if rng.random() < 0.2:
        arguments.insert(rng.randrange(len(arguments) + 1), rng.choice(ODD))
    return [argument.replace("\0", "") for argument in arguments]


def _value(kind: Any, rng: random.Random) -> str:
    if isinstance(kind, click.Choice) and rng.random() < 0.6:
        return str(rng.choice(list(kind.choices)))
    if isinstance(kind, (click.IntRange, click.FloatRange)) and rng.random() < 0.5:
        return str(rng.choice((0, 1, 2, 3.5, 1000)))
    return rng.choice(ODD)


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliRunner]:
    (tmp_path / "text.mp4").write_text("no film at all")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for worker in _WORKERS:
        monkeypatch.setattr(worker, lambda *_, **__: 0)
    yield CliRunner()


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.torture("odd arguments of every command", full=2000, slice=150)
def test_odd_arguments_end_with_a_promised_code(toll: Toll, runner: CliRunner) -> None:
    ends = Counter[int]()
    for seed in toll.seeds():
        arguments = odd_arguments(random.Random(seed))
        try:
            done = runner.invoke(main, arguments)
        except Exception:  # the runner's own
            toll.lost(f"seed {seed}: {arguments}: {traceback.format_exc()[-600:]}")
            continue
        ends[done.exit_code] += 1
        trace = done.exc_info[2] if done.exc_info and not isinstance(done.exception, SystemExit) else None
        if done.exception is not None and trace is not None:
            told = "".join(traceback.format_exception(done.exception))
            toll.lost(f"seed {seed}: {arguments}: {told[-900:]}")
        elif done.exit_code not in CODES or "Traceback" in done.output:
            toll.lost(f"seed {seed}: {arguments}: exit code {done.exit_code}: {done.output[-300:]}")
        elif done.exit_code not in (0, 1) and not done.output.strip():
            toll.lost(f"seed {seed}: {arguments}: exit code {done.exit_code} without a word")
        else:
            toll.survived()
    toll.figure("exit codes", ", ".join(f"{code}: {count}" for code, count in sorted(ends.items())))
