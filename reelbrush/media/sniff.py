"""Recognising what a file that is not a video is, from its first bytes, so that its refusal can say so."""

from __future__ import annotations

SNIFF_BYTES = 1 << 16
_PNG = b"\x89PNG\r\n\x1a\n"

_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"\xff\xd8\xff", "image", "a JPEG picture"),
    (b"BM", "image", "a BMP picture"),
    (b"II*\0", "image", "a TIFF picture"),
    (b"MM\0*", "image", "a TIFF picture"),
    (b"8BPS", "image", "a Photoshop picture"),
    (b"%PDF", "not-video", "a PDF document"),
    (b"PK\x03\x04", "not-video", "a ZIP archive"),
    (b"\x1f\x8b", "not-video", "a compressed archive"),
    (b"7z\xbc\xaf", "not-video", "a compressed archive"),
    (b"Rar!", "not-video", "a compressed archive"),
    (b"MZ", "not-video", "a program"),
    (b"\x7fELF", "not-video", "a program"),
)
_MEDIA_MAGIC: tuple[bytes, ...] = (
    b"\x1a\x45\xdf\xa3",  # Matroska, WebM
    b"FLV\x01",
    b"OggS",
    b"\x30\x26\xb2\x75",  # ASF
    b"\0\0\x01\xba",  # MPEG program stream
    b"\0\0\x01\xb3",  # MPEG video
    b"\0\0\0\x01",  # raw H.264 or HEVC
    b"\x06\x0e\x2b\x34",  # MXF
    b"nut/multimedia",
    b"DKIF",
    b"YUV4MPEG2",
    b"GIF8",
    b".RMF",
    b"FWS",
    b"CWS",
    _PNG,
)
_MP4_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"styp", b"moof", b"sidx")
_TS_SYNC, _TS_STEPS = 0x47, ((0, 188), (4, 192), (0, 204))  # first packet at, distance to the next
_PLAYLISTS: tuple[bytes, ...] = (b"#extm3u", b"ffconcat", b"v=0", b"[playlist]", b"<smil", b"[reference]")
_APNG_CHUNK = b"acTL"
_STILL_BRANDS = (b"avif", b"heic", b"heix", b"mif1")


def foreign_kind(head: bytes) -> tuple[str, str] | None:
    """Return (refusal code, description) when the first bytes are certainly no video's; else None."""
    if head.startswith(_PNG) and _APNG_CHUNK not in head:
        return "image", "a PNG picture"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image", "a WebP picture"
    if head[4:8] == b"ftyp" and head[8:12] in _STILL_BRANDS and b"moov" not in head:
        return "image", "a HEIF or AVIF picture"
    for magic, code, what in _MAGIC:
        if head.startswith(magic):
            return code, what
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(_PLAYLISTS) or (text.startswith(b"<?xml") and b"<mpd" in text):
        return "playlist", "a playlist that refers to other files, which are never followed"
    return None


def is_encrypted(head: bytes) -> bool:
    """Whether `head` is of an MP4 file with encrypted tracks (ISO/IEC 23001-7 sample entries)."""
    return head[4:8] == b"ftyp" and (b"encv" in head or b"pssh" in head or b"sinf" in head)


def starts_as_media(head: bytes) -> bool:
    """Whether the first bytes are those of a video container, so that what follows must be damaged."""
    if head.startswith(_MEDIA_MAGIC) or head[4:8] in _MP4_BOXES:
        return True
    if head[:4] == b"RIFF" and head[8:11] == b"AVI":
        return True
    return any(len(head) > at + step and head[at] == head[at + step] == _TS_SYNC for at, step in _TS_STEPS)
