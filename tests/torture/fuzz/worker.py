"""The process that hostile files are given to: `python -m tests.torture.fuzz.worker`, JSON lines in and out.

A request is {"what": name of a trial, "path": file, ...}; the answer {"end": how it ended, "cpu": seconds,
"peak": MB} has a "trace" where it ended by an exception that nobody foresaw.
"""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from reelbrush.errors import ReelbrushError

ADDRESSES = 8 << 30  # bytes that this process may map: what asks for more gets MemoryError


def main() -> None:
    """Answer requests until the input ends."""
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 30, 1 << 30))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    from tests.torture.fuzz.trials import TRIALS

    for line in sys.stdin:
        request = json.loads(line)
        Path("/proc/self/clear_refs").write_text("5")  # the peak is that of this try
        began = time.process_time()
        answer: dict[str, Any]
        try:
            answer = {"end": TRIALS[request.pop("what")](**request)}
        except ReelbrushError as error:
            answer = {"end": f"{type(error).__name__} {error.code}", "reason": str(error)}
        except Exception as error:
            answer = {
                "end": f"{type(error).__name__}: {error}"[:300],
                "trace": traceback.format_exc()[-3000:],
            }
        answer |= {"cpu": round(time.process_time() - began, 3), "peak": _peak_mb()}
        print(json.dumps(answer), file=answers, flush=True)


def _peak_mb() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) // 1024
    return 0


if __name__ == "__main__":
    main()
