"""The encoder settings of a job, derived from the source and the options alone."""

from __future__ import annotations

from fractions import Fraction

from reelbrush.job.manifest import EncodeSettings, Video
from reelbrush.job.options import Options
from reelbrush.media.colour import output_colour
from reelbrush.media.orient import orientation

LOWEST_RATE, HIGHEST_RATE = 1, 240  # frames per second that the encoder's rate control is told


def encode_settings(video: Video, options: Options) -> EncodeSettings:
    """Return the settings for upright pictures of the coded size; odd sizes need 4:4:4, others are 4:2:0."""
    turn = orientation(video.display_matrix)
    width, height = turn.size(video.width, video.height)
    ratio = video.sample_aspect_ratio
    return EncodeSettings(
        width=width,
        height=height,
        pixel_format="yuv444p" if width % 2 or height % 2 else "yuv420p",
        colour=output_colour(video.colour, video.width, video.height),
        sample_aspect_ratio=1 / ratio if turn.transpose else ratio,
        time_base=Fraction(1, min(HIGHEST_RATE, max(LOWEST_RATE, round(video.frame_rate)))),
        crf=options.crf,
    )
