"""A file and a server that nobody has any business with: whoever opens or calls them is noticed."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import struct
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_IN_ACCESS, _IN_OPEN, _IN_NONBLOCK = 0x1, 0x20, 0o4000
_EVENT = struct.Struct("iIII")


@dataclass
class Canary:
    """Where the bait lies, and what was seen of it."""

    folder: Path  # with canary.mp4, 001.png and so on: real media, that a thief could use
    port: int  # on loopback, for TCP and UDP
    _watch: int
    _calls: list[str] = field(default_factory=list[str])

    @property
    def file(self) -> Path:
        """The video that lies as bait."""
        return self.folder / "canary.mp4"

    def touched(self) -> list[str]:
        """Return what was opened or called since the last look."""
        seen, self._calls[:] = list(self._calls), []
        try:
            events = os.read(self._watch, 1 << 16)
        except BlockingIOError:
            return seen
        while events:
            _, _, _, length = _EVENT.unpack_from(events)
            name = events[_EVENT.size : _EVENT.size + length].rstrip(b"\0").decode() or "the folder"
            seen.append(f"{name} was opened")
            events = events[_EVENT.size + length :]
        return list(dict.fromkeys(seen))

    def called(self, how: str) -> None:
        """Note a call."""
        self._calls.append(how)


@contextmanager
def canary(folder: Path, video: Path) -> Generator[Canary]:
    """Lay out the bait, copies of `video`, and watch it until the block ends."""
    folder.mkdir()
    for name in ("canary.mp4", "canary.ts", "001.png", "002.png", "canary.srt", "canary.txt"):
        shutil.copyfile(video, folder / name)
    libc = ctypes.CDLL(None, use_errno=True)
    watch = int(libc.inotify_init1(_IN_NONBLOCK))
    assert watch >= 0 and libc.inotify_add_watch(watch, bytes(folder), _IN_OPEN | _IN_ACCESS) >= 0
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        port = int(tcp.getsockname()[1])
        udp.bind(("127.0.0.1", port))
        bait = Canary(folder, port, watch)
        threads = [
            threading.Thread(target=target, daemon=True) for target in (_tcp(tcp, bait), _udp(udp, bait))
        ]
        for thread in threads:
            thread.start()
        try:
            yield bait
        finally:
            tcp.shutdown(socket.SHUT_RDWR)
            udp.sendto(b"", ("127.0.0.1", port))
            for thread in threads:
                thread.join(60)
            os.close(watch)


def _tcp(server: socket.socket, bait: Canary) -> Callable[[], None]:
    def serve() -> None:
        while True:
            try:
                caller, _ = server.accept()
            except OSError:
                return
            with caller:
                caller.settimeout(1)
                try:
                    asked = caller.recv(200)
                except OSError:
                    asked = b""
                bait.called(f"the server was called: {asked[:60]!r}")

    return serve


def _udp(server: socket.socket, bait: Canary) -> Callable[[], None]:
    def serve() -> None:
        while data := server.recv(200):
            bait.called(f"the server was sent {data[:60]!r}")

    return serve
