"""Opening untrusted media: allow-listed demuxers, no nested opens, no names, reasons a person understands.

FFmpeg's messages stay switched off, as PyAV leaves them: its decoder threads would have to wait for the GIL
to report to Python, and closing a decoder waits for its threads with the GIL held.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

import av
from av.container import InputContainer
from av.error import FFmpegError, InvalidDataError
from av.packet import Packet
from av.stream import Discard, Disposition, Stream
from av.video.stream import VideoStream

from reelbrush.errors import Refusal
from reelbrush.media.sniff import SNIFF_BYTES, foreign_kind, is_encrypted, starts_as_media

Opener = Callable[[], BinaryIO]
"""Every call returns a fresh seekable binary reader of the same blob; the caller closes it."""

_Wanted = Stream | list[Any]  # streams of one container

# No playlist (hls, dash, concat, sdp), no image sequence, no device: nothing that can name another file.
DEMUXERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,mpegts,mpeg,mpegvideo,asf,ogg,gif,apng,ivf,yuv4mpegpipe,h264,"
    "hevc,obu,av1,m4v,h263,vc1,mxf,nut,dv,wtv,rm,swf,mp3,aac,flac,wav,w64,aiff,ac3,caf,ape,wv,amr"
)
MOST_PIXELS = 1 << 27  # per frame; a decoder allocates nothing for a picture that claims more
READ_BUFFER = 1 << 18  # bytes per read of the blob: few round trips to a remote store, little memory
# FFmpeg reads on for frame rates and formats that whoever wants packets alone does not ask for
_PACKETS_ONLY = {"probesize": "4096", "analyzeduration": "0", "fpsprobesize": "0"}


class Reader(Protocol):
    """What FFmpeg needs of a file."""

    def read(self, count: int, /) -> bytes:
        """Return at most `count` bytes from the position on."""
        ...

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a position, as of `io.IOBase`, and return it."""
        ...

    def tell(self) -> int:
        """Return the position."""
        ...


class _Nameless:
    """Hides the name of a reader, so that no name given by a user reaches FFmpeg's probing."""

    def __init__(self, reader: Reader) -> None:
        self.read = reader.read
        self.tell = reader.tell
        self._seek = reader.seek

    def seek(self, offset: int, whence: int = 0) -> int:
        """Return the new position, a negative error for one that no file has: headers send FFmpeg there."""
        try:
            return self._seek(offset, whence)
        except ValueError:
            return -errno.EINVAL
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            return -errno.EINVAL


def open_input(reader: Reader, *, packets_only: bool = False) -> InputContainer:
    """Open media behind `reader` (seekable, at any position), which stays the caller's to close.

    With `packets_only`, for files of our own, nothing is read or decoded to see what the header does not say,
    such as the pixel format.
    Raises Refusal with a stable code: `empty`, `playlist`, `image`, `encrypted`, `not-video`, `unreadable`.
    """
    reader.seek(0)
    head = reader.read(SNIFF_BYTES)
    if not head:
        raise Refusal("the file is empty (0 bytes)", code="empty", advice="upload the video again")
    kind = foreign_kind(head)
    if kind is not None:
        code, what = kind
        raise Refusal(f"the file is not a video but {what}", code=code, advice="upload a video file")
    reader.seek(0)
    try:
        container = av.open(
            cast(Any, _Nameless(reader)),
            "r",
            metadata_errors="replace",
            buffer_size=READ_BUFFER,
            options={"max_pixels": str(MOST_PIXELS), **({"skip_frame": "all"} if packets_only else {})},
            container_options={
                "format_whitelist": DEMUXERS,
                "protocol_whitelist": "none",
                "enable_drefs": "0",
                **(_PACKETS_ONLY if packets_only else {}),
            },
        )
        return cast(InputContainer, container)
    except (FFmpegError, ValueError) as error:
        raise _unreadable(head, error) from None


@contextmanager
def opened(open_media: Opener, *, packets_only: bool = False) -> Generator[InputContainer]:
    """Open media as `open_input` does; container and reader are closed at the end of the block."""
    with open_media() as reader, open_input(reader, packets_only=packets_only) as container:
        yield container


def packets_of(container: InputContainer, streams: _Wanted) -> Iterator[Packet[Any]]:
    """Yield packets as PyAV's `demux` does, from the container's present position to its end.

    Streams that appear on the way (in TS, PS and FLV any packet may bring one) are left out: PyAV, which made
    no list entry for them, may look for one at the end, after all packets of the others. What the other
    streams hold is not read, where the container can do without: it may lie far away.
    """
    wanted = streams if isinstance(streams, list) else [streams]
    indices = {stream.index for stream in wanted}
    for stream in container.streams:
        if stream.index not in indices:
            stream.discard = Discard.all
    with suppress(IndexError):
        yield from container.demux(streams)


def path_opener(path: Path) -> Opener:
    """Return an opener of a file of our own."""
    return lambda: path.open("rb")


def main_video(container: InputContainer) -> VideoStream | None:
    """Return the video stream that a player shows, in FFmpeg's order; never an attached picture."""
    moving = [stream for stream in container.streams.video if not is_picture(stream)]
    if not moving:
        return None
    best = container.streams.best("video")
    return best if isinstance(best, VideoStream) and not is_picture(best) else moving[0]


def seeks_exactly(container: InputContainer) -> bool:
    """Whether the container lists its key frames with their times: the MP4 and Matroska families."""
    return "mp4" in container.format.name or "matroska" in container.format.name


def hides_negative_times(container: InputContainer) -> bool:
    """Whether frames before time zero are pre-roll that an edit list hides, as in the MP4 family."""
    return "mp4" in container.format.name


def is_picture(stream: VideoStream) -> bool:
    """Whether the stream is cover art or a thumbnail: one picture, not video."""
    return bool(stream.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails))


def encrypted() -> Refusal:
    """What is said of a video that cannot be read without its key."""
    return Refusal("the video is encrypted", code="encrypted", advice="upload it without copy protection")


def _unreadable(head: bytes, error: FFmpegError | ValueError) -> Refusal:
    if is_encrypted(head):
        return encrypted()
    if isinstance(error, InvalidDataError) and not starts_as_media(head):
        return Refusal(
            "the file is not a video in any known format", code="not-video", advice="upload a video file"
        )
    reason = error.strerror if isinstance(error, FFmpegError) else str(error)
    return Refusal(
        f"the file cannot be read as a video: it is cut off, damaged or of an unknown format ({reason})",
        code="unreadable",
        advice="check that it plays, and upload it again",
    )
