"""What a network practises on, read from real pictures and videos."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="torch is an extra: pip install '.[train]'")

from torch.nn import functional as F  # noqa: E402

from reelbrush.errors import Refusal  # noqa: E402
from tests.media import ffmpeg  # noqa: E402
from training.content import Content, Film, Pair, Photos, open_content, recompressed  # noqa: E402
from training.crops import Light  # noqa: E402
from training.moments import read_moments  # noqa: E402

SIZE = 128


def _texture(height: int, width: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    small = Image.fromarray(random.integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8))
    return np.asarray(small.resize((width, height), Image.Resampling.BICUBIC))


def _video(path: Path, frames: list[np.ndarray]) -> Path:
    folder = path.with_suffix(".frames")
    folder.mkdir()
    for index, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / f"{index:04d}.png")
    ffmpeg("-framerate", "24", "-i", f"{folder}/%04d.png", "-c:v", "libx264", "-crf", "8",
           "-pix_fmt", "yuv444p", str(path))  # fmt: skip
    return path


@pytest.fixture(scope="module")
def pan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 frames of a camera that moves 3 px to the right and 2 px down per frame; things go the other way."""
    scene = _texture(320, 480)
    frames = [scene[2 * t : 2 * t + 240, 3 * t : 3 * t + 320] for t in range(30)]
    return _video(tmp_path_factory.mktemp("pan") / "pan.mp4", frames)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(2):
        Image.fromarray(_texture(200, 232, index)).save(folder / f"{index}.png")
    return folder


def _moved_back(pair: Pair) -> torch.Tensor:
    """The second frame, fetched from where the flow says."""
    size = pair.first.shape[-1]
    grid = torch.stack(torch.meshgrid(torch.arange(size), torch.arange(size), indexing="xy")) + pair.flow
    places = (grid / (size - 1) * 2 - 1).permute(1, 2, 0)[None]
    return F.grid_sample(pair.second[None], places, align_corners=True)[0]


def _draws_alike(content: Content) -> bool:
    once, again = (content.crops(2, SIZE, np.random.default_rng(5)) for _ in range(2))
    return torch.equal(once, again)


def test_photos_give_squares_and_no_motion(photos: Path) -> None:
    content = Photos(photos)
    crops = content.crops(5, SIZE, np.random.default_rng(0))
    assert crops.shape == (5, 3, SIZE, SIZE) and crops.min() >= 0 and crops.max() <= 1
    assert content.pair(SIZE, np.random.default_rng(0)) is None
    assert len(content) == 2 and _draws_alike(content)


def test_a_film_is_read_evenly_and_in_pairs(pan: Path) -> None:
    moments = read_moments(pan, 5, 160)
    assert len(moments) == 5
    assert all(m.second is not None and m.first.size == (160, 120) for m in moments)
    film = Film(pan)
    # 29 pairs are all there are.
    assert len(film) == 58 and _draws_alike(film)


def test_pairs_of_a_pan_have_its_motion_and_light(pan: Path) -> None:
    film, random = Film(pan), np.random.default_rng(3)
    for _ in range(6):
        pair = film.pair(SIZE, random)
        assert pair is not None
        assert pair.first.shape == (3, SIZE, SIZE) and pair.mask.shape == (1, SIZE, SIZE)
        known = pair.mask[0].bool()
        assert known.float().mean() > 0.7
        right, down = (plane[known].median() for plane in pair.flow)
        # The crop may be mirrored and is scaled alike in both directions.
        assert down < 0 and abs(abs(right) / abs(down) - 1.5) < 0.1
        error = ((_moved_back(pair) - pair.first).abs() * pair.mask).sum() / (3 * pair.mask.sum())
        still = ((pair.second - pair.first).abs() * pair.mask).sum() / (3 * pair.mask.sum())
        assert error < 0.3 * still
        # What lies outside of the second square is not called known.
        rows, columns = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij")
        places = torch.stack([columns, rows]) + pair.flow
        assert ((places[:, known] >= 0) & (places[:, known] <= SIZE - 1)).all()


def test_a_cut_parts_two_shots(tmp_path: Path) -> None:
    shots = [np.full((96, 128, 3), level, np.uint8) for level in (30, 200)]
    video = _video(tmp_path / "cut.mp4", [shots[0]] * 3 + [shots[1]] * 3)
    moments = read_moments(video, 6, 960)
    # Of the pairs that begin at frames 0 to 4 only the one across the cut is none.
    assert [m.second is not None for m in moments] == [True, True, False, True, True]


def test_a_single_small_frame_will_do(tmp_path: Path) -> None:
    film = Film(_video(tmp_path / "one.mp4", [_texture(48, 64)]))
    assert len(film) == 1 and film.pair(SIZE, np.random.default_rng(0)) is None
    assert film.crops(2, SIZE, np.random.default_rng(0)).shape == (2, 3, SIZE, SIZE)


def test_photos_and_films_are_mixed(photos: Path, pan: Path) -> None:
    content = open_content([photos, pan])
    assert content.crops(3, SIZE, np.random.default_rng(0)).shape == (3, 3, SIZE, SIZE)
    assert content.pair(SIZE, np.random.default_rng(0)) is not None
    (photos / "clip.mp4").write_bytes(pan.read_bytes())
    assert open_content([photos]).pair(SIZE, np.random.default_rng(0)) is not None
    assert isinstance(open_content([pan]), Film)


def test_what_is_no_content_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="neither a folder nor a video"):
        open_content([tmp_path / "absent"])
    (tmp_path / "notes.txt").write_text("Nothing to see.\n")
    with pytest.raises(FileNotFoundError, match="neither pictures"):
        open_content([tmp_path])
    with pytest.raises(Refusal):
        open_content([tmp_path / "notes.txt"])


def test_compressing_again_leaves_marks_but_the_picture() -> None:
    picture = torch.from_numpy(_texture(96, 80).copy()).permute(2, 0, 1) / 255
    changes = [
        float((recompressed(picture, np.random.default_rng(seed)) - picture).abs().mean())
        for seed in range(12)
    ]
    assert all(0 < change < 0.06 for change in changes)
    assert max(changes) > 1.5 * min(changes)


def test_light_is_the_same_on_both_frames() -> None:
    random = np.random.default_rng(1)
    picture = torch.rand(3, 40, 40)
    for _ in range(10):
        light = Light.drawn(random)
        one, other = light.on(picture, picture.flip(2))
        assert torch.equal(one, other.flip(2)) and one.min() >= 0 and one.max() <= 1
    assert torch.allclose(Light().on(picture)[0], picture, atol=1e-6)
