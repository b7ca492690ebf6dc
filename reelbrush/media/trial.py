"""A first opening of a file nobody knows, in a process of its own with bounds on its time and memory.

FFmpeg reads a header in one go: one can be built that keeps it busy for hours or takes all memory, and C
code may crash. So the file is opened by `trial_child.py` first, and by the app only when that went well. The
child gets nothing of the environment but what Python needs to start, no module of the folder that it starts
in, and opens nothing: its parent reads for it.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from typing import Any, BinaryIO

from reelbrush.errors import ReelbrushError, Refusal
from reelbrush.media.container import Opener
from reelbrush.media.limits import Limits, too_large

MOST_CPU = 3  # seconds, also of starting the process; a film of 10 hours takes one
MOST_MEMORY = 500_000_000  # bytes of data
PATIENCE = 120.0  # seconds without a word of the child, which waits for nothing but its reads
CHILD = ("-P", "-m", "reelbrush.media.trial_child")
_KEPT = (
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "PYTHONHOME",
    "SYSTEMROOT",
)  # some Pythons start by these alone
_STOPPED = ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP")  # what others send: a host that ends, a full machine
READ = struct.Struct(">qq")  # position and count of what the child wants to read; or END and a length
LENGTH = struct.Struct(">q")  # of what was read, which follows
END = -1  # JSON of so many bytes follows: how the opening went
_LONGEST_READ = 1 << 24  # bytes


def try_opening(open_source: Opener, limits: Limits) -> None:
    """Return when the file can be opened within bounds.

    Raises Refusal: what `open_input` raises; `too-large` for more streams, chapters, text, frames, time or
    memory than a header may have or take; `unreadable` when opening ends the process. A process that does not
    start, or that others end, is no fault of the file: ReelbrushError, retryable. What `open_source` and its
    reader raise passes.
    """
    with open_source() as reader:
        task = json.dumps([reader.seek(0, os.SEEK_END), MOST_CPU, MOST_MEMORY])
        child = subprocess.Popen(
            [sys.executable, *CHILD, task],
            env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **_kept()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            told = _answered(child, reader)
        finally:
            child.kill()
            child.communicate()
    if told is None:
        raise _ended(child.returncode)
    if "refused" in told:
        message, code, advice = told["refused"]
        raise Refusal(message, code=code, advice=advice)
    if "memory" in told:
        raise too_large("its header asks for more memory", f"{MOST_MEMORY} bytes")
    limits.check_header(told["streams"], told["chapters"], told["text"], told["frames"])


def _answered(child: subprocess.Popen[bytes], reader: BinaryIO) -> dict[str, Any] | None:
    """Read for the child until it tells how it went; None when it ended without a word."""
    begun = False
    while (asked := _heard(child, READ.size)) is not None:
        begun = True
        position, count = READ.unpack(asked)
        if position == END:
            told = _heard(child, count)
            return None if told is None else json.loads(told)
        reader.seek(position)
        data = reader.read(min(count, _LONGEST_READ))
        assert child.stdin is not None
        with suppress(BrokenPipeError):  # it has ended, perhaps with a word
            child.stdin.write(LENGTH.pack(len(data)) + data)
            child.stdin.flush()
    status = child.wait(PATIENCE)
    if not begun:
        raise ReelbrushError(
            f"the process that opens a video first does not start (status {status})",
            advice=f"see what `{sys.executable} {' '.join(CHILD)} '[0, 3, 500000000]'` says",
            retryable=True,
        )
    if _signal(status) in _STOPPED:
        raise ReelbrushError(
            f"the process that opens a video first was ended (status {status})", retryable=True
        )
    return None


def _heard(child: subprocess.Popen[bytes], count: int) -> bytes | None:
    """Return the child's next bytes; None when there are none any more, or none for too long."""
    assert child.stdout is not None
    watch = threading.Timer(PATIENCE, child.kill)
    watch.start()
    try:
        data = child.stdout.read(count)
    finally:
        watch.cancel()
    return data if len(data) == count else None


def _ended(status: int) -> Refusal:
    if _signal(status) == "SIGXCPU":
        return too_large("its header takes longer to read", f"{MOST_CPU} s of processor time")
    return Refusal(
        f"the file cannot be read as a video: opening it ends the program (status {status})",
        code="unreadable",
        advice="check that it plays, and upload it again",
    )


def _kept() -> dict[str, str]:
    return {name: os.environ[name] for name in _KEPT if name in os.environ}


def _signal(status: int) -> str:
    """Return the name of the signal that ended a process, "" for none."""
    try:
        return signal.Signals(-status).name
    except ValueError:
        return ""
