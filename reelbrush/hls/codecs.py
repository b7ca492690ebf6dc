"""What browsers call a codec (RFC 6381)."""

from __future__ import annotations


def codec_string(extradata: bytes) -> str:
    """Return a name like `avc1.64001e` for the AVCDecoderConfigurationRecord of an H.264 track in MP4.

    Raises ValueError for anything else.
    """
    if len(extradata) < 7 or extradata[0] != 1:
        raise ValueError("this is no AVC decoder configuration")
    return f"avc1.{extradata[1:4].hex()}"
