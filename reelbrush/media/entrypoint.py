"""Where a decoder may start: which packets marked as key frames are true random access points."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from av.video.stream import VideoStream

IsEntry = Callable[[memoryview], bool]

_H264_IDR, _H264_SEI, _RECOVERY_POINT = 5, 6, 6
_HEVC_IRAP = range(16, 24)


def entry_test(stream: VideoStream) -> IsEntry:
    """Return a test of a key packet's bytes: may decoding start there, with every later frame intact?

    Leading pictures (shown before the key frame) need not decode. H.264 (ITU-T H.264 7.4.1, D.2.8) asks
    for an IDR picture or an immediate recovery point, since some muxers mark any intra picture as key; HEVC
    (H.265 7.4.2.2) for an IRAP picture. All other codecs' key frames are entry points by definition.
    """
    codec = stream.codec_context
    extradata = codec.extradata or b""
    if codec.name == "h264":
        size = (extradata[4] & 3) + 1 if len(extradata) > 4 and extradata[0] == 1 else 0
        return lambda data: _is_h264_entry(data, size)
    if codec.name == "hevc":
        size = (extradata[21] & 3) + 1 if len(extradata) > 21 and extradata[0] == 1 else 0
        return lambda data: any((data[at] >> 1) & 63 in _HEVC_IRAP for at in _unit_starts(data, size))
    return lambda data: True


def shows_frame(codec: str, data: memoryview) -> bool:
    """Whether a packet of this codec displays a frame: VP8's alternate references (RFC 6386 9.1) do not."""
    return codec != "vp8" or len(data) == 0 or bool(data[0] & 0x10)


def _is_h264_entry(data: memoryview, size: int) -> bool:
    for at in _unit_starts(data, size):
        kind = data[at] & 31
        if kind == _H264_IDR:
            return True
        if kind == _H264_SEI and _has_recovery_point(data[at + 1 : at + 1025]):
            return True
    return False


def _has_recovery_point(payloads: memoryview) -> bool:
    """Walk the SEI messages (type and length as sums of bytes ending below 255) of one unit."""
    at = 0
    while at + 2 < len(payloads):
        numbers = [0, 0]
        for which in (0, 1):
            while at < len(payloads):
                byte = payloads[at]
                at += 1
                numbers[which] += byte
                if byte != 255:
                    break
        if numbers[0] == _RECOVERY_POINT and at < len(payloads):
            # recovery_frame_cnt, Exp-Golomb coded, is 0: intact at once, unlike with intra refresh
            return bool(payloads[at] & 0x80)
        at += numbers[1]
    return False


def _unit_starts(data: memoryview, size: int) -> Iterator[int]:
    """Yield where the NAL units' headers lie; `size` bytes of length prefix, 0 for start codes (Annex B)."""
    at, end = 0, len(data)
    if size == 0:
        raw = bytes(data)
        at = raw.find(b"\0\0\1")
        while 0 <= at < end - 3:
            yield at + 3
            at = raw.find(b"\0\0\1", at + 3)
        return
    while at + size < end:
        length = int.from_bytes(data[at : at + size], "big")
        yield at + size
        at += size + max(1, length)
