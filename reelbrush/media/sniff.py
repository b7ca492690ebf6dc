"""Recognising what a file that is not a video is, from its first bytes, so that its refusal can say so."""

from __future__ import annotations

SNIFF_BYTES = 1 << 16

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
_PLAYLISTS: tuple[bytes, ...] = (b"#extm3u", b"ffconcat", b"v=0", b"[playlist]", b"<smil", b"[reference]")
_APNG_CHUNK, _PNG = b"acTL", b"\x89PNG\r\n\x1a\n"
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
