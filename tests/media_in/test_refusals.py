"""What cannot be served is refused with a stable code and a sentence, before anything is scored."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from reelbrush.errors import Refusal
from reelbrush.media.limits import Limits
from tests.media import ffmpeg
from tests.media_in.making import clip, split

PATTERN = "testsrc2=size=64x48:rate=25:duration=1"


def code_of(path: Path, limits: Limits | None = None) -> str:
    with pytest.raises(Refusal) as caught:
        split(path, limits=limits)
    assert caught.value.message
    return caught.value.code


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"once upon a time " * 300, "not-video"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/hostname\n", "playlist"),
        (b"ffconcat version 1.0\nfile /etc/hostname\n", "playlist"),
        (b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=video 9 RTP/AVP 96\r\n", "playlist"),
        (b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>', "playlist"),
        (b"\xff\xd8\xff\xe0" + bytes(2000), "image"),
        (b"%PDF-1.7\n" + bytes(2000), "not-video"),
        (gzip.compress(bytes(5000), mtime=0), "not-video"),
    ],
)
def test_foreign_files(tmp_path: Path, content: bytes, code: str) -> None:
    assert code_of(write(tmp_path / "upload.mp4", content)) == code


def test_pictures(tmp_path: Path) -> None:
    for name in ("still.png", "still.gif", "still.jpg", "still.webp"):
        if name.endswith("webp"):
            path = write(tmp_path / name, b"RIFF\x20\0\0\0WEBPVP8 " + bytes(32))
        else:
            path = tmp_path / name
            ffmpeg("-f", "lavfi", "-i", PATTERN, "-frames:v", "1", "-update", "1", str(path))
        assert code_of(path) == "image"


def test_sound_alone_and_sound_with_cover_art(tmp_path: Path) -> None:
    tone = ("-f", "lavfi", "-i", "sine=duration=1")
    ffmpeg(*tone, str(tmp_path / "tone.m4a"))
    ffmpeg(
        *tone, "-f", "lavfi", "-i", PATTERN, "-frames:v", "1", "-c:v", "mjpeg",
        "-disposition:v", "attached_pic", str(tmp_path / "cover.mp3"),
    )  # fmt: skip
    assert code_of(tmp_path / "tone.m4a") == "no-video"
    assert code_of(tmp_path / "cover.mp3") == "no-video"


def test_encrypted(tmp_path: Path) -> None:
    key = "00112233445566778899aabbccddeeff"
    path = clip(
        tmp_path / "locked.mp4", "-c:v", "libx264", "-encryption_scheme", "cenc-aes-ctr", "-encryption_key",
        key, "-encryption_kid", key, seconds=1,
    )  # fmt: skip
    assert code_of(path) == "encrypted"


def test_cut_before_its_index(tmp_path: Path) -> None:
    whole = clip(tmp_path / "whole.mp4", "-c:v", "libx264").read_bytes()
    assert code_of(write(tmp_path / "cut.mp4", whole[: len(whole) // 2])) == "unreadable"


def test_no_frame_decodes(tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.ivf", "-c:v", "libvpx-vp9", seconds=1)
    content = bytearray(path.read_bytes())
    at = 32  # after the header of IVF: frames of 12 bytes of header, whose first four say how long they are
    while at < len(content):
        length = int.from_bytes(content[at : at + 4], "little")
        content[at + 12 : at + 12 + length] = bytes(length)
        at += 12 + length
    assert code_of(write(tmp_path / "zeros.ivf", bytes(content))) == "no-frames"


def test_limits_are_inclusive(tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.mp4", "-c:v", "libx264", seconds=1)
    assert len(split(path, limits=Limits(max_pixels=64 * 48, max_frames=25, max_seconds=1)).timestamps) == 25
    assert code_of(path, Limits(max_pixels=64 * 48 - 1)) == "too-large"
    assert code_of(path, Limits(max_frames=24)) == "too-large"
    assert code_of(path, Limits(max_total_pixels=25 * 64 * 48 - 1)) == "too-large"
    assert code_of(path, Limits(max_pixels_per_byte=1, bomb_pixels=1)) == "too-large"


def test_too_long_and_impossibly_fast(tmp_path: Path) -> None:
    slow = clip(tmp_path / "slow.mp4", "-c:v", "libx264", "-vf", "setpts=PTS*2000", seconds=0.2)
    assert code_of(slow, Limits(max_seconds=60)) == "too-large"
    fast = clip(tmp_path / "fast.y4m", "-pix_fmt", "yuv420p", seconds=1)
    assert (
        code_of(write(tmp_path / "lie.y4m", fast.read_bytes().replace(b"F25:1", b"F999999999:1", 1)))
        == "bad-timing"
    )


def test_high_dynamic_range_when_the_job_says_so(tmp_path: Path) -> None:
    path = clip(
        tmp_path / "hdr.mp4", "-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-x265-params",
        "log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc", seconds=0.2,
    )  # fmt: skip
    with pytest.raises(Refusal) as caught:
        split(path, hdr="refuse")
    assert caught.value.code == "hdr"
    assert split(path).video.hdr


def test_a_reference_to_another_file_is_never_followed(tmp_path: Path) -> None:
    secret = clip(tmp_path / "secret.mp4", "-c:v", "libx264", seconds=1)
    playlist = f"#EXTM3U\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n".encode()
    padded = b"\xef\xbb\xbf\n\n" + playlist
    assert code_of(write(tmp_path / "a.mp4", padded)) == "playlist"
    assert code_of(write(tmp_path / "b.mp4", b"\0" * 16 + playlist)) in ("not-video", "unreadable")
