"""The process in which a file nobody knows is opened first; `trial.py` starts it and reads for it."""

from __future__ import annotations

import json
import os
import sys
from typing import Any, cast

from av.codec.context import CodecContext
from av.container import InputContainer
from av.error import MemoryError as NoMemory
from av.video.stream import VideoStream

from reelbrush.errors import Refusal
from reelbrush.media.container import open_input
from reelbrush.media.trial import END, LENGTH, READ

_FARTHEST = (1 << 63) - 1


class _Asking:
    """The file as the parent reads it."""

    def __init__(self, size: int) -> None:
        self._size, self._at = size, 0

    def read(self, count: int = -1) -> bytes:
        left = self._size - self._at
        if left <= 0:
            return b""
        _say(READ.pack(self._at, min(count, left) if count >= 0 else left))
        try:
            (length,) = LENGTH.unpack(sys.stdin.buffer.read(LENGTH.size))
            data = sys.stdin.buffer.read(length)
        except MemoryError:  # what was not heard is lost, so nothing more can be asked
            os.write(1, _NO_MEMORY)
            os._exit(0)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        wanted = offset + (0, self._at, self._size)[whence]
        if not 0 <= wanted <= _FARTHEST:
            raise ValueError("no file has this position")
        self._at = wanted
        return self._at

    def tell(self) -> int:
        return self._at


def _say(message: bytes) -> None:
    sys.stdout.buffer.write(message)
    sys.stdout.buffer.flush()


def _ending(told: dict[str, Any]) -> bytes:
    document = json.dumps(told).encode()
    return READ.pack(END, len(document)) + document


_NO_MEMORY = _ending({"memory": True})  # made while there is some


def _bound(cpu: int, memory: int) -> None:
    if sys.platform != "win32":  # Windows has no such limits: there a header may be costly
        import resource

        for kind, most in (
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_CPU, cpu),
            (resource.RLIMIT_DATA, memory),
        ):
            _, hard = resource.getrlimit(kind)
            lower = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (lower, hard))


def _told(size: int) -> dict[str, Any]:
    try:
        with open_input(_Asking(size)) as container:
            return _counts(container)
    except Refusal as refusal:
        if isinstance(refusal.__context__, NoMemory):
            return {"memory": True}
        return {"refused": [refusal.message, refusal.code, refusal.advice]}
    except MemoryError:
        return {"memory": True}


def _counts(container: InputContainer) -> dict[str, Any]:
    chapters = container.chapters()
    texts = [container.metadata, *(stream.metadata for stream in container.streams)]
    texts += [chapter["metadata"] for chapter in chapters]
    codecs = [cast("CodecContext | None", stream.codec_context) for stream in container.streams]
    parameters = [codec.extradata or b"" for codec in codecs if codec is not None]
    return {
        "streams": len(container.streams),
        "chapters": len(chapters),
        "text": sum(len(name) + len(value) for text in texts for name, value in text.items())
        + sum(map(len, parameters)),
        "frames": max(
            (len(stream.index_entries) for stream in container.streams if isinstance(stream, VideoStream)),
            default=0,
        ),
    }


if __name__ == "__main__":
    _size, _cpu, _memory = json.loads(sys.argv[1])
    _bound(_cpu, _memory)
    _say(_ending(_told(_size)))
    os._exit(0)  # closing what a liar opened is no use
