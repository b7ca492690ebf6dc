"""Media to be mutated: short clips in every container that the product takes."""

from __future__ import annotations

import csv
from pathlib import Path

from tests.media import ffmpeg

_PICTURE = "testsrc2=size=64x48:rate=25:duration=1.2"
_TONE = "sine=frequency=440:sample_rate=44100:duration=1.2"
_X264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 10 -bf 2"
_CUES = "1\n00:00:00,100 --> 00:00:00,500\nhello\n\n2\n00:00:00,600 --> 00:00:01,000\nthere\n"

# name: (arguments behind the inputs, whether there is sound)
RECIPES: dict[str, tuple[str, bool]] = {
    "plain.mp4": (f"{_X264} -c:a aac", True),
    "fragmented.mp4": (f"{_X264} -c:a aac -movflags +frag_keyframe+empty_moov", True),
    "prores.mov": ("-c:v prores_ks -profile:v 0 -c:a pcm_s16le", True),
    "turned.mov": (f"{_X264} -c:a alac -movflags +faststart", True),
    "motion.3gp": ("-c:v mpeg4 -g 10 -bf 0 -c:a aac", True),
    "plain.mkv": (f"{_X264} -c:a libopus", True),
    "hevc.mkv": ("-c:v libx265 -x265-params log-level=none:keyint=10 -pix_fmt yuv420p -c:a flac", True),
    "lossless.mkv": ("-c:v ffv1 -pix_fmt yuv444p10le -c:a pcm_s24le", True),
    "vp9.webm": ("-c:v libvpx-vp9 -cpu-used 8 -g 10 -c:a libvorbis", True),
    "vp8.webm": ("-c:v libvpx -cpu-used 16 -g 10 -auto-alt-ref 0 -pix_fmt yuva420p", False),
    "plain.ts": (f"{_X264} -c:a mp2", True),
    "interlaced.ts": ("-c:v mpeg2video -vf interlace -flags +ilme+ildct -g 10 -c:a ac3", True),
    "plain.mpg": ("-c:v mpeg1video -g 10 -bf 2 -c:a mp2 -f mpeg", True),
    "dvd.vob": ("-c:v mpeg2video -g 10 -bf 2 -c:a ac3 -f vob", True),
    "packed.avi": ("-c:v mpeg4 -vtag XVID -bf 2 -g 10 -c:a mp2", True),
    "raw.avi": ("-c:v rawvideo -pix_fmt bgr24 -t 0.3", False),
    "mjpeg.avi": ("-c:v mjpeg -pix_fmt yuvj420p -c:a pcm_u8", True),
    "plain.flv": (f"{_X264} -c:a aac", True),
    "sorenson.flv": ("-c:v flv1 -g 10 -c:a mp3", True),
    "plain.wmv": ("-c:v wmv2 -g 10 -c:a wmav2", True),
    "plain.ogv": ("-c:v libtheora -g 10 -c:a libvorbis", True),
    "plain.gif": ("-t 0.5", False),
    "plain.apng": ("-f apng -plays 0 -t 0.5", False),
    "plain.y4m": ("-pix_fmt yuv420p -t 0.4", False),
    "plain.nut": ("-c:v ffvhuff -c:a pcm_s16le -t 0.5", True),
    "plain.mxf": ("-c:v mpeg2video -g 10 -c:a pcm_s16le -ar 48000", True),
    "plain.ivf": ("-c:v libvpx-vp9 -cpu-used 8 -g 10", False),
    "bare.h264": (f"{_X264} -f h264", False),
    "bare.m2v": ("-c:v mpeg2video -g 10 -f mpeg2video", False),
    "dv.dv": ("-s 720x480 -r 30000/1001 -c:v dvvideo -pix_fmt yuv411p -ar 48000 -ac 2 -t 0.14 -f dv", True),
    "plain.swf": ("-c:v flv1 -f swf", False),
    "plain.rm": ("-c:v rv10 -c:a ac3 -f rm", True),
}


def make_seeds(folder: Path) -> list[Path]:
    """Write all recipes, and two files with subtitles, chapters and tags, into `folder`; return them."""
    made: list[Path] = []
    for name, (arguments, sound) in RECIPES.items():
        inputs = ["-f", "lavfi", "-i", _PICTURE, *(["-f", "lavfi", "-i", _TONE] if sound else [])]
        ffmpeg(*inputs, "-shortest", *arguments.split(), str(folder / name))
        made.append(folder / name)
    cues, tags = folder / "cues.srt", folder / "tags.txt"
    cues.write_text(_CUES)
    tags.write_text(
        ";FFMETADATA1\ntitle=film\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=600\ntitle=one\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=600\nEND=1200\ntitle=two\n"
    )
    for name, text in (("rich.mkv", "ass"), ("rich.mp4", "mov_text")):
        ffmpeg(
            "-i", str(folder / "plain.mp4"), "-i", str(cues), "-i", str(tags), "-map", "0:v", "-map", "0:a",
            "-map", "0:a", "-map", "1", "-map_metadata", "2", "-c", "copy", "-c:s", text,
            "-metadata:s:a:1", "language=deu", str(folder / name),
        )  # fmt: skip
        made.append(folder / name)
    return made


def public_seeds(shared: Path, largest: int = 200_000) -> list[Path]:
    """Return the public test media of at most `largest` bytes, [] where there are none."""
    listing = shared / "corpus" / "MANIFEST.csv"
    if not listing.is_file():
        return []
    with listing.open(newline="") as file:
        names = sorted({value for row in csv.DictReader(file) for value in row.values() if value})
    found = (shared / "corpus" / name for name in names)
    return [path for path in found if path.is_file() and 0 < path.stat().st_size <= largest]
