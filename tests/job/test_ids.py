import re
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from reelbrush.job import BlobRef, Options, job_id, output_name, run_id, slug, starts_job, style_of_upload

SOURCE = BlobRef("input", "wave/My clip (1).MP4", "0x8D", 10)


def test_the_same_upload_is_the_same_job() -> None:
    again = BlobRef("input", "wave/My clip (1).MP4", '"0x8D"', 10)
    assert job_id(SOURCE, "wave", Options()) == job_id(again, "wave", Options())


def test_everything_that_changes_the_output_changes_the_id() -> None:
    ids = {
        job_id(SOURCE, "wave", Options()),
        job_id(BlobRef("input", SOURCE.name, "0x8E", 10), "wave", Options()),
        job_id(BlobRef("input", "other/My clip (1).MP4", "0x8D", 10), "wave", Options()),
        job_id(BlobRef("inbox", SOURCE.name, "0x8D", 10), "wave", Options()),
        job_id(SOURCE, "night", Options()),
        job_id(SOURCE, "wave", Options(crf=20)),
        job_id(SOURCE, "wave", Options(strength=Fraction(1, 2))),
        job_id(SOURCE, "wave", Options(preserve_color=True)),
        job_id(SOURCE, "wave", Options(mix="night", mix_share=Fraction(1, 2))),
        job_id(SOURCE, "wave", Options(mix="night", mix_share=Fraction(1))),
        job_id(SOURCE, "wave", Options(mix="night", mix_share=Fraction(1), fade_start_ms=0, fade_end_ms=1)),
        job_id(SOURCE, "wave", Options(mix="night", mix_share=Fraction(1), fade_start_ms=1, fade_end_ms=1)),
    }
    assert len(ids) == 12


def test_jobs_of_earlier_releases_keep_their_ids() -> None:
    assert job_id(SOURCE, "wave", Options()) == "my-clip-1-8dd0e3ab66"
    assert job_id(SOURCE, "wave", Options(hdr="refuse", crf=20)) == "my-clip-1-09ea4ead78"


def test_the_id_is_readable() -> None:
    assert re.fullmatch(r"my-clip-1-[0-9a-f]{10}", job_id(SOURCE, "wave", Options()))
    assert run_id("my-clip-1-0123456789", 3, 2) == "my-clip-1-0123456789-b3-a2"


@given(st.text(max_size=300), st.text(max_size=40))
def test_ids_are_legal_instance_ids_and_blob_names(name: str, etag: str) -> None:
    made = job_id(BlobRef("input", name, etag, 1), "identity", Options())
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,60}", made)
    assert 1 <= len(slug(name)) <= 40


@given(st.text(max_size=400))
def test_output_names_stay_in_their_folder(name: str) -> None:
    made = output_name("job-1", name, "mp4")
    folder, base = made.split("/", 1)
    assert folder == "job-1"
    assert "/" not in base and base.endswith(".mp4") and not base.startswith(".")
    assert len(base.encode()) <= 204


def test_side_cars_and_partial_uploads_start_no_job() -> None:
    assert starts_job("clip.mp4") and starts_job("wave/CLIP.MOV") and starts_job("noextension")
    for name in (
        "clip.mp4.json",
        ".clip.mp4",
        "a/.tmp/clip.mp4",
        "clip.mp4.part",
        "clip.mp4.tmp",
        "~clip.mp4",
    ):
        assert not starts_job(name), name


def test_the_first_folder_names_the_style() -> None:
    assert style_of_upload("wave/a/clip.mp4", "night") == "wave"
    assert style_of_upload("clip.mp4", "night") == "night"
