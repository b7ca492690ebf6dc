"""What is refused for being too much: one place for every budget, checked before any frame is scored."""

from __future__ import annotations

from dataclasses import dataclass

from reelbrush.errors import Refusal


@dataclass(frozen=True)
class Limits:
    """Budgets of one source; every bound is inclusive."""

    max_pixels: int = 7680 * 4320  # per frame
    max_frames: int = 1_500_000  # 6 hours at 69 frames per second
    max_seconds: int = 6 * 3600  # from the first frame's start to the last frame's start
    max_total_pixels: int = 6 * 10**12  # frames x pixels: 6 hours of 3840x2160 at 33 frames per second
    max_pixels_per_byte: int = 50_000  # of the source; a decompression bomb has more than any real film
    bomb_pixels: int = 4 * 10**9  # frames x pixels up to which max_pixels_per_byte is not applied
    max_rate: int = 10_000  # frames per second on average
    max_streams: int = 256
    max_chapters: int = 10_000
    max_text: int = 10_000_000  # characters of all tags, names and titles, and bytes of codecs' parameters

    def check_header(self, streams: int, chapters: int, text: int, frames: int) -> None:
        """Raise Refusal `too-large` for a header that lists more than anybody's film has."""
        for found, most, what in (
            (streams, self.max_streams, "streams"),
            (chapters, self.max_chapters, "chapters"),
            (text, self.max_text, "bytes of tags, titles and codec parameters"),
            (frames, self.max_frames, "frames"),
        ):
            if found > most:
                raise too_large(f"{found} {what}", f"{most} {what}")

    def check_picture(self, width: int, height: int) -> None:
        """Raise Refusal `too-large` when such a frame is over the budget, `no-frames` when it is empty."""
        if width < 1 or height < 1:
            raise Refusal(f"the picture has no area ({width}x{height})", code="no-frames")
        if width * height > self.max_pixels:
            raise too_large(f"{width}x{height} pixels per frame", f"{self.max_pixels} pixels per frame")

    def check_amount(self, frames: int, width: int, height: int, source_bytes: int) -> None:
        """Raise Refusal `too-large` when so many frames from a source of `source_bytes` are over a budget."""
        if frames > self.max_frames:
            raise too_large(f"{frames} frames", f"{self.max_frames} frames")
        total = frames * width * height
        if total > self.max_total_pixels:
            raise too_large(f"{frames} frames of {width}x{height}", f"{self.max_total_pixels} pixels in all")
        if total > self.bomb_pixels and total > self.max_pixels_per_byte * max(1, source_bytes):
            raise too_large(
                f"{frames} frames of {width}x{height} unpacked from {source_bytes} bytes",
                f"{self.max_pixels_per_byte} pixels per byte of the file",
            )

    def check_time(self, frames: int, seconds: float) -> None:
        """Raise Refusal `too-large` for too long a video, `bad-timing` for an impossible frame rate."""
        if seconds > self.max_seconds:
            raise too_large(f"{seconds:.0f} seconds", f"{self.max_seconds} seconds")
        if frames > 2 and (frames - 1) > self.max_rate * seconds:
            raise Refusal(
                f"{frames} frames in {seconds:.6f} seconds is no plausible frame rate",
                code="bad-timing",
                advice="write the video again with its real frame rate",
            )


def too_large(found: str, limit: str) -> Refusal:
    """Say what was found of a source and which limit that breaks."""
    return Refusal(
        f"the video is too large: {found}, the limit is {limit}",
        code="too-large",
        advice="cut or scale the video, or raise the limit",
    )
