"""What was normalised, dropped or lost on the way in, in sentences for the receipt."""

from __future__ import annotations

from av.video.format import VideoFormat

from reelbrush.media.colour import BT709
from reelbrush.media.intermediate import Transcript
from reelbrush.media.orient import orientation
from reelbrush.media.probe import FirstLook


def source_notes(look: FirstLook) -> tuple[str, ...]:
    """Return what is done or assumed about every frame besides repainting it."""
    video = look.video
    notes: list[str] = []
    bits = max(part.bits for part in VideoFormat(video.pixel_format, 16, 16).components)
    if video.hdr:
        notes.append(
            "high dynamic range tone-mapped to standard range BT.709 (BT.2390 curve, 1000 to 203 cd/m2)"
        )
    elif bits > 8:
        notes.append(f"{bits}-bit pixels processed with 8 bits")
    if look.untagged:
        standard = "BT.709" if video.colour.matrix == BT709 else "BT.601"
        notes.append(
            f"the video does not name its colour matrix: taken for {standard}, as usual for its size"
        )
    if video.interlaced:
        notes.append("deinterlaced, one frame per frame")
    if video.alpha:
        notes.append("transparency, where there is any, composited on black")
    if not orientation(video.display_matrix).is_upright:
        notes.append("rotation of the display matrix applied to the pixels")
    return tuple(notes)


def loss_notes(reason: str, transcript: Transcript, look: FirstLook) -> tuple[str, ...]:
    """Return why everything was decoded beforehand, and what of the source could not be kept."""
    notes = [f"decoded once into an intermediate: {reason}"]
    if transcript.failures:
        notes.append(f"{transcript.failures} packets of the video did not decode and are left out")
    if transcript.retimed:
        notes.append(f"{transcript.retimed} frames had no usable time and got one after their predecessor")
    if len(look.sizes) > 1:
        notes.append("the picture changes its size on the way: scaled to the size of the first frame")
    return tuple(notes)
