"""The manifest: which frames each segment holds and how to reach and encode them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from reelbrush.job.versions import schema


@dataclass(frozen=True)
class Colour:
    """Colour description as ITU-T H.273 code points; 2 is "unspecified". `full_range` False means 16..235."""

    matrix: int
    primaries: int
    transfer: int
    full_range: bool


@dataclass(frozen=True)
class Video:
    """The displayed video stream of the source."""

    stream_index: int
    codec: str
    width: int  # coded pixels, before rotation
    height: int
    pixel_format: str
    frame_rate: Fraction  # average, frames per second; for people and for the encoder's rate control only
    time_base: Fraction  # seconds per tick of every timestamp in the manifest
    colour: Colour  # as decoded; unspecified values already replaced by the guess for this size
    sample_aspect_ratio: Fraction = Fraction(1)
    interlaced: bool = False
    hdr: bool = False  # PQ or HLG transfer
    alpha: bool = False
    display_matrix: tuple[int, ...] = ()  # nine 16.16 numbers of the source, empty when absent


@dataclass(frozen=True)
class Media:
    """What scorers decode: the source itself, or a seekable intermediate whose frame i has timestamp i.

    With `ordinal` True the intermediate's timestamps are frame numbers of the whole video (from 0) and
    `timestamps` of the segments are only used at stitching.
    """

    blob: str  # blob name: the source's, or one under the job's work prefix
    ordinal: bool
    stream_index: int
    colour: Colour  # of the frames in this file


@dataclass(frozen=True)
class Segment:
    """Consecutive frames of the fixed grid; the unit of publishing, resuming and verifying."""

    index: int  # from 0
    first_frame: int  # inclusive, counted over the whole video from 0
    frame_count: int  # >= 1
    seek_pts: int | None = None  # ticks of the random-access point to decode from; None: the beginning


@dataclass(frozen=True)
class EncodeSettings:
    """Every encoder setting that shapes the bytes of a segment."""

    width: int
    height: int
    pixel_format: str  # yuv420p, or yuv444p for odd sizes
    colour: Colour  # tags of the output
    sample_aspect_ratio: Fraction
    time_base: Fraction  # of the encoder: one tick per frame
    crf: int
    codec: str = "libx264"
    preset: str = "superfast"  # a third less CPU than veryfast at the same PSNR, a fifth more bytes
    threads: int = 1
    gop: int = 250  # frames; every segment starts with an IDR frame and is closed


@dataclass(frozen=True)
class Manifest:
    """The plan of one job, written once before any scoring, never changed.

    Presentation times of all displayed frames lie in `timestamps_blob`: little-endian int64, one per frame,
    strictly increasing, in ticks of `video.time_base`.
    """

    job: str
    generation: str  # names the work folder of this manifest; a careful re-split gets another
    media: Media
    video: Video
    encode: EncodeSettings
    frame_count: int
    last_duration: int  # ticks that the last frame is shown
    timestamps_blob: str
    segments: tuple[Segment, ...]
    notes: tuple[str, ...] = ()  # what was normalised or dropped, for the receipt
    origin: Fraction | None = None  # seconds of the source that are time 0 of the output; None before 0.2
    has_audio: bool | None = None  # some audio track is carried over; None before 0.2
    timestamps_sha256: str = ""  # see timestamps_hash; "" in older ones
    version: int = schema(1)
