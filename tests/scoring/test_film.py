"""Films as players show them: upright, without what an edit list hides, the broken end left out."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from reelbrush.errors import Refusal
from scoring.film import open_film
from tests.media import ffmpeg


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Ten frames of 96x64 with one key frame: the left half red, the right half ever lighter."""
    path = tmp_path / "clip.mp4"
    draw = "drawbox=w=48:color=red:t=fill,format=yuv420p"
    source = "gradients=size=96x64:rate=25:duration=0.4:c0=black:c1=white:speed=0.01"
    ffmpeg("-f", "lavfi", "-i", source, "-vf", draw, "-c:v", "libx264", "-g", "99", "-bf", "0", str(path))
    return path


def test_rotated_films_are_upright(tmp_path: Path, clip: Path) -> None:
    turned = tmp_path / "turned.mp4"
    ffmpeg("-display_rotation", "90", "-i", str(clip), "-c", "copy", str(turned))
    film = open_film(turned)
    frames = list(film.frames())
    assert film.size == (64, 96) and {frame.shape for frame in frames} == {(96, 64, 3)}
    red = [frame[..., 0].astype(int) - frame[..., 1] > 100 for frame in frames]
    assert all(mask[52:].mean() > 0.9 and mask[:44].mean() < 0.1 for mask in red)


def test_what_an_edit_list_hides_is_no_frame(tmp_path: Path, clip: Path) -> None:
    trimmed = tmp_path / "trimmed.mp4"
    ffmpeg("-ss", "0.2", "-i", str(clip), "-c", "copy", str(trimmed))
    with av.open(str(trimmed)) as container:
        assert sum(packet.size > 0 for packet in container.demux(video=0)) == 10
    wanted, shown = list(open_film(clip).frames())[5:], list(open_film(trimmed).frames())
    assert len(shown) == 5 and all((a == b).all() for a, b in zip(wanted, shown, strict=True))


def test_frames_can_be_read_again(clip: Path) -> None:
    film = open_film(clip)
    assert film.expected_frames == 10
    first, second = np.stack(list(film.frames())), np.stack(list(film.frames()))
    assert first.shape == (10, 64, 96, 3) and (first == second).all()


def test_sound_alone_is_no_film(tmp_path: Path) -> None:
    path = tmp_path / "tone.mp4"
    ffmpeg("-f", "lavfi", "-i", "sine=duration=0.2", str(path))
    with pytest.raises(Refusal, match="no video"):
        open_film(path)
