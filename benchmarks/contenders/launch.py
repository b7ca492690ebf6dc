"""Runs one command and tells what it took: `python -m contenders.launch COMMAND...` prints one JSON object.

A process of its own, importing little, for two reasons: peak memory of a child counts from the moment of
its fork, so that a large parent would be counted too; and `/proc/self/io` then holds this command alone.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path


def bytes_by_calls() -> tuple[int, int]:
    """Return bytes read and written by system calls, files and pipes, of this process and its ended children.

    Of /proc/self/io (proc(5): rchar, wchar). (0, 0) where there is no such file.
    """
    try:
        lines = Path("/proc/self/io").read_text().splitlines()
    except OSError:
        return 0, 0
    values = {name: int(value) for name, value in (line.split(": ") for line in lines)}
    return values["rchar"], values["wchar"]


def main() -> int:
    """Run the command with its output on standard error; the exit code is the command's."""
    read, written = bytes_by_calls()
    began = time.perf_counter()
    done = subprocess.run(sys.argv[1:], stdout=sys.stderr, stdin=subprocess.DEVNULL, check=False)
    wall = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    read_after, written_after = bytes_by_calls()
    print(
        json.dumps(
            {
                "cpu_seconds": used.ru_utime + used.ru_stime,
                "wall_seconds": wall,
                "peak_mib": used.ru_maxrss / 1024,  # of the largest single process
                "bytes_read": read_after - read,
                "bytes_written": written_after - written,
            }
        )
    )
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
