"""Nothing is lost when a host is killed at any moment, and two hosts never share a database."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from reelbrush.errors import HostError
from reelbrush.host import Host
from tests.torture.toll import Toll

APP = Path(__file__).parent / "apps" / "scenarios"
RUNNER = """
import asyncio, sys
from pathlib import Path
from reelbrush.host import Host

async def main():
    data = Path(sys.argv[2])
    async with Host(Path(sys.argv[1]), data, store_root=data) as host:
        for name in ("one", "two"):
            if await host.status(name) is None:
                host.management.start("crash_test", name, '"' + sys.argv[3] + '"')
        print("running", flush=True)
        for name in ("one", "two"):
            status = await host.wait(name)
            print(name, status.runtime_status, len(status.output), flush=True)

asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.torture("kills of a host with two orchestrations", slice=8, full=40)
def test_orchestrations_survive_kills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toll: Toll) -> None:
    monkeypatch.setenv("CRASH_LOG", str(tmp_path / "log"))
    waves = toll.tries * 3 // 2  # more than are done before the last kill
    command = [sys.executable, "-c", RUNNER, str(APP), str(tmp_path / "data"), str(waves)]
    rng = random.Random(7)
    kills = 0
    while True:
        with (tmp_path / "errors").open("w") as errors:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        assert process.stdout is not None
        if process.stdout.readline() and kills < toll.tries + 2:
            time.sleep(0.02 + 0.18 * rng.random())
            process.kill()
            kills += 1
        output = process.stdout.read()
        if process.wait() == 0:
            break
        assert process.returncode == -9, (tmp_path / "errors").read_text()
    assert output.split() == ["one", "Completed", str(4 * waves), "two", "Completed", str(4 * waves)]
    toll.survived(kills)
    runs = Counter((tmp_path / "log").read_text().split())
    assert set(runs) == {f"{wave}.{j}" for wave in range(waves) for j in range(4)}
    # Two orchestrations ran each activity once, and a kill can repeat only what was running.
    assert sum(runs.values()) <= 2 * 4 * waves + kills * 8


def test_a_second_host_on_one_database_is_refused(host: Any, run: Any, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with host() as (_, client):
            second = Host(APP, tmp_path / "data", store_root=tmp_path)
            with pytest.raises(HostError, match="another host"):
                await second.start()
            assert await client.start_new("counter", None, 3)

    run(scenario())


def test_a_file_that_is_no_database_is_an_error(run: Any, tmp_path: Path) -> None:
    (tmp_path / "host.db").write_text("this is no database, but it is long enough to look at" * 20)
    with pytest.raises(HostError, match="cannot be used"):
        run(Host(APP, tmp_path, store_root=tmp_path).start())
