"""MP4 and MOV files that claim much."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

from tests.torture.media.bombs import BOMBS, MILLION, MOST, bomb
from tests.torture.media.boxes import box, edited, full, into, with_moov


def _table(name: str, kind: bytes, payload: bytes) -> None:
    """A sample table of the real film is replaced."""
    BOMBS[name] = lambda clip: with_moov(clip, lambda moov: edited(moov, kind, lambda _: full(kind, payload)))


def _more(name: str, holder: bytes, extra: Callable[[], bytes]) -> None:
    """Boxes are added to a box of the real film."""
    BOMBS[name] = lambda clip: with_moov(
        clip,
        lambda moov: moov + extra() if holder == b"moov" else edited(moov, holder, into(holder, extra())),
    )


_table("mp4 stsz 2^32 samples of a byte", b"stsz", struct.pack(">II", 1, MOST))
_table("mp4 stsz 2^32 samples of no table", b"stsz", struct.pack(">II", 0, MOST))
_table("mp4 stsz 1.4e9 samples", b"stsz", struct.pack(">II", 1, 1_400_000_000))
_table("mp4 stsz 4 GB samples", b"stsz", struct.pack(">II", MOST, 25))
_table("mp4 stts 2^32 entries", b"stts", struct.pack(">III", MOST, MOST, 1))
_table("mp4 stts 2^32 of one", b"stts", struct.pack(">III", 1, MOST, 1))
_table("mp4 stts of 2^31 ticks", b"stts", struct.pack(">III", 1, 25, 2**31 - 1))
_table("mp4 stts of no ticks", b"stts", struct.pack(">III", 1, 25, 0))
_table("mp4 ctts 2^32 entries", b"ctts", struct.pack(">III", MOST, MOST, 1))
_table("mp4 ctts 2^32 of one", b"ctts", struct.pack(">III", 1, MOST, 1))
_table(
    "mp4 ctts wild",
    b"ctts",
    struct.pack(">I", 25) + b"".join(struct.pack(">Ii", 1, (-1) ** n * (2**31 - 1)) for n in range(25)),
)
_table("mp4 stsc 2^32 entries", b"stsc", struct.pack(">IIII", MOST, 1, MOST, 1))
_table("mp4 stsc 2^32 in a chunk", b"stsc", struct.pack(">IIII", 1, 1, MOST, 1))
_table("mp4 stco 2^32 chunks", b"stco", struct.pack(">II", MOST, 0))
_table("mp4 stco chunks out of the file", b"stco", struct.pack(">II", 1, MOST))
_table("mp4 stss 2^32 keys", b"stss", struct.pack(">II", MOST, 1))
_table(
    "mp4 elst 10^6 edits", b"elst", struct.pack(">I", MILLION) + struct.pack(">IiHH", 1, 0, 1, 0) * MILLION
)
_table("mp4 elst 2^32 edits", b"elst", struct.pack(">IIiHH", MOST, 40, 0, 1, 0))
_table(
    "mp4 elst wild",
    b"elst",
    struct.pack(">I", 3)
    + struct.pack(">IiHH", 2**31, -1, 1, 0) * 2
    + struct.pack(">IiHH", 1, 2**31 - 1, 1, 0),
)
_table("mp4 mdhd of 2^32 ticks a second", b"mdhd", struct.pack(">IIII", 0, 0, MOST, 25) + bytes(4))
_table("mp4 mdhd of no ticks", b"mdhd", struct.pack(">IIII", 0, 0, 0, MOST) + bytes(4))
_more("mp4 10^6 tracks", b"moov", lambda: box(b"trak") * MILLION)
_more(
    "mp4 10^5 tracks with headers",
    b"moov",
    lambda: (
        box(b"trak", full(b"tkhd", bytes(80)), box(b"mdia", full(b"hdlr", bytes(4), b"vide", bytes(13))))
        * 100_000
    ),
)
_more(
    "mp4 10^6 user data",
    b"moov",
    lambda: box(b"udta", struct.pack(">I4sHH", 14, b"\xa9nam", 2, 0).ljust(14, b"x") * MILLION),
)
_more(
    "mp4 10^6 tags",
    b"moov",
    lambda: box(
        b"udta",
        full(
            b"meta",
            full(b"hdlr", bytes(4), b"mdir", b"appl", bytes(9)),
            box(b"ilst", box(b"\xa9nam", box(b"data", struct.pack(">II", 1, 0), b"x" * 20)) * MILLION),
        ),
    ),
)
_more(
    "mp4 a tag of 100 MB",
    b"moov",
    lambda: box(
        b"udta",
        full(
            b"meta",
            full(b"hdlr", bytes(4), b"mdir", b"appl", bytes(9)),
            box(b"ilst", box(b"\xa9nam", box(b"data", struct.pack(">II", 1, 0), b"x" * 100 * MILLION))),
        ),
    ),
)
_more(
    "mp4 cover art of 100 MB",
    b"moov",
    lambda: box(
        b"udta",
        full(
            b"meta",
            full(b"hdlr", bytes(4), b"mdir", b"appl", bytes(9)),
            box(
                b"ilst",
                box(
                    b"covr",
                    box(b"data", struct.pack(">II", 14, 0), b"\x89PNG\r\n\x1a\n" + bytes(100 * MILLION)),
                ),
            ),
        ),
    ),
)
_more(
    "mp4 2000 covers",
    b"moov",
    lambda: box(
        b"udta",
        full(
            b"meta",
            full(b"hdlr", bytes(4), b"mdir", b"appl", bytes(9)),
            box(
                b"ilst",
                box(b"covr", box(b"data", struct.pack(">II", 14, 0), b"\x89PNG\r\n\x1a\n" + bytes(100)))
                * 2000,
            ),
        ),
    ),
)
_more(
    "mp4 255 chapters that lie",
    b"moov",
    lambda: box(
        b"udta", full(b"chpl", bytes(4), b"\xff" + (struct.pack(">QB", 2**63, 255) + b"x" * 255) * 255)
    ),
)


@bomb("mp4 nested 10^5 deep")
def _nested(clip: bytes) -> bytes:
    whole = b"".join(struct.pack(">I4s", 8 * n, b"udta" if n % 2 else b"trak") for n in range(100_000, 0, -1))
    return with_moov(clip, lambda moov: moov + whole)


@bomb("mov compressed header of 700 MB")
def _cmov(clip: bytes) -> bytes:
    packer = zlib.compressobj(1)
    packed = b"".join(packer.compress(bytes(MILLION)) for _ in range(700)) + packer.flush()
    moov = box(
        b"moov", box(b"cmov", box(b"dcom", b"zlib"), box(b"cmvd", struct.pack(">I", 700 * MILLION), packed))
    )
    return box(b"ftyp", b"qt  ", bytes(4), b"qt  ") + moov


@bomb("mov compressed header that says 4 GB")
def _cmov_lie(clip: bytes) -> bytes:
    moov = box(
        b"moov",
        box(
            b"cmov", box(b"dcom", b"zlib"), box(b"cmvd", struct.pack(">I", MOST), zlib.compress(bytes(1000)))
        ),
    )
    return box(b"ftyp", b"qt  ", bytes(4), b"qt  ") + moov


@bomb("mov compressed headers in each other")
def _cmov_nested(clip: bytes) -> bytes:
    moov = box(b"moov", bytes(1000))
    for _ in range(300):
        moov = box(
            b"moov",
            box(
                b"cmov",
                box(b"dcom", b"zlib"),
                box(b"cmvd", struct.pack(">I", len(moov)), zlib.compress(moov)),
            ),
        )
    return box(b"ftyp", b"qt  ", bytes(4), b"qt  ") + moov


@bomb("mp4 sizes of 2^63")
def _large(clip: bytes) -> bytes:
    return box(b"ftyp", b"isom", bytes(4), b"isom") + struct.pack(">I4sQ", 1, b"moov", 2**63 - 1) + clip


def _fragmented(clip: bytes, *, samples: int, times: int = 1, duration: int = 1) -> bytes:
    """Append the same fragment `times` times: it claims so many samples, each of that many ticks."""
    trex = full(b"trex", struct.pack(">IIIII", 1, 1, 1, duration, 0))
    traf = box(b"traf", full(b"tfhd", struct.pack(">I", 1)), full(b"trun", struct.pack(">I", samples)))
    header = with_moov(clip, lambda moov: moov + box(b"mvex", trex))
    return header + box(b"moof", full(b"mfhd", struct.pack(">I", 1)), traf) * times


@bomb("mp4 10^6 fragments")
def _fragments(clip: bytes) -> bytes:
    return _fragmented(clip, samples=1, times=300_000)


@bomb("mp4 a fragment of 2^32 samples")
def _trun(clip: bytes) -> bytes:
    return _fragmented(clip, samples=MOST)


@bomb("mp4 fragments of 10^7 samples without bytes")
def _empty_samples(clip: bytes) -> bytes:
    return _fragmented(clip, samples=10_000, times=1000, duration=0)


@bomb("mp4 sidx of 65535")
def _sidx(clip: bytes) -> bytes:
    sidx = full(b"sidx", struct.pack(">IIIIHH", 1, 1, 0, 0, 0, 65535), struct.pack(">III", 1, 1, 0) * 65535)
    return sidx * 20 + clip


@bomb("mp4 description of 100 MB")
def _extradata(clip: bytes) -> bytes:
    return with_moov(
        clip,
        lambda moov: edited(
            moov,
            b"stsd",
            lambda payload: box(b"stsd", payload[:8], _sample_entry(payload[8:], bytes(100 * MILLION))),
        ),
    )


@bomb("mp4 10^6 descriptions")
def _descriptions(clip: bytes) -> bytes:
    return with_moov(
        clip,
        lambda moov: edited(
            moov, b"stsd", lambda payload: full(b"stsd", struct.pack(">I", 200_000), payload[8:] * 200_000)
        ),
    )


def _sample_entry(entry: bytes, config: bytes) -> bytes:
    return box(entry[4:8], entry[8:86], box(b"avcC", b"\x01\x64\0\x0a\xff\xe1" + config))
