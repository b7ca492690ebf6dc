"""Trial seeks: a key packet decodes alone to what it gives in company, damage is told, few are decoded."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from reelbrush.errors import SourceDamaged
from reelbrush.job.manifest import Segment
from reelbrush.media import segments as trial
from reelbrush.media.segments import CHECKED_SEEKS, DECODED_SEEKS, untrue_seek
from reelbrush.media.stream import FrameStream
from tests.media_in.making import clip, opener, pictures, split

CODECS = {
    "mp4": ("-c:v", "libx264", "-g", "12", "-bf", "3"),
    "mkv": ("-c:v", "libx265", "-x265-params", "keyint=12:open-gop=1:log-level=none"),
    "mov": ("-c:v", "mpeg2video", "-g", "12", "-bf", "2"),
}


def keys(path: Path) -> list[int]:
    with av.open(str(path)) as container:
        return [packet.pts or 0 for packet in container.demux(video=0) if packet.size and packet.is_keyframe]


def of_seeks(seeks: list[int]) -> list[Segment]:
    return [Segment(number, 24 * number, 24, seek) for number, seek in enumerate(seeks)]


@pytest.mark.parametrize("kind", CODECS)
def test_a_key_packet_alone_gives_its_frame(tmp_path: Path, kind: str) -> None:
    path = clip(tmp_path / f"clip.{kind}", *CODECS[kind], seconds=2)
    with FrameStream(opener(path), 0) as alone, FrameStream(opener(path), 0) as company:
        for pts in keys(path):
            frame = alone.key_frame(pts)
            expected = next(each for each in company.from_key(pts) if each.pts == pts)
            assert frame is not None and np.array_equal(frame.to_ndarray(), expected.to_ndarray())


def test_a_time_without_a_key_packet_and_a_damaged_one_are_found(tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.mp4", "-c:v", "libx264", "-g", "12", seconds=2)
    at = keys(path)
    assert untrue_seek(opener(path), 0, of_seeks(at)) == ""
    with pytest.raises(SourceDamaged):
        untrue_seek(opener(path), 0, of_seeks([at[0], at[1] + 1]))
    damage(path, at[2])
    assert str(at[2]) in untrue_seek(opener(path), 0, of_seeks(at))


def damage(path: Path, pts: int) -> None:
    """Overwrite three quarters of the packet at `pts` with zeros."""
    with av.open(str(path)) as container:
        packet = next(one for one in container.demux(video=0) if one.pts == pts)
        start, size = packet.pos or 0, packet.size
    data = bytearray(path.read_bytes())
    data[start + size // 4 : start + size] = bytes(size - size // 4)
    path.write_bytes(data)


def test_damage_that_no_trial_meets_is_told_when_painting_gets_there_and_a_careful_split_serves_it(
    tmp_path: Path,
) -> None:
    path = clip(tmp_path / "clip.mp4", "-c:v", "libx264", "-g", "48", seconds=60)
    seeks = [segment.seek_pts for segment in split(path).segments if segment.seek_pts is not None]
    assert len(seeks) > DECODED_SEEKS, "else each is decoded on trial"
    damage(path, seeks[-2])
    made = split(path)
    assert not made.ordinal, "the second but last is not among those that are tried"
    segment = next(segment for segment in made.segments if segment.seek_pts == seeks[-2])
    assert len(pictures(path, made, made.segments[: segment.index])) == segment.first_frame
    with pytest.raises(SourceDamaged, match=f"segment {segment.index}, "):
        pictures(path, made, [segment])
    careful = split(path, careful=True)
    assert careful.ordinal and careful.timestamps == made.timestamps
    assert len(pictures(path, careful)) == len(made.timestamps)


def test_many_seeks_are_looked_for_and_few_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = clip(tmp_path / "clip.mp4", "-c:v", "libx264", "-g", "1", seconds=20)
    at = keys(path)
    looked: dict[str, list[int]] = {"find_key": [], "key_frame": []}

    class Counting(FrameStream):
        def find_key(self, pts: int) -> None:
            looked["find_key"].append(pts)
            super().find_key(pts)

        def key_frame(self, pts: int) -> av.VideoFrame | None:
            looked["key_frame"].append(pts)
            return super().key_frame(pts)

    monkeypatch.setattr(trial, "FrameStream", Counting)
    assert untrue_seek(opener(path), 0, of_seeks(at)) == ""
    decoded, found = looked["key_frame"], looked["find_key"]
    assert decoded[0] == at[0] and DECODED_SEEKS // 2 < len(decoded) <= DECODED_SEEKS
    assert CHECKED_SEEKS // 2 < len(decoded) + len(found) <= CHECKED_SEEKS
