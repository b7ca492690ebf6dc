"""Matroska files that claim much."""

from __future__ import annotations

import struct
import zlib

from tests.torture.media.bombs import MILLION, plain
from tests.torture.media.ebml import (
    ATTACHMENTS,
    CHAPTERS,
    CLUSTER,
    CUES,
    TAGS,
    TRACKS,
    UNKNOWN,
    block,
    cluster,
    element,
    film,
    number,
    picture,
    size,
    track,
)

_MJPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")


def _tracks(*more: bytes) -> bytes:
    return element(
        TRACKS,
        track(
            1,
            b"V_UNCOMPRESSED",
            picture(16, 16)[:0]
            + element("e0", number("b0", 16), number("ba", 16), element("2eb524", b"I420")),
        ),
        *more,
    )


def _beside(part: bytes) -> bytes:
    """Return a film of one frame with `part` between its tracks and that frame."""
    return film(_tracks(), part, cluster(0, block(1, 0, _FRAME)))


_FRAME = bytes(384)
plain("mkv plain", lambda: film(_tracks(), *(cluster(n * 40, block(1, 0, _FRAME)) for n in range(10))))
plain("mkv 10^6 tracks", lambda: film(element(TRACKS, track(1, b"V_MJPEG", picture(16, 16)) * MILLION)))
plain("mkv 10^6 empty tracks", lambda: film(element(TRACKS, element("ae") * MILLION)))
plain(
    "mkv 900 tracks",
    lambda: film(
        element(TRACKS, *(track(n + 1, b"V_MJPEG", picture(4000, 4000)) for n in range(900))),
        *(cluster(n, block(1, 0, _MJPEG)) for n in range(100)),
    ),
)
plain(
    "mkv sizes unknown",
    lambda: film(
        _tracks(), element(CLUSTER, number("e7", 0), block(1, 0, _FRAME), claims=UNKNOWN), claims=UNKNOWN
    ),
)
plain(
    "mkv sizes of 2^56",
    lambda: film(element(TRACKS, track(1, b"V_MJPEG", picture(16, 16)), claims=size(2**56 - 2))),
)
plain(
    "mkv private data of 2^55",
    lambda: film(
        element(TRACKS, track(1, b"V_MJPEG", picture(16, 16), element("63a2", b"x", claims=size(2**55))))
    ),
)
plain(
    "mkv private data of 1 GB",
    lambda: film(
        element(TRACKS, track(1, b"V_MJPEG", picture(16, 16), element("63a2", b"x", claims=size(2**30))))
    ),
)
plain(
    "mkv private data of 100 MB",
    lambda: film(
        element(TRACKS, track(1, b"V_MJPEG", picture(16, 16), element("63a2", bytes(100 * MILLION))))
    ),
)
plain(
    "mkv 10^6 chapters",
    lambda: _beside(
        element(
            CHAPTERS,
            element(
                "45b9",
                *(
                    element(
                        "b6",
                        number("73c4", n + 1),
                        number("91", n * 1000),
                        element("80", element("85", b"x")),
                    )
                    for n in range(MILLION)
                ),
            ),
        )
    ),
)
plain(
    "mkv 10^6 tags",
    lambda: _beside(
        element(
            TAGS,
            element(
                "7373",
                element("63c0"),
                *(
                    element("67c8", element("45a3", b"T%d" % n), element("4487", b"x"))
                    for n in range(MILLION)
                ),
            ),
        )
    ),
)
plain(
    "mkv a tag of 100 MB",
    lambda: _beside(
        element(
            TAGS,
            element(
                "7373",
                element("63c0"),
                element("67c8", element("45a3", b"T"), element("4487", b"x" * 100 * MILLION)),
            ),
        )
    ),
)
plain("mkv tags 10^5 deep", lambda: _beside(_deep("67c8", 100_000)))
plain(
    "mkv 10^6 cues",
    lambda: _beside(
        element(
            CUES, element("bb", number("b3", 5), element("b7", number("f7", 1), number("f1", 500))) * MILLION
        )
    ),
)
plain(
    "mkv 10^5 attachments",
    lambda: _beside(
        element(
            ATTACHMENTS,
            element(
                "61a7",
                element("466e", b"a.ttf"),
                element("4660", b"font/ttf"),
                number("46ae", 7),
                element("465c", b"x"),
            )
            * 100_000,
        )
    ),
)
plain(
    "mkv an attachment of 100 MB",
    lambda: _beside(
        element(
            ATTACHMENTS,
            element(
                "61a7",
                element("466e", b"a.ttf"),
                element("4660", b"font/ttf"),
                number("46ae", 7),
                element("465c", bytes(100 * MILLION)),
            ),
        )
    ),
)
plain(
    "mkv an attachment of 2 GB claimed",
    lambda: _beside(
        element(
            ATTACHMENTS,
            element(
                "61a7",
                element("466e", b"a.ttf"),
                number("46ae", 7),
                element("465c", b"x", claims=size(2**31 - 100)),
            ),
        )
    ),
)
plain(
    "mkv packed blocks",
    lambda: film(
        element(
            TRACKS,
            track(
                1,
                b"V_MJPEG",
                picture(16, 16),
                element("6d80", element("6240", element("5034", number("4254", 0)))),
            ),
        ),
        cluster(0, block(1, 0, zlib.compress(bytes(100 * MILLION), 1))) * 3,
    ),
)
plain(
    "mkv times of 2^62",
    lambda: film(
        _tracks(),
        *(cluster(time, block(1, 0, _FRAME)) for time in (0, 40, 2**62, 80, 2**63 - 1, 2**64 - 1, 120)),
    ),
)
plain(
    "mkv times backwards",
    lambda: film(_tracks(), *(cluster(10**9 - n * 10**6, block(1, 0, _FRAME)) for n in range(500))),
)
plain(
    "mkv ticks of 2^63 ns",
    lambda: film(
        _tracks(),
        element("1549a966", number("2ad7b1", 2**63)),
        cluster(0, block(1, 0, _FRAME)),
        cluster(40, block(1, 0, _FRAME)),
    ),
)
plain("mkv 10^6 blocks of nothing", lambda: film(_tracks(), cluster(0, block(1, 0, b"") * MILLION)))
plain(
    "mkv 10^6 subtitles",
    lambda: film(
        _tracks(track(2, b"S_TEXT/UTF8", kind=17)),
        *(
            cluster(n, block(1, 0, _FRAME) if n < 30 else b"", *(block(2, m, b"x") for m in range(1000)))
            for n in range(1000)
        ),
    ),
)
plain(
    "mkv 10^6 sounds",
    lambda: film(
        _tracks(
            track(
                2,
                b"A_PCM/INT/LIT",
                element("e1", element("b5", struct.pack(">f", 8000)), number("9f", 1), number("6264", 8)),
                kind=2,
            )
        ),
        *(
            cluster(n, block(1, 0, _FRAME) if n < 30 else b"", *(block(2, m, b"x") for m in range(1000)))
            for n in range(1000)
        ),
    ),
)
plain(
    "mkv 65535 wide",
    lambda: film(
        element(TRACKS, track(1, b"V_MJPEG", picture(65535, 65535))), cluster(0, block(1, 0, _MJPEG))
    ),
)
plain(
    "mkv 2^32 wide",
    lambda: film(
        element(TRACKS, track(1, b"V_UNCOMPRESSED", picture(2**32 - 1, 2**32 - 1))),
        cluster(0, block(1, 0, _MJPEG)),
    ),
)


def _deep(kind: str, depth: int) -> bytes:
    inner = b""
    parts: list[bytes] = []
    length = 0
    for _ in range(depth):
        head = bytes.fromhex(kind) + size(length)
        parts.append(head)
        length += len(head)
    inner = b"".join(reversed(parts))
    return element(TAGS, element("7373", inner))
