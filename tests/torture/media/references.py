"""Files that ask whoever opens them to open something else."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

from tests.torture.media.boxes import box, edited, full, with_moov
from tests.torture.media.canary import Canary
from tests.torture.media.ebml import (
    ATTACHMENTS,
    INFO,
    TRACKS,
    block,
    cluster,
    element,
    film,
    number,
    picture,
    track,
)
from tests.torture.media.reference_texts import TEXTS


@dataclass(frozen=True)
class Reference:
    """A file by name, whose extension is what the format goes by, and its content."""

    name: str
    content: bytes


def references(bait: Canary, clip: bytes) -> list[Reference]:
    """Return all files that name the bait; `clip` is a real MP4, its moov last."""
    found: list[Reference] = []
    for how, target in _addresses(bait).items():
        found += [
            Reference(f"{kind}-{how}.{_extension(kind)}", _text(text, target, bait.port))
            for kind, text in TEXTS.items()
        ]
        found += [
            Reference(f"{kind}-{how}.{_extension(kind)}", make(target, clip))
            for kind, make in _BINARIES.items()
        ]
    return found


def _extension(kind: str) -> str:
    return kind.rsplit("_", 1)[-1]


def _addresses(bait: Canary) -> dict[str, str]:
    there = f"127.0.0.1:{bait.port}"
    return {
        "path": str(bait.file),
        "file": f"file://{bait.file}",
        "fileless": f"file:{bait.file}",
        "relative": f"../{bait.folder.name}/canary.mp4",
        "http": f"http://{there}/canary.mp4",
        "https": f"https://{there}/canary.mp4",
        "ftp": f"ftp://{there}/canary.mp4",
        "rtsp": f"rtsp://{there}/canary",
        "rtmp": f"rtmp://{there}/canary",
        "tcp": f"tcp://{there}",
        "udp": f"udp://{there}?localport=0",
        "gopher": f"gopher://{there}/canary",
        "concat": f"concat:{bait.file}|{bait.file}",
        "subfile": f"subfile,,start,0,end,0,,:{bait.file}",
        "cache": f"cache:{bait.file}",
        "crypto": f"crypto:{bait.file}",
        "async": f"async:{bait.file}",
        "tee": f"[f=null]tee:{bait.file}",
        "pattern": f"{bait.folder}/%03d.png",
        "pipe": "pipe:0",
    }


def _text(template: str, target: str, port: int) -> bytes:
    return template.replace("@TO@", target).replace("@PORT@", str(port)).encode("latin-1", "replace")


def _alias(target: str) -> bytes:
    path = target.encode()
    body = (
        bytes(10)
        + b"\x06volume".ljust(28, b"\0")
        + bytes(12)
        + b"\x0acanary.mp4".ljust(64, b"\0")
        + bytes(16)
    )
    body += struct.pack(">HH", 1, 1) + bytes(16)
    for kind, text in ((0, b"canary"), (2, path)):
        body += struct.pack(">HH", kind, len(text)) + text + b"\0" * (len(text) % 2)
    return full(b"alis", body + struct.pack(">H", 0xFFFF))


def _dref(clip: bytes, *entries: bytes) -> bytes:
    return with_moov(
        clip,
        lambda moov: edited(
            moov, b"dref", lambda _: full(b"dref", struct.pack(">I", len(entries)), *entries)
        ),
    )


def _matroska(target: str, *more: bytes, subtitle: bytes = b"", info: bytes = b"") -> bytes:
    video = element("e0", number("b0", 16), number("ba", 16), element("2eb524", b"I420"))
    tracks = element(
        TRACKS,
        track(1, b"V_UNCOMPRESSED", video),
        track(2, b"S_TEXT/ASS", element("63a2", subtitle), kind=17),
    )
    linked = element(INFO, number("2ad7b1", 1_000_000), info)
    return film(
        linked, tracks, *more, cluster(0, block(1, 0, bytes(384)), block(2, 0, subtitle or target.encode()))
    )


def _attached(target: str, name: bytes, kind: bytes) -> bytes:
    data = f"#EXTM3U\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n".encode()
    return _matroska(
        target,
        element(
            ATTACHMENTS,
            element(
                "61a7", element("466e", name), element("4660", kind), number("46ae", 7), element("465c", data)
            ),
        ),
    )


def _tar(target: str) -> bytes:
    packed = io.BytesIO()
    data = f"#EXTM3U\n#EXTINF:1,\n{target}\n".encode()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo("list.m3u8")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
        link = tarfile.TarInfo("clip.mp4")
        link.type, link.linkname = tarfile.SYMTYPE, target[:99]
        archive.addfile(link)
    return packed.getvalue()


def _zip(target: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("list.m3u8", f"#EXTM3U\n#EXTINF:1,\n{target}\n")
    return packed.getvalue()


_BINARIES: dict[str, Callable[[str, bytes], bytes]] = {
    "url_mov": lambda to, clip: _dref(clip, full(b"url ", to.encode() + b"\0")),
    "urn_mov": lambda to, clip: _dref(clip, full(b"urn ", b"x\0" + to.encode() + b"\0")),
    "alias_mov": lambda to, clip: _dref(clip, _alias(to)),
    "many_mov": lambda to, clip: _dref(
        clip, _alias(to), full(b"url ", to.encode() + b"\0"), full(b"rsrc", to.encode())
    ),
    "reference_mov": lambda to, _: box(
        b"moov",
        box(
            b"rmra", box(b"rmda", full(b"rdrf", b"url ", struct.pack(">I", len(to) + 1), to.encode() + b"\0"))
        ),
    ),
    "track_mov": lambda to, clip: with_moov(
        clip,
        lambda moov: (
            moov + box(b"rmra", box(b"rmda", full(b"rdrf", b"alis", struct.pack(">I", 500), _alias(to))))
        ),
    ),
    "linked_mkv": lambda to, _: _matroska(
        to,
        info=element("3c83ab", to.encode()) + element("3e83bb", to.encode()) + element("3eb923", bytes(16)),
    ),
    "playlist_mkv": lambda to, _: _attached(to, b"list.m3u8", b"application/vnd.apple.mpegurl"),
    "path_mkv": lambda to, _: _attached(to, to.encode(), b"font/ttf"),
    "ass_mkv": lambda to, _: _matroska(
        to, subtitle=f"[Script Info]\nVideo File: {to}\n[Fonts]\nfontname: {to}\n".encode()
    ),
    "codec_mkv": lambda to, _: film(
        element(
            TRACKS,
            track(
                1,
                b"V_MS/VFW/FOURCC",
                picture(16, 16),
                element("63a2", bytes(40)),
                element("3a9697", to.encode()),
                element("3b4040", to.encode()),
            ),
        ),
        cluster(0, block(1, 0, bytes(384))),
    ),
    "nsv_nsv": lambda to, _: (
        b"NSVf"
        + struct.pack("<IIIII", 28 + len(to), 999, 1000, len(to), 0)
        + struct.pack("<I", 0)
        + to.encode()
        + b"NSVsNONENONE"
        + bytes(20)
    ),
    "archive_tar": lambda to, _: _tar(to),
    "archive_zip": lambda to, _: _zip(to),
    "flash_flv": lambda to, _: (
        b"FLV\x01\x05\0\0\0\x09\0\0\0\0\x12"
        + struct.pack(">I", 20 + len(to))[1:]
        + bytes(7)
        + b"\x02\0\x0aonMetaData\x02"
        + struct.pack(">H", len(to))
        + to.encode()
    ),
    "real_rm": lambda to, _: b".RMF\0\0\0\x12\0\0\0\0\0\0\0\0\0\x01" + b"rtsp" + to.encode(),
    "riff_avi": lambda to, _: (
        b"RIFF"
        + struct.pack("<I", 200)
        + b"AVI LIST"
        + struct.pack("<I", 100)
        + b"INFOISRC"
        + struct.pack("<I", len(to))
        + to.encode()
        + bytes(100)
    ),
}
