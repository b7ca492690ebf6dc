"""Moving pictures and raw video that claim much."""

from __future__ import annotations

import struct
import zlib

from tests.torture.media.bombs import MILLION, MOST, plain


def _gif(width: int, height: int, frames: int) -> bytes:
    frame = b"\x21\xf9\x04\0\x04\0\0\0" + b"\x2c" + struct.pack("<HHHH", 0, 0, 1, 1) + b"\0\x02\x02\x44\x01\0"
    head = b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0" + bytes(6)
    return head + frame * frames + b"\x3b"


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _apng(width: int, height: int, frames: int) -> bytes:
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(bytes(1 + width * 4)) for _ in range(height)) + packer.flush()
    parts = [
        b"\x89PNG\r\n\x1a\n",
        _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)),
        _chunk(b"acTL", struct.pack(">II", frames, 0)),
    ]
    for number_ in range(frames):
        parts.append(
            _chunk(
                b"fcTL", struct.pack(">IIIIIHHBB", max(0, 2 * number_ - 1), width, height, 0, 0, 1, 25, 0, 0)
            )
        )
        parts.append(
            _chunk(b"IDAT", data) if number_ == 0 else _chunk(b"fdAT", struct.pack(">I", 2 * number_) + data)
        )
    return b"".join(parts) + _chunk(b"IEND", b"")


plain("gif 65535 wide", lambda: _gif(65535, 65535, 3))
plain("gif 11585 wide", lambda: _gif(11585, 11585, 20))
plain("gif 5760 wide, 10^5 frames", lambda: _gif(5760, 5760, 100_000))
plain("gif 10^6 frames", lambda: _gif(16, 16, MILLION))
plain("apng 11000 wide", lambda: _apng(11000, 11000, 2))
plain("apng 5700 wide", lambda: _apng(5700, 5700, 3))
plain(
    "apng 2^31 wide",
    lambda: _apng(16, 16, 2).replace(struct.pack(">II", 16, 16), struct.pack(">II", 2**31 - 1, 2**31 - 1), 1),
)
plain(
    "webp",
    lambda: (
        b"RIFF"
        + struct.pack("<I", 2**31)
        + b"WEBPVP8X"
        + struct.pack("<I", 10)
        + b"\x02\0\0\0"
        + b"\xff" * 6
        + b"ANIM"
        + struct.pack("<IIH", 6, 0, 0)
    ),
)
plain(
    "ivf 10^9 fps, 2^32 frames",
    lambda: (
        b"DKIF"
        + struct.pack("<HH4sHHIIII", 0, 32, b"VP80", 16384, 16383, 10**9, 1, MOST, 0)
        + struct.pack("<IQ", 30, 0)
        + bytes(30)
    ),
)
plain("y4m 10^9 fps", lambda: b"YUV4MPEG2 W16 H16 F1000000000:1 C420\n" + (b"FRAME\n" + bytes(384)) * 300)
plain("y4m 16384 wide", lambda: b"YUV4MPEG2 W16384 H16384 F25:1 C420\n" + (b"FRAME\n" + bytes(384)) * 3)
plain(
    "y4m 11585 wide, 16 bit",
    lambda: b"YUV4MPEG2 W11585 H11585 F25:1 C444p16\n" + (b"FRAME\n" + bytes(384)) * 3,
)
plain("y4m header of 10 MB", lambda: b"YUV4MPEG2 W16 H16 F25:1 C420 X" + b"x" * 10_000_000)
